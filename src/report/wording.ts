import type { Action, RunReport, StepReport } from "../plan/types.ts";
import { formatDuration } from "./duration.ts";
import { printable, printableLog, type Style } from "./style.ts";

/** What a step whose action succeeded is said to be, in the order in which a summary names them. */
export const DONE: Readonly<Record<Action, string>> = {
  create: "created",
  start: "started",
  update: "updated",
  recreate: "recreated",
  restart: "restarted",
  repair: "repaired",
  run: "ran",
  activate: "activated",
  stop: "stopped",
  rollback: "rolled back",
  pull: "pulled",
  remove: "removed",
  adopt: "adopted",
  none: "ready",
  held: "held",
  blocked: "blocked",
};

/** What makes nothing ready. */
const NOT_FOR_READY: ReadonlySet<Action> = new Set<Action>(["stop", "pull", "remove", "run", "activate"]);

/** Whether a step needs somebody's attention by itself, rather than because of another step. */
export function wentWrong(report: StepReport): boolean {
  return report.result === "failed" || report.result === "timed-out";
}

const after = (report: StepReport): string =>
  report.durationMs >= 1 ? ` after ${formatDuration(report.durationMs)}` : "";

function what(report: StepReport): string {
  switch (report.result) {
    case "changed":
      return `${DONE[report.action]} in ${formatDuration(report.durationMs)}`;
    case "unchanged":
      return NOT_FOR_READY.has(report.action) ? "unchanged" : DONE[report.action];
    case "failed":
      return `failed${after(report)}`;
    case "timed-out":
      return `timed out${after(report)}`;
    case "cancelled":
      // One that was not begun only waited.
      return `cancelled${report.reason.code === "other-failed" ? "" : after(report)}`;
    case "blocked":
    case "held":
      return report.result;
  }
}

/** How a step ended, as one clause: `created in 1.2 s`, `failed after 31 s: port 80 is taken`. */
export function ending(report: StepReport): string {
  const succeeded = report.result === "changed" || report.result === "unchanged";
  const detail = succeeded ? "" : printable(report.detail);
  return what(report) + (detail === "" ? "" : `: ${detail}`);
}

/** What a failed step said last, and what to do next; each line ends with a newline. */
export function aftermath(report: StepReport, s: Style): string {
  const log = (report.log ?? []).map((line) => `${s.dim("  |")} ${printableLog(line)}`.trimEnd());
  const hint = report.hint === undefined ? [] : [`  ${s.green("hint:")} ${printable(report.hint)}`];
  return [...log, ...hint].map((line) => `${line}\n`).join("");
}

/** Steps of a report by what somebody who reads it asks first; parts without steps are left out. */
export function chapters({ steps }: RunReport): (readonly [title: string, steps: readonly StepReport[]])[] {
  const parts: readonly [string, (step: StepReport) => boolean][] = [
    ["failed", wentWrong],
    ["blocked", ({ result }) => result === "blocked"],
    ["cancelled", ({ result }) => result === "cancelled"],
    ["held", ({ result }) => result === "held"],
    ["changed", ({ result }) => result === "changed"],
    ["adopted", ({ result, action }) => result === "unchanged" && action === "adopt"],
  ];
  return parts
    .map(([title, belongs]) => [title, steps.filter(belongs)] as const)
    .filter(([, of]) => of.length > 0);
}

/** Names of the steps that were as they should be before, and were left alone; not what only looks at a host. */
export const leftAlone = ({ steps }: RunReport): string[] =>
  steps
    .filter(
      ({ result, action, kind }) =>
        result === "unchanged" && action !== "adopt" && !(kind === "host" && action === "run"),
    )
    .map(({ id }) => id);

/** What is no reason to stop, and better known, with what it was found by. */
export const warnings = ({ steps }: RunReport): string[] => steps.flatMap(warningsOf);

const warningsOf = ({ id, warnings = [] }: StepReport): string[] =>
  warnings.map((text) => `${id}: ${printable(text)}`);

/** The same of one step, for somebody who watches. */
export const warningLines = (report: StepReport, s: Style): string[] =>
  warningsOf(report).map((text) => `${s.yellow("warning:")} ${text}`);

/** Why a step was in a run: for one that failed the short word for what went wrong, because its detail has it all. */
export function because(step: StepReport): string {
  if (wentWrong(step)) return [...(step.action === "none" ? [] : [step.action]), step.reason.code].join(": ");
  return step.result === "changed" || step.result === "unchanged" ? printable(step.reason.text) : "";
}

/** `2 failed`; nothing for none. */
const some = (count: number, word: string): string[] => (count > 0 ? [`${count} ${word}`] : []);

function resultCounts(report: RunReport) {
  const count = (result: StepReport["result"]) =>
    report.steps.filter((step) => step.result === result).length;
  return {
    ready: good(report),
    changed: count("changed"),
    wrong: [...some(count("failed"), "failed"), ...some(count("timed-out"), "timed out")],
    stopped: [...some(count("blocked"), "blocked"), ...some(count("cancelled"), "cancelled")],
    held: heldOnes(report),
  };
}

/** `1 held (plex)`: whoever stopped it may have forgotten. */
function heldOnes({ steps }: RunReport): string[] {
  const names = steps.filter((step) => step.result === "held").map((step) => step.id);
  if (names.length === 0) return [];
  const shown = names.length <= 3 ? names : [...names.slice(0, 2), `${names.length - 2} more`];
  return [`${names.length} held (${shown.join(", ")})`];
}

/** `9 created, 1 adopted`: what was done to the steps that are ready now. To adopt changes nothing, and is told. */
function deeds({ steps }: RunReport): string {
  const done = steps.filter(
    ({ result, action }) => result === "changed" || (result === "unchanged" && action === "adopt"),
  );
  const notable = (Object.keys(DONE) as Action[]).filter((action) => action !== "none");
  const words = notable.flatMap((action) =>
    some(done.filter((step) => step.action === action).length, DONE[action]),
  );
  return words.join(", ");
}

const makesReady = ({ steps }: RunReport): boolean =>
  steps.length === 0 || steps.some(({ action }) => !NOT_FOR_READY.has(action));

/** `7 ready`; for a run that makes nothing ready `2 pulled, 5 unchanged`. */
function good(report: RunReport): string[] {
  const { steps } = report;
  if (makesReady(report)) {
    const ready = steps.filter(
      ({ result, action }) => (result === "unchanged" || result === "changed") && !NOT_FOR_READY.has(action),
    );
    return some(ready.length, "ready");
  }
  const unchanged = steps.filter(({ result }) => result === "unchanged").length;
  return [deeds(report), ...some(unchanged, "unchanged")].filter((part) => part !== "");
}

/** `3 changed, 1 failed, 2 blocked in 12.4 s`: a run for a log file. */
export function plainSummary(report: RunReport): string {
  const { changed, wrong, stopped, ready, held } = resultCounts(report);
  const took = formatDuration(report.durationMs);
  const parts = [...some(changed, "changed"), ...wrong, ...stopped, ...held];
  if (parts.length === held.length) parts.unshift(...ready);
  const interrupted = report.outcome === "interrupted" ? "interrupted: " : "";
  return `${interrupted}${parts.length > 0 ? parts.join(", ") : "nothing done"} in ${took}`;
}

/** `nothing to do`, with how many are ready. */
export function quietSummary(report: RunReport): string {
  const { ready, held } = resultCounts(report);
  return `${[...ready, ...held, "nothing to do"].join(", ")} (${formatDuration(report.durationMs)})`;
}

/** A run for the person who watched it: `10 ready: 9 created, 1 adopted in 8.4 s`. */
export function watchedSummary(report: RunReport): string {
  const { ready, wrong, stopped, held } = resultCounts(report);
  const took = formatDuration(report.durationMs);
  if (report.outcome === "interrupted") {
    const parts = [...ready, ...wrong, ...stopped, ...held];
    return `interrupted${parts.length > 0 ? `: ${parts.join(", ")}` : ""} after ${took}`;
  }
  if (wrong.length + stopped.length > 0 || report.outcome === "failed") {
    const parts = [...wrong, ...stopped, ...ready, ...held];
    return `${parts.length > 0 ? parts.join(", ") : "failed"} in ${took}`;
  }
  if (!makesReady(report)) return `${[...ready, ...held].join(", ")} in ${took}`;
  const done = deeds(report);
  return done === "" ? quietSummary(report) : `${[...ready, ...held].join(", ")}: ${done} in ${took}`;
}
