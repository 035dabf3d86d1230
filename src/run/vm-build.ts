import type { Book, Recipe } from "../book/types.ts";
import { now } from "../clock.ts";
import { makePlan } from "../plan/make.ts";
import type { Plan, RunReport, Step } from "../plan/types.ts";
import type { MicrovmDriver } from "../units/microvm/driver.ts";
import { conclude, failed, problemOutcome, type RunOptions, runSteps, settledOutcome } from "./steps.ts";

export interface BuildRequest extends RunOptions {
  readonly book: Book;
  readonly targets: readonly string[];
  readonly driver: MicrovmDriver;
}

/** What would be built, and why. Nothing is put in place. */
export async function planBuild({
  book,
  targets,
  driver,
}: Pick<BuildRequest, "book" | "targets" | "driver">): Promise<Awaited<ReturnType<typeof makePlan>>> {
  const planned = await makePlan({
    ...{ book, targets, outright: new Set(targets), force: false, withNeeds: false },
    drivers: new Map([[driver.kind, driver]]),
    holds: { get: () => undefined },
  });
  const steps = planned.plan.steps.map(
    (step): Step => (step.effect === "read" ? step : { ...step, action: "run", needs: [] }),
  );
  return { ...planned, plan: { ...planned.plan, steps } };
}

/** Builds the systems that the configurations stand for, and keeps them for the next update. The caller holds the lock. */
export async function buildVms(request: BuildRequest): Promise<RunReport> {
  const times = { at: Date.now(), began: now() };
  const { book, driver, stop } = request;
  const { plan, decided } = await planBuild(request);
  const steps = await runSteps(request, {
    plan: plan as Plan,
    needs: new Map<string, Recipe["needs"]>(),
    began: times.began,
    execute: async (step, context, slots) => {
      const own = decided.get(step.id);
      if (own?.problem) return problemOutcome(own.problem);
      if (step.effect === "read") return settledOutcome(step);
      const failure = await slots.use(() => driver.fetch(step.id, context));
      if (failure) return failed(failure, stop, context);
      const detail = `built; \`homelab vm update ${step.id}\` puts it in place`;
      return { result: "changed", reason: step.reason, detail };
    },
  });
  return conclude(request, book.root, steps, times);
}
