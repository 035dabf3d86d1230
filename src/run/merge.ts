import type { Action, StepReport } from "../plan/types.ts";
import { isGood } from "./schedule.ts";

/** How far a step was when the engine went away: in hand, or not yet begun. */
export type Loss = "begun" | "waiting";

/** What became of a step so far. With a loss its report is no end: another round is to say that. */
export interface Seen {
  readonly report: StepReport;
  readonly loss?: Loss | undefined;
}

const UNTOUCHED: ReadonlySet<Action> = new Set<Action>(["none", "adopt", "held", "blocked"]);

/**
 * One report of a step that two rounds of a run had in hand: how it ended is for the second to say, and what was done
 * to it is what both did.
 */
export function mergeReports({ report: first, loss }: Seen, second: StepReport): StepReport {
  const { action, reason } = first;
  const durationMs = first.durationMs + second.durationMs;
  // What was in hand and needs nothing any more has been done.
  const didFirst = first.result === "changed" || (loss === "begun" && !UNTOUCHED.has(action));
  if (!didFirst || !isGood(second.result)) return { ...second, durationMs };
  if (second.result === "unchanged") return { ...second, result: "changed", action, reason, durationMs };
  if (loss !== undefined && second.action === action) return { ...second, durationMs };
  const text = `${reason.text}; then, after Docker went away: ${second.reason.text}`;
  return { ...second, action, reason: { code: reason.code, text }, durationMs };
}

/** The same for a step that the engine took away a second time: what was done to it counts on. */
export function mergeLoss(first: Seen | undefined, report: StepReport, loss: Loss): Seen {
  if (!first) return { report, loss };
  const durationMs = first.report.durationMs + report.durationMs;
  const touched = first.loss === "begun" || loss === "begun" || first.report.result === "changed";
  return { report: { ...first.report, durationMs }, loss: touched ? "begun" : "waiting" };
}
