import type { Phase, Plan, Result, Step } from "../plan/types.ts";
import { formatElapsed } from "./duration.ts";
import { printable, type Style, truncate } from "./style.ts";
import type { Symbols } from "./symbols.ts";

/** What a step is doing, and since when (same clock as the frame's `now`, in milliseconds). */
export interface Running {
  readonly phase: Phase;
  readonly note: string;
  readonly since: number;
}

/** All that a frame shows. The listener changes it; drawing only reads it. */
export interface TreeState {
  readonly plan: Plan;
  readonly startedAt: number;
  readonly running: ReadonlyMap<string, Running>;
  readonly finished: ReadonlyMap<string, Result>;
}

export interface Look {
  readonly style: Style;
  readonly symbols: Symbols;
}

const SPINNER_MS = 100;
const NAMED_NEEDS = 2;
/** Left free below the frame, so that neither the cursor's line nor a prompt scrolls the frame away. */
const SPARE_ROWS = 2;

/** The unfinished part of a run's graph as lines, none longer than `columns - 1`, the status line last. */
export function frame(state: TreeState, columns: number, rows: number, now: number, look: Look): string[] {
  const unfinished = state.plan.steps.filter((step) => !state.finished.has(step.id));
  const parents = parentsOf(unfinished);
  const room = Math.max(1, rows - SPARE_ROWS) - 1;
  const kept = unfinished.length <= room ? unfinished : mostTelling(unfinished, parents, state, room - 1);
  const lines = room > 0 ? treeLines(kept, parents, (step) => describe(step, state, now, look), look) : [];
  if (kept.length < unfinished.length && room > 0) lines.push(omitted(unfinished, kept, state, look));
  lines.push(statusLine(state, unfinished, now, look));
  return lines.map((line) => truncate(line, columns - 1, look.symbols.ellipsis));
}

/**
 * The one unfinished dependent under which each step is shown: the lowest in the tree, of those the last.
 * `steps` are in the plan's order, needs before dependents.
 */
function parentsOf(steps: readonly Step[]): Map<string, string> {
  const depth = new Map(steps.map((step) => [step.id, 0]));
  const parents = new Map<string, string>();
  for (const dependent of steps.toReversed()) {
    const below = (depth.get(dependent.id) ?? 0) + 1;
    for (const need of dependent.needs) {
      const found = depth.get(need);
      if (found === undefined || found >= below) continue;
      depth.set(need, below);
      parents.set(need, dependent.id);
    }
  }
  return parents;
}

/** The steps worth a line when there is not room for all: what runs, what waits above it, then what comes soonest. */
function mostTelling(
  steps: readonly Step[],
  parents: ReadonlyMap<string, string>,
  state: TreeState,
  room: number,
): Step[] {
  const aboveRunning = new Set<string>();
  for (const id of state.running.keys()) {
    let above = parents.get(id);
    while (above !== undefined && !aboveRunning.has(above)) {
      aboveRunning.add(above);
      above = parents.get(above);
    }
  }
  const rank = (step: Step) => (state.running.has(step.id) ? 0 : aboveRunning.has(step.id) ? 1 : 2);
  const best = new Set(steps.toSorted((a, b) => rank(a) - rank(b)).slice(0, Math.max(0, room)));
  return steps.filter((step) => best.has(step));
}

function treeLines(
  kept: readonly Step[],
  parents: ReadonlyMap<string, string>,
  text: (step: Step) => string,
  { style: s, symbols }: Look,
): string[] {
  const shown = new Set(kept.map((step) => step.id));
  const children = new Map<string | undefined, Step[]>();
  for (const step of kept) {
    let parent = parents.get(step.id);
    while (parent !== undefined && !shown.has(parent)) parent = parents.get(parent);
    children.set(parent, [...(children.get(parent) ?? []), step]);
  }
  const lines: string[] = [];
  const draw = (step: Step, head: string, tail: string) => {
    lines.push(s.dim(head) + text(step));
    const below = children.get(step.id) ?? [];
    below.forEach((child, index) => {
      const last = index === below.length - 1;
      draw(
        child,
        tail + (last ? symbols.lastBranch : symbols.branch),
        tail + (last ? symbols.noTrunk : symbols.trunk),
      );
    });
  };
  for (const root of children.get(undefined) ?? []) draw(root, "", "");
  return lines;
}

function describe(step: Step, state: TreeState, now: number, { style: s, symbols }: Look): string {
  const running = state.running.get(step.id);
  const name = printable(step.id);
  if (!running) return s.dim(`${symbols.waiting} ${name}  ${waitsFor(step, state)}`);
  const spin =
    symbols.spinner[Math.floor((now - state.startedAt) / SPINNER_MS) % symbols.spinner.length] ?? "";
  const paint = running.phase === "changing" ? s.yellow : s.cyan;
  const note = printable(running.note) || running.phase;
  return `${paint(spin)} ${s.bold(name)}  ${note}  ${s.dim(formatElapsed(now - running.since))}`;
}

/** `waits for tdarr, profilarr +3`. */
function waitsFor(step: Step, state: TreeState): string {
  const open = step.needs.filter((need) => !state.finished.has(need));
  if (open.length === 0) return "waits for its turn";
  const more = open.length > NAMED_NEEDS ? ` +${open.length - NAMED_NEEDS}` : "";
  return `waits for ${open.slice(0, NAMED_NEEDS).map(printable).join(", ")}${more}`;
}

function omitted(all: readonly Step[], kept: readonly Step[], state: TreeState, look: Look): string {
  const runs = (steps: readonly Step[]) => steps.filter((step) => state.running.has(step.id)).length;
  const running = runs(all) - runs(kept);
  const waiting = all.length - kept.length - running;
  const parts = [
    ...(running > 0 ? [`${running} more running`] : []),
    ...(waiting > 0 ? [`${waiting} more waiting`] : []),
  ];
  return look.style.dim(`${look.symbols.ellipsis} ${parts.join(", ")}`);
}

function statusLine(state: TreeState, unfinished: readonly Step[], now: number, look: Look): string {
  const { style: s, symbols } = look;
  const counts = new Map<string, number>();
  for (const result of state.finished.values()) {
    const word = result === "changed" || result === "unchanged" ? "ready" : result.replace("-", " ");
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const count = (word: string, paint: (text: string) => string) => {
    const number = counts.get(word) ?? 0;
    return number > 0 ? [paint(`${number} ${word}`)] : [];
  };
  const running = unfinished.filter((step) => state.running.has(step.id)).length;
  counts.set("running", running).set("waiting", unfinished.length - running);
  const parts = [
    ...count("ready", s.green),
    ...count("failed", s.red),
    ...count("timed out", s.red),
    ...count("blocked", s.yellow),
    ...count("cancelled", s.yellow),
    ...count("held", String),
    ...count("running", String),
    ...count("waiting", String),
    formatElapsed(now - state.startedAt),
  ];
  return `${s.bold(symbols.summary)} ${parts.join(symbols.separator)}`;
}
