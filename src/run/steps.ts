import type { Need } from "../book/types.ts";
import { now } from "../clock.ts";
import { HomelabError } from "../errors.ts";
import { headRevision } from "../git/head.ts";
import type { Plan, RunReport, Step, StepReport } from "../plan/types.ts";
import { Semaphore } from "../process/semaphore.ts";
import { newRunId, type RunOrigin, recordRun } from "../store/runs.ts";
import type { Store } from "../store/store.ts";
import type { Failure, Level, StepContext } from "../units/driver.ts";
import type { RunListener } from "./events.ts";
import { type Outcome, schedule } from "./schedule.ts";
import type { StopSwitch } from "./stop.ts";

/** A run without `--timeout` ends a hanging change after this long. */
export const DEFAULT_TIMEOUT_MS = 60 * 60_000;

/** What every run works with. The caller holds the lock of the root. */
export interface RunOptions {
  readonly store: Store;
  readonly listener: RunListener;
  readonly stop: StopSwitch;
  /** Changes at once. */
  readonly jobs: number;
  /** Milliseconds for the whole run. */
  readonly timeout?: number | undefined;
  /** Milliseconds for which an engine that goes away is waited for. */
  readonly dockerWait?: number | undefined;
  /** As typed, for the history. */
  readonly command: string;
  /** Who started it, for the history. */
  readonly caller?: RunOrigin | undefined;
}

export interface StepsRequest {
  readonly plan: Plan;
  /** What each step waits for. */
  readonly needs: ReadonlyMap<string, readonly Need[]>;
  /** When the run began, in monotonic milliseconds. */
  readonly began: number;
  /** How a step stands to what it waits for, in words; default "needs". */
  readonly relation?: string | undefined;
  /** Does one step; a change goes through one of the slots. */
  readonly execute: (step: Step, context: StepContext, slots: Semaphore) => Promise<Outcome>;
}

/** Runs the steps of a plan. Whatever goes wrong inside of one becomes its outcome, so that the others go on. */
export async function runSteps(
  { listener, stop, jobs, timeout = DEFAULT_TIMEOUT_MS }: RunOptions,
  { plan, needs, began, execute, relation }: StepsRequest,
): Promise<StepReport[]> {
  const remaining = () => Math.max(0, timeout - (now() - began));
  const timer = setTimeout(() => stop.press("timeout"), remaining());
  const slots = new Semaphore(jobs);
  const awaited = new Set(
    [...needs.values()].flatMap((each) =>
      each.filter((need) => need.when === "completed").map((need) => need.name),
    ),
  );
  const guarded = async (step: Step, opened: (level: Level) => void): Promise<Outcome> => {
    const context: StepContext = {
      progress: (phase, note) => listener.progress(step, phase, note),
      opened,
      mustComplete: awaited.has(step.id),
      stop: stop.stop,
      abort: stop.abort,
      remaining,
    };
    try {
      return await execute(step, context, slots);
    } catch (error) {
      if (!(error instanceof HomelabError)) throw error;
      if (error.code !== "interrupted" && error.code !== "timeout") return problemOutcome(error);
      const reason = { code: error.code, text: error.message };
      return failed({ ok: false, reason, detail: error.message, hint: error.hint }, stop, context);
    }
  };
  listener.started(plan);
  try {
    return await schedule({
      plan,
      needs,
      execute: guarded,
      stop: stop.stop,
      relation,
      finished: (step, report) => listener.finished(step, report),
    });
  } finally {
    clearTimeout(timer);
  }
}

/** What steps wait for, and are not begun without. */
export const hardNeeds = (
  steps: readonly (readonly [id: string, needs: readonly string[]])[],
): Map<string, Need[]> =>
  new Map(steps.map(([id, needs]) => [id, needs.map((name) => ({ name, when: "healthy" }))]));

/** The outcome of a step whose driver says that it failed. */
export function failed(failure: Failure, stop: StopSwitch, { remaining }: StepContext): Outcome {
  const { reason, detail, hint, log, stands } = failure;
  const early = reason.code === "interrupted" || reason.code === "timeout";
  if (early && (stop.cause === "timeout" || remaining() <= 0)) {
    return { result: "timed-out", reason: { code: "timeout", text: `out of time: ${detail}` }, detail, hint };
  }
  if (reason.code === "interrupted") return { result: "cancelled", reason, detail };
  return { result: "failed", reason, detail, hint, log, stands };
}

export const problemOutcome = (problem: HomelabError): Outcome => ({
  result: "failed",
  reason: { code: problem.code, text: problem.message },
  detail: problem.message,
  hint: problem.hint,
});

/** The outcome of a step of which nothing had to be done. */
export const settledOutcome = (step: Step): Outcome => ({
  result: step.action === "held" ? "held" : "unchanged",
  reason: step.reason,
  detail: step.reason.text,
});

export const settledReport = (step: Step): StepReport => ({
  id: step.id,
  kind: step.kind,
  ...settledOutcome(step),
  action: step.action,
  durationMs: 0,
});

/** Sums up a run, records it in the history, and tells the listener of its end. */
export function conclude(
  { store, stop, command, caller, listener }: RunOptions,
  root: string,
  steps: readonly StepReport[],
  times: { readonly at: number; readonly began: number },
): RunReport {
  const report = summarize(newRunId(times.at), steps, stop, now() - times.began);
  // Of runs without a change, which have to be fast, nobody asks.
  const origin =
    caller && report.outcome !== "unchanged" ? { ...caller, revision: headRevision(root) } : undefined;
  recordRun(store, root, { id: report.run, at: times.at, command, report, origin });
  listener.ended(report);
  return report;
}

function summarize(
  run: string,
  steps: readonly StepReport[],
  stop: StopSwitch,
  durationMs: number,
): RunReport {
  const count = (...results: StepReport["result"][]) =>
    steps.filter((step) => results.includes(step.result)).length;
  const changed = count("changed");
  const failures = count("failed", "timed-out");
  const interrupted = stop.cause !== undefined && stop.cause !== "timeout" && count("cancelled") > 0;
  const bad = failures + count("blocked", "cancelled") > 0;
  const outcome = interrupted ? "interrupted" : bad ? "failed" : changed > 0 ? "changed" : "unchanged";
  return { run, outcome, steps, changed, failed: failures, durationMs: Math.round(durationMs) };
}
