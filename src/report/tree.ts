import type { Phase, Plan, Result, RunReport, Step, StepReport } from "../plan/types.ts";
import type { RunListener } from "../run/events.ts";
import { frame, type Look, type Running } from "./frame.ts";
import { printable, type Style, truncate, visibleWidth } from "./style.ts";
import type { Symbols } from "./symbols.ts";
import { aftermath, ending, warningLines, watchedSummary, wentWrong } from "./wording.ts";

export interface TerminalOptions {
  /** Takes one frame at a time. */
  readonly write: (text: string) => void;
  /** The terminal's size now; 0 when it does not say. */
  readonly columns: () => number;
  readonly rows: () => number;
  readonly style: Style;
  readonly symbols: Symbols;
  /** Also name what was left as it is. */
  readonly verbose: boolean;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Calls back once after some milliseconds; the result takes the call back. Default: a timer of the event loop. */
  readonly setTimer?: ((callback: () => void, milliseconds: number) => () => void) | undefined;
}

/** A listener that owns the bottom of the terminal until `dispose`, which may be called at any time and repeatedly. */
export interface TerminalListener extends RunListener {
  /** Takes the tree off the screen and gives the cursor back. */
  dispose(): void;
}

// A run that has nothing to do is over by then, and the tree does not flash up.
const FIRST_FRAME_MS = 120;
const FRAME_MS = 100;

const BEGIN_UPDATE = "\x1b[?2026h";
const END_UPDATE = "\x1b[?2026l";
const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
const CLEAR_LINE_REST = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

function eventLoopTimer(callback: () => void, milliseconds: number): () => void {
  const timer = setTimeout(callback, milliseconds);
  return () => clearTimeout(timer);
}

/** Shows a run as a live tree of what is unfinished; what is finished scrolls up above it. */
export function terminalListener(options: TerminalOptions): TerminalListener {
  const { style: s, symbols, verbose, now } = options;
  const setTimer = options.setTimer ?? eventLoopTimer;
  const look: Look = { style: s, symbols };
  const screen = liveArea(options);
  const running = new Map<string, Running>();
  const finished = new Map<string, Result>();
  /** Finished lines that no frame has shown yet. */
  let above: string[] = [];
  let plan: Plan | undefined;
  let startedAt = now();
  let cancelTimer = () => {};

  const draw = () => {
    if (!plan) return;
    const state = { plan, startedAt, running, finished };
    screen.show(above, frame(state, screen.columns(), screen.rows(), now(), look));
    above = [];
    cancelTimer = setTimer(draw, FRAME_MS);
  };
  const dispose = () => {
    cancelTimer();
    plan = undefined;
    screen.leave(above);
    above = [];
  };

  return {
    started(whole: Plan) {
      plan = whole;
      startedAt = now();
      cancelTimer();
      cancelTimer = setTimer(draw, FIRST_FRAME_MS);
    },
    progress(step: Step, phase: Phase, note: string) {
      running.set(step.id, { phase, note, since: running.get(step.id)?.since ?? now() });
    },
    finished(step: Step, report: StepReport) {
      running.delete(step.id);
      finished.set(step.id, report.result);
      const untouched = report.result === "unchanged" || report.result === "held";
      if (verbose || !untouched) above.push(finishedLine(report, look));
      // Nothing of a warning may be cut off.
      for (const line of warningLines(report, s))
        above.push(...Bun.wrapAnsi(line, screen.columns() - 1, { hard: true }).split("\n"));
    },
    message(text: string) {
      above.push(printable(text));
    },
    ended(report: RunReport) {
      dispose();
      options.write(endText(report, look));
    },
    dispose,
  };
}

/** Rewrites the same lines at the bottom of a terminal, one write a frame. The cursor rests on the line below them. */
function liveArea(options: TerminalOptions) {
  let drawn: string[] = [];
  let hidden = false;
  const columns = () => options.columns() || 80;
  const rows = () => options.rows() || 24;
  // Terminals wrap what is on the screen anew when they get narrower, so a line may have become several.
  const drawnRows = () => {
    const total = drawn.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(visibleWidth(line) / columns())),
      0,
    );
    return Math.min(total, rows() - 1);
  };
  const fit = (line: string) => truncate(line, columns() - 1, options.symbols.ellipsis);
  const replace = (above: readonly string[], lines: readonly string[]): string => {
    const up = drawnRows();
    const text = [...above.map(fit), ...lines].map((line) => `${line}${CLEAR_LINE_REST}\n`).join("");
    drawn = [...lines];
    return `\r${up > 0 ? `\x1b[${up}A` : ""}${text}${CLEAR_BELOW}`;
  };
  return {
    columns,
    rows,
    show(above: readonly string[], lines: readonly string[]) {
      const hide = hidden ? "" : HIDE_CURSOR;
      hidden = true;
      options.write(BEGIN_UPDATE + hide + replace(above, lines) + END_UPDATE);
    },
    leave(above: readonly string[]) {
      if (hidden) options.write(BEGIN_UPDATE + replace(above, []) + SHOW_CURSOR + END_UPDATE);
      else if (above.length > 0) options.write(above.map((line) => `${fit(line)}\n`).join(""));
      hidden = false;
    },
  };
}

function finishedLine(report: StepReport, { style: s, symbols }: Look): string {
  const [symbol, paint] = wentWrong(report)
    ? [symbols.failed, s.red]
    : report.result === "changed" || report.result === "unchanged"
      ? [symbols.ok, s.green]
      : [symbols.blocked, s.yellow];
  const succeeded = report.result === "changed" || report.result === "unchanged";
  const why = succeeded && report.reason.text !== "" ? `  ${s.dim(printable(report.reason.text))}` : "";
  return `${paint(symbol)} ${s.bold(report.id)}  ${ending(report)}${why}`;
}

function endText(report: RunReport, look: Look): string {
  const { style: s, symbols } = look;
  const bad = report.outcome === "failed" || report.outcome === "interrupted";
  const mark = bad ? s.red(symbols.failed) : s.green(symbols.ok);
  const failures = report.steps.filter(wentWrong).map((step) => {
    const head = `${s.red(symbols.failed)} ${s.bold(step.id)}  ${ending(step)}`;
    return `\n${head}\n${aftermath(step, s)}`;
  });
  return `${mark} ${watchedSummary(report)}\n${failures.join("")}`;
}
