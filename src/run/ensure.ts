import { now } from "../clock.ts";
import { HomelabError } from "../errors.ts";
import { makePlan, type PlanRequest, type PlanResult } from "../plan/make.ts";
import type { Plan, RunReport, Step, StepReport } from "../plan/types.ts";
import type { HoldBook } from "../store/held.ts";
import type { StepContext } from "../units/driver.ts";
import { waitForLeftovers } from "./leftovers.ts";
import { inRounds, type Round } from "./rounds.ts";
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
  /** Get what all changes need over the network before the first of them is made. */
  readonly fetchFirst?: boolean | undefined;
  /** What was done in this run before. */
  readonly prologue?: readonly StepReport[] | undefined;
  /** When it began, by the clock and in monotonic milliseconds; default: now. */
  readonly times?: { readonly at: number; readonly began: number } | undefined;
}

/** Brings the targets and all that they need to ready. The caller holds the lock of the root. */
export async function ensure(request: EnsureRequest): Promise<RunReport> {
  const { book, prologue = [], times = { at: Date.now(), began: now() } } = request;
  if (!request.times) await waitForLeftovers(request, book.root);
  const steps = await ensureSteps(request, times.began);
  return conclude(request, book.root, [...prologue, ...steps], times);
}

/** The same as part of a run of another kind, `began` in monotonic milliseconds. */
export async function ensureSteps(request: EnsureRequest, began: number): Promise<StepReport[]> {
  const done = new Set<string>();
  const steps = await inRounds(request, engineOf(request), began, async (round) => {
    const planned = await makePlan({ ...request, done });
    const open = planned.plan.steps.some((step) => !planned.decided.get(step.id)?.settled);
    return open ? change(request, planned, { began, round, done }) : planned.plan.steps.map(settledReport);
  });
  // What is seen to run is not held any more, whoever started it.
  const kept = request.holds.drop(steps.filter((step) => isGood(step.result)).map((step) => step.id));
  if (kept) request.listener.message(`warning: ${kept}`);
  return steps;
}

/** The engine that may go away: the one behind services. */
const engineOf = ({ drivers }: Pick<EnsureRequest, "drivers">) =>
  [...drivers.values()].find((driver) => driver.life)?.life;

interface Pass {
  readonly began: number;
  readonly round: Round;
  /** What was changed in this run: not to be forced or restarted once more. */
  readonly done: Set<string>;
}

async function change(
  whole: EnsureRequest,
  { plan, decided }: PlanResult,
  { began, round, done }: Pass,
): Promise<StepReport[]> {
  const request = { ...whole, listener: round.listener };
  const { book, drivers } = request;
  const kinds = new Set(plan.steps.filter((step) => step.effect !== "read").map((step) => step.kind));
  for (const kind of kinds) await drivers.get(kind)?.prepare();
  const missing = request.fetchFirst ? await fetchAll(request, plan, began, round) : undefined;
  return runSteps(request, {
    plan,
    began,
    needs: new Map(plan.steps.map((step) => [step.id, book.recipes.get(step.id)?.needs ?? []])),
    execute: round.guard(async (step, context, slots) => {
      const own = decided.get(step.id);
      if (own?.settled) {
        context.opened("healthy");
        return settledOutcome(step);
      }
      if (own?.problem) return problemOutcome(own.problem);
      return missing?.get(step.id) ?? bringUp(step, { ...request, done }, context, slots);
    }),
  });
}

/** Change, then verify. */
async function bringUp(
  step: Step,
  { drivers, stop, done }: EnsureRequest & Pick<Pass, "done">,
  context: StepContext,
  slots: Semaphore,
): Promise<Outcome> {
  const driver = drivers.get(step.kind);
  if (!driver) throw new Error(`no driver for ${step.kind}`);
  const applied = await slots.use(() => driver.apply(step.id, context));
  if (!applied.ok) return failed(applied, stop, context);
  if (applied.changed) done.add(step.id);
  const verified = await driver.verify(step.id, context);
  if (!verified.ok) return failed(verified, stop, context);
  return { result: applied.changed ? "changed" : "unchanged", reason: step.reason, detail: verified.detail };
}

/**
 * Gets all that the plan's changes need over the network, before the first of them is made. Returns the steps that
 * cannot get it: they have failed before anything of them was touched.
 */
async function fetchAll(
  request: EnsureRequest,
  plan: Plan,
  began: number,
  round: Round,
): Promise<Map<string, Outcome>> {
  const { drivers, stop } = request;
  const failures = new Map<string, Outcome>();
  const wanting = plan.steps.filter((step) => step.effect !== "read");
  if (wanting.length === 0) return failures;
  const reason = { code: "fetched", text: "images are here" };
  const step: Step = { id: "image pull", kind: "task", action: "run", reason, effect: "write", needs: [] };
  await runSteps(request, {
    plan: { ...plan, steps: [step] },
    needs: new Map(),
    began,
    execute: round.guard(async (_, context, slots) => {
      const one = async ({ id, kind }: Step) => {
        try {
          const failure = await slots.use(async () => drivers.get(kind)?.fetch(id, context));
          if (failure) failures.set(id, failed(failure, stop, context));
        } catch (error) {
          if (!(error instanceof HomelabError)) throw error;
          failures.set(id, problemOutcome(error));
        }
      };
      await Promise.all(wanting.map(one));
      if (failures.size > 0) await round.look();
      return { result: "unchanged", reason, detail: reason.text };
    }),
  });
  return failures;
}
