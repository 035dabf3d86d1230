import { delay, now } from "../clock.ts";
import { HomelabError } from "../errors.ts";
import { makePlan, type PlanRequest, type PlanResult } from "../plan/make.ts";
import type { RunReport, Step, StepReport } from "../plan/types.ts";
import { clearIntent, leftIntents } from "../store/intents.ts";
import { newRunId, recordRun } from "../store/runs.ts";
import type { Store } from "../store/store.ts";
import type { Failure, Level, StepContext } from "../units/driver.ts";
import type { RunListener } from "./events.ts";
import { type Outcome, schedule } from "./schedule.ts";
import { Semaphore } from "./semaphore.ts";
import type { StopSwitch } from "./stop.ts";

/** A run without `--timeout` ends a hanging change after this long. */
const DEFAULT_TIMEOUT_MS = 60 * 60_000;
/** Between two looks at a process that an earlier run left behind. */
const LEFT_POLL_MS = 100;

export interface EnsureRequest extends PlanRequest {
  readonly store: Store;
  readonly listener: RunListener;
  readonly stop: StopSwitch;
  /** Changes at once. */
  readonly jobs: number;
  /** Milliseconds for the whole run. */
  readonly timeout?: number | undefined;
  /** As typed, for the history. */
  readonly command: string;
}

/** Brings the targets and all that they need to ready. The caller holds the lock of the root. */
export async function ensure(request: EnsureRequest): Promise<RunReport> {
  const began = now();
  const at = Date.now();
  await waitForLeftovers(request);
  const planned = await makePlan(request);
  const open = planned.plan.steps.filter((step) => !planned.decided.get(step.id)?.settled);
  const steps =
    open.length === 0 ? planned.plan.steps.map(settledReport) : await runSteps(request, planned, began);
  const report = conclude(newRunId(at), steps, request, now() - began);
  recordRun(request.store, request.book.root, { id: report.run, at, command: request.command, report });
  request.listener.ended(report);
  return report;
}

async function runSteps(request: EnsureRequest, planned: PlanResult, began: number): Promise<StepReport[]> {
  const { listener, stop, drivers } = request;
  const { plan, decided } = planned;
  const kinds = new Set(plan.steps.filter((step) => step.effect !== "read").map((step) => step.kind));
  for (const kind of kinds) await drivers.get(kind)?.prepare();
  const limit = request.timeout ?? DEFAULT_TIMEOUT_MS;
  const remaining = () => Math.max(0, limit - (now() - began));
  const timer = setTimeout(() => stop.press("timeout"), remaining());
  const slots = new Semaphore(request.jobs);
  const awaited = new Set(
    plan.steps.flatMap((step) =>
      (request.book.recipes.get(step.id)?.needs ?? [])
        .filter((need) => need.when === "completed")
        .map((need) => need.name),
    ),
  );
  listener.started(plan);
  const execute = (step: Step, opened: (level: Level) => void): Promise<Outcome> => {
    const own = decided.get(step.id);
    if (own?.settled) {
      opened("healthy");
      return Promise.resolve(settledOutcome(step));
    }
    if (own?.problem) return Promise.resolve(problemOutcome(own.problem));
    const context: StepContext = {
      progress: (phase, note) => listener.progress(step, phase, note),
      opened,
      mustComplete: awaited.has(step.id),
      stop: stop.stop,
      abort: stop.abort,
      remaining,
    };
    return executeStep(step, request, context, slots);
  };
  try {
    return await schedule({
      plan,
      needs: new Map(plan.steps.map((step) => [step.id, request.book.recipes.get(step.id)?.needs ?? []])),
      execute,
      stop: stop.stop,
      finished: (step, report) => listener.finished(step, report),
    });
  } finally {
    clearTimeout(timer);
  }
}

/** Change, then verify. Whatever goes wrong inside becomes the step's outcome, so that the others go on. */
async function executeStep(
  step: Step,
  { drivers, stop }: EnsureRequest,
  context: StepContext,
  slots: Semaphore,
): Promise<Outcome> {
  const driver = drivers.get(step.kind);
  if (!driver) throw new Error(`no driver for ${step.kind}`);
  try {
    const applied = await slots.use(() => driver.apply(step.id, context));
    if (!applied.ok) return failed(applied, stop, context);
    const verified = await driver.verify(step.id, context);
    if (!verified.ok) return failed(verified, stop, context);
    return {
      result: applied.changed ? "changed" : "unchanged",
      reason: step.reason,
      detail: verified.detail,
    };
  } catch (error) {
    if (!(error instanceof HomelabError)) throw error;
    return problemOutcome(error);
  }
}

function failed(failure: Failure, stop: StopSwitch, { remaining }: StepContext): Outcome {
  const { reason, detail, hint, log } = failure;
  const early = reason.code === "interrupted" || reason.code === "timeout";
  if (early && (stop.cause === "timeout" || remaining() <= 0)) {
    return { result: "timed-out", reason: { code: "timeout", text: `out of time: ${detail}` }, detail };
  }
  if (reason.code === "interrupted") return { result: "cancelled", reason, detail };
  return { result: "failed", reason, detail, hint, log };
}

const problemOutcome = (problem: HomelabError): Outcome => ({
  result: "failed",
  reason: { code: problem.code, text: problem.message },
  detail: problem.message,
  hint: problem.hint,
});

const settledOutcome = (step: Step): Outcome => ({
  result: "unchanged",
  reason: step.reason,
  detail: step.reason.text,
});

const settledReport = (step: Step): StepReport => ({
  id: step.id,
  kind: step.kind,
  action: step.action,
  ...settledOutcome(step),
  durationMs: 0,
});

function conclude(run: string, steps: StepReport[], { stop }: EnsureRequest, durationMs: number): RunReport {
  const count = (...results: StepReport["result"][]) =>
    steps.filter((step) => results.includes(step.result)).length;
  const changed = count("changed");
  const failures = count("failed", "timed-out");
  const interrupted = stop.cause !== undefined && stop.cause !== "timeout" && count("cancelled") > 0;
  const bad = failures + count("blocked", "cancelled") > 0;
  const outcome = interrupted ? "interrupted" : bad ? "failed" : changed > 0 ? "changed" : "unchanged";
  return { run, outcome, steps, changed, failed: failures, durationMs: Math.round(durationMs) };
}

/**
 * A run that was killed leaves compose at work, because breaking compose off in the middle of a switch is what
 * takes services down. This waits until it has finished before looking at what is there.
 */
async function waitForLeftovers({ store, book, listener, stop }: EnsureRequest): Promise<void> {
  for (const intent of leftIntents(store, book.root)) {
    if (intent.alive) {
      listener.message(
        `waiting for the change of ${intent.name} that an interrupted run left in hand (pid ${intent.pid})`,
      );
    }
    while (
      !stop.stop.aborted &&
      leftIntents(store, book.root).some((left) => left.name === intent.name && left.alive)
    ) {
      await delay(LEFT_POLL_MS, stop.stop);
    }
    clearIntent(store, book.root, intent.name);
  }
}
