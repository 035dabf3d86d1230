import type { RecipeKind } from "../book/types.ts";
import { now } from "../clock.ts";
import type { StopPlan } from "../plan/stop.ts";
import type { RunReport, StepReport } from "../plan/types.ts";
import type { HoldBook } from "../store/held.ts";
import type { Driver } from "../units/driver.ts";
import { waitForLeftovers } from "./leftovers.ts";
import { inRounds, type Round } from "./rounds.ts";
import {
  conclude,
  failed,
  problemOutcome,
  type RunOptions,
  runSteps,
  settledOutcome,
  settledReport,
} from "./steps.ts";

export interface HaltRequest extends RunOptions {
  readonly root: string;
  readonly drivers: ReadonlyMap<RecipeKind, Driver>;
  /** Makes the plan, once nothing of an earlier run is at work any more. */
  readonly makePlan: () => Promise<StopPlan>;
  readonly holds: HoldBook;
}

/**
 * Stops the targets of a plan, what needs them first, and remembers that the targets are held: whatever is to be
 * brought up as one of a group leaves them alone until somebody starts them by name. The caller holds the lock.
 */
export async function halt(request: HaltRequest): Promise<RunReport> {
  const times = { at: Date.now(), began: now() };
  const { root, drivers } = request;
  await waitForLeftovers(request, root);
  const life = [...drivers.values()].find((driver) => driver.life)?.life;
  const steps = await inRounds(request, life, times.began, (round) => stopAll(request, round, times));
  return conclude(request, root, steps, times);
}

async function stopAll(
  whole: HaltRequest,
  { listener, guard }: Round,
  { at, began }: { readonly at: number; readonly began: number },
): Promise<readonly StepReport[]> {
  const request = { ...whole, listener };
  const { drivers, stop } = request;
  const { plan, needs, problems } = await request.makePlan();
  // First, so that a run that is killed here leaves nothing stopped that the next one would start.
  const stopping = plan.targets.filter((name) => !problems.has(name));
  remember(request, stopping, at);
  const kinds = new Set(plan.steps.filter((step) => step.action === "stop").map((step) => step.kind));
  for (const kind of kinds) await drivers.get(kind)?.prepare();
  if (kinds.size === 0 && problems.size === 0) return plan.steps.map(settledReport);
  return runSteps(request, {
    plan,
    needs,
    relation: "is needed by",
    began,
    execute: guard(async (step, context, slots) => {
      const problem = problems.get(step.id);
      if (problem) return problemOutcome(problem);
      const driver = drivers.get(step.kind);
      if (step.action !== "stop" || !driver) return settledOutcome(step);
      const stopped = await slots.use(() => driver.stop(step.id, context));
      if (!stopped.ok) return failed(stopped, stop, context);
      return { result: "changed", reason: step.reason, detail: "stopped" };
    }),
  });
}

function remember({ holds, command, listener }: HaltRequest, names: readonly string[], at: number): void {
  try {
    const kept = holds.add(names, { at, command });
    if (kept) listener.message(`warning: ${kept}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    listener.message(
      `that these are stopped on purpose cannot be remembered, the next run starts them: ${why}`,
    );
  }
}
