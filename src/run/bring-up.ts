import type { PlanRequest } from "../plan/make.ts";
import type { Step } from "../plan/types.ts";
import type { Semaphore } from "../process/semaphore.ts";
import type { Decided, Driver, Failure, StepContext } from "../units/driver.ts";
import type { FirstFailure } from "./first-failure.ts";
import { bothOutcomes, type Revivals } from "./revivals.ts";
import type { Outcome } from "./schedule.ts";
import { failed, problemOutcome, type RunOptions, settledOutcome } from "./steps.ts";

export type BringUpRequest = RunOptions &
  Pick<PlanRequest, "book" | "drivers" | "targets" | "force" | "restart">;

/** What a change waits for, and what keeps it from beginning. */
export interface Gates {
  readonly slots: Semaphore;
  readonly failures: FirstFailure;
  readonly done: Set<string>;
  /** Of what is planned once more. */
  readonly revivals: Revivals;
  /** Names of the plan. */
  readonly names: ReadonlySet<string>;
  /** Names outside of it that lost the network which they share with one of those, with its id. */
  readonly sharers: Map<string, string>;
}

/**
 * Change, then verify. What was found up and turns out to be down without anybody's doing is planned once more: an
 * earlier run that was broken off may have asked the engine to stop it, and the engine took its time.
 */
export async function bringUp(
  step: Step,
  request: BringUpRequest,
  context: StepContext,
  gates: Gates,
): Promise<Outcome> {
  const { driver } = subjectOf(step, request);
  const first = await changeAndVerify(driver, step, context, gates);
  if ("result" in first || first.ok || !first.wentDown || request.stop.stop.aborted)
    return outcomeOf(first, step, request, context);
  const { action, reason, effect, problem } = await decideAgain(step, request, gates);
  if (problem) return problemOutcome(problem);
  if (effect === "read") return outcomeOf(first, step, request, context);
  const again = { ...step, action, reason };
  return outcomeOf(await changeAndVerify(driver, again, context, gates), again, request, context);
}

/** Does once more what is to be done for a step, after something that it needs was revived. */
export async function lookAgain(
  step: Step,
  before: Outcome | undefined,
  request: BringUpRequest,
  context: StepContext,
  gates: Gates,
): Promise<Outcome> {
  const { action, reason, problem, settled } = await decideAgain(step, request, gates);
  if (problem) return problemOutcome(problem);
  const again = { ...step, action, reason };
  const after = settled ? settle(again, context) : await bringUp(again, request, context, gates);
  return bothOutcomes(before, after);
}

/** Plans a step once more. When it is to be changed, what shares its network is told of or remembered. */
async function decideAgain(step: Step, request: BringUpRequest, gates: Gates): Promise<Decided> {
  const { driver, recipe } = subjectOf(step, request);
  const { targets, force, restart } = request;
  const asked = targets.includes(step.id) && !gates.done.has(step.id);
  await driver.observe([recipe]);
  const decided = await driver.decide(step.id, {
    force: asked && force,
    restart: asked && restart,
    preflight: true,
  });
  if (decided.problem || decided.effect === "read") return decided;
  gates.revivals.add(step.id);
  for (const { name, of } of driver.fallout(gates.names)) gates.sharers.set(name, of);
  await driver.prepare();
  return decided;
}

function subjectOf(step: Step, { drivers, book }: BringUpRequest) {
  const driver = drivers.get(step.kind);
  const recipe = book.recipes.get(step.id);
  if (!driver || !recipe) throw new Error(`no driver for ${step.kind}`);
  return { driver, recipe };
}

type Tried = Failure | Outcome | { readonly ok: true; readonly changed: boolean; readonly detail: string };

async function changeAndVerify(
  driver: Driver,
  { id }: Step,
  context: StepContext,
  { slots, failures, done }: Gates,
): Promise<Tried> {
  const applied = await slots.use(async () => failures.refusal() ?? driver.apply(id, context));
  if ("result" in applied || !applied.ok) return applied;
  if (applied.changed) done.add(id);
  const verified = await driver.verify(id, context);
  return verified.ok ? { ...verified, changed: applied.changed } : verified;
}

function outcomeOf(
  tried: Tried,
  { action, reason }: Step,
  { stop }: BringUpRequest,
  context: StepContext,
): Outcome {
  if ("result" in tried) return tried;
  if (!tried.ok) return { ...failed(tried, stop, context), action };
  return { result: tried.changed ? "changed" : "unchanged", action, reason, detail: tried.detail };
}

/** The end of a step of which nothing has to be done. */
export function settle(step: Step, context: StepContext): Outcome {
  context.opened("healthy");
  return settledOutcome(step);
}
