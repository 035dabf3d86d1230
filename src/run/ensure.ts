import { now } from "../clock.ts";
import { makePlan, type PlanRequest, type PlanResult } from "../plan/make.ts";
import type { RunReport, Step, StepReport } from "../plan/types.ts";
import type { HoldBook } from "../store/held.ts";
import type { StepContext } from "../units/driver.ts";
import { waitForLeftovers } from "./leftovers.ts";
import { isGood, type Outcome } from "./schedule.ts";
import type { Semaphore } from "./semaphore.ts";
import {
  conclude,
  failed,
  problemOutcome,
  type RunOptions,
  runSteps,
  settledOutcome,
  settledReport,
} from "./steps.ts";

export interface EnsureRequest extends PlanRequest, RunOptions {
  readonly holds: HoldBook;
}

/** Brings the targets and all that they need to ready. The caller holds the lock of the root. */
export async function ensure(request: EnsureRequest): Promise<RunReport> {
  const times = { at: Date.now(), began: now() };
  const { book } = request;
  await waitForLeftovers(request, book.root);
  const planned = await makePlan(request);
  const open = planned.plan.steps.some((step) => !planned.decided.get(step.id)?.settled);
  const steps = open ? await change(request, planned, times.began) : planned.plan.steps.map(settledReport);
  // What is seen to run is not held any more, whoever started it.
  request.holds.drop(steps.filter((step) => isGood(step.result)).map((step) => step.id));
  return conclude(request, book.root, steps, times);
}

async function change(
  request: EnsureRequest,
  { plan, decided }: PlanResult,
  began: number,
): Promise<StepReport[]> {
  const { book, drivers } = request;
  const kinds = new Set(plan.steps.filter((step) => step.effect !== "read").map((step) => step.kind));
  for (const kind of kinds) await drivers.get(kind)?.prepare();
  return runSteps(request, {
    plan,
    began,
    needs: new Map(plan.steps.map((step) => [step.id, book.recipes.get(step.id)?.needs ?? []])),
    execute: async (step, context, slots) => {
      const own = decided.get(step.id);
      if (own?.settled) {
        context.opened("healthy");
        return settledOutcome(step);
      }
      return own?.problem ? problemOutcome(own.problem) : bringUp(step, request, context, slots);
    },
  });
}

/** Change, then verify. */
async function bringUp(
  step: Step,
  { drivers, stop }: EnsureRequest,
  context: StepContext,
  slots: Semaphore,
): Promise<Outcome> {
  const driver = drivers.get(step.kind);
  if (!driver) throw new Error(`no driver for ${step.kind}`);
  const applied = await slots.use(() => driver.apply(step.id, context));
  if (!applied.ok) return failed(applied, stop, context);
  const verified = await driver.verify(step.id, context);
  if (!verified.ok) return failed(verified, stop, context);
  return { result: applied.changed ? "changed" : "unchanged", reason: step.reason, detail: verified.detail };
}
