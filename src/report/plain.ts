import type { Phase, Plan, RunReport, Step, StepReport } from "../plan/types.ts";
import type { RunListener } from "../run/events.ts";
import type { Level } from "./journal.ts";
import { printable, type Style } from "./style.ts";
import { aftermath, ending, plainSummary, quietSummary, warningLines, wentWrong } from "./wording.ts";

export interface PlainOptions {
  /** Takes whole lines, each ended by a newline, and how much they matter. */
  readonly write: (text: string, level: Level) => void;
  /** Also what was left as it is, what is being done, and why. */
  readonly verbose: boolean;
  /** Only what went wrong. */
  readonly quiet?: boolean | undefined;
  readonly style: Style;
}

/** Reports a run as lines for a log file or a mail: nothing at all when nothing was changed and nothing failed. */
export function plainListener(options: PlainOptions): RunListener {
  const { write, verbose, quiet, style: s } = options;
  /** Last note per step: a repeated one is not news. */
  const noted = new Map<string, string>();
  return {
    started(plan: Plan) {
      if (verbose)
        write(`${plan.steps.length} ${plan.steps.length === 1 ? "step" : "steps"} planned\n`, "debug");
    },
    progress(step: Step, phase: Phase, note: string) {
      const text = printable(note) || phase;
      if (!verbose || noted.get(step.id) === text) return;
      noted.set(step.id, text);
      write(`${step.id}: ${s.dim(text)}\n`, "debug");
    },
    finished(_step: Step, report: StepReport) {
      const untouched = report.result === "unchanged" || report.result === "held";
      // Which phases of a host do not begin any more goes without saying; what they are for is told of.
      const phase = report.result === "blocked" && report.id.includes(" ");
      const silent = ((untouched || phase) && !verbose) || (quiet && report.result === "changed");
      if (!silent) write(finishedText(report, verbose, s), levelOf(report));
      for (const line of warningLines(report, s)) write(`${line}\n`, "warning");
    },
    message(text: string) {
      if (!quiet) write(`${printable(text)}\n`, "info");
    },
    ended(report: RunReport) {
      const notable =
        (report.outcome !== "unchanged" && !(quiet && report.outcome === "changed")) ||
        report.steps.some((step) => step.result === "blocked");
      const bad = report.outcome === "failed" || report.outcome === "interrupted";
      if (notable) write(`${plainSummary(report)}\n`, bad ? "error" : "notice");
      else if (verbose) write(`${quietSummary(report)}\n`, "info");
      // In a mail of cron's this is what one goes on with.
      if (bad) write(`details: homelab report ${report.run}\n`, "info");
    },
  };
}

function levelOf(report: StepReport): Level {
  if (wentWrong(report)) return "error";
  if (report.result === "blocked" || report.result === "cancelled") return "warning";
  return report.result === "changed" ? "notice" : "info";
}

function finishedText(report: StepReport, verbose: boolean, s: Style): string {
  const paint = wentWrong(report) ? s.red : report.result === "blocked" ? s.yellow : String;
  // That something new was made needs no reason; that something running was touched does.
  const succeeded = report.result === "changed" || report.result === "unchanged";
  const told = (verbose && succeeded) || (report.result === "changed" && report.action !== "create");
  const why =
    told && report.reason.text !== "" && report.reason.code !== "up-to-date"
      ? s.dim(` (${printable(report.reason.text)})`)
      : "";
  return `${report.id}: ${paint(ending(report))}${why}\n${aftermath(report, s)}`;
}
