import { now } from "../clock.ts";
import { HomelabError } from "../errors.ts";
import { makePlan, type PlanRequest, type PlanResult } from "../plan/make.ts";
import type { Plan, RunReport, Step, StepReport } from "../plan/types.ts";
import type { HoldBook } from "../store/held.ts";
import { ENGINE_STEP } from "../store/notices.ts";
import type { Decided, Driver, Failure, StepContext } from "../units/driver.ts";
import { FirstFailure } from "./first-failure.ts";
import { waitForLeftovers } from "./leftovers.ts";
import { bothOutcomes, Revivals } from "./revivals.ts";
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
  /** Begin no further change once something failed, also where nothing needs it. */
  readonly stopAtFailure?: boolean | undefined;
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
  const taken = new Set(request.taken);
  const sharers = new Set<string>();
  const steps = await inRounds(request, engineOf(request), began, async (round) => {
    const planned = await makePlan({ ...request, done, taken });
    for (const { id } of planned.plan.steps) taken.add(id);
    for (const warning of planned.warnings) request.listener.message(`warning: ${warning}`);
    const open = planned.plan.steps.some((step) => !planned.decided.get(step.id)?.settled);
    return open
      ? change(request, planned, { began, round, done, sharers })
      : planned.plan.steps.map(settledReport);
  });
  for (const { id } of steps) sharers.delete(id);
  const hasEngine = steps.every(({ id }) => id !== ENGINE_STEP);
  if (sharers.size > 0 && hasEngine) steps.push(...(await repairSharers(request, [...sharers], began)));
  // What is seen to run is not held any more, whoever started it.
  const kept = request.holds.drop(steps.filter((step) => isGood(step.result)).map((step) => step.id));
  if (kept) request.listener.message(`warning: ${kept}`);
  return steps;
}

/**
 * Repairs what shares the network of something that this run changed, and was not among what it was asked for. What
 * is impossible about that is a failed step: what was done before stays done, and is to be told.
 */
export async function repairSharers(
  request: RunOptions & Pick<EnsureRequest, "book" | "drivers" | "holds">,
  targets: readonly string[],
  began: number,
): Promise<StepReport[]> {
  const asked = { targets, outright: new Set<string>(), taken: new Set(targets) };
  const manner = { force: false, restart: false, withNeeds: false };
  try {
    return await ensureSteps({ ...request, ...asked, ...manner }, began);
  } catch (error) {
    if (!(error instanceof HomelabError)) throw error;
    const outcome = problemOutcome(error);
    return targets.map((id) => {
      const kind = request.book.recipes.get(id)?.kind ?? "service";
      const { reason } = outcome;
      const step: Step = { id, kind, action: "repair", reason, effect: "write", needs: [] };
      const report: StepReport = { id, kind, ...outcome, action: step.action, durationMs: 0 };
      request.listener.finished(step, report);
      return report;
    });
  }
}

/** The engine that may go away: the one behind services. */
const engineOf = ({ drivers }: Pick<EnsureRequest, "drivers">) =>
  [...drivers.values()].find((driver) => driver.life)?.life;

interface Pass {
  readonly began: number;
  readonly round: Round;
  /** What was changed in this run: not to be forced or restarted once more. */
  readonly done: Set<string>;
  /** Names outside of the plan that lost the network which they share with a revived step. */
  readonly sharers: Set<string>;
}

async function change(
  whole: EnsureRequest,
  { plan, decided, book }: PlanResult,
  { began, round, done, sharers }: Pass,
): Promise<StepReport[]> {
  const request = { ...whole, listener: round.listener };
  const { drivers } = request;
  const kinds = new Set(plan.steps.filter((step) => step.effect !== "read").map((step) => step.kind));
  for (const kind of kinds) await drivers.get(kind)?.prepare();
  const missing = request.fetchFirst ? await fetchAll(request, plan, began, round) : undefined;
  const failures = new FirstFailure(request.stopAtFailure === true);
  const names = new Set(plan.steps.map((step) => step.id));
  const needs = new Map(plan.steps.map((step) => [step.id, book.recipes.get(step.id)?.needs ?? []]));
  const revivals = new Revivals(needs, request.stop.stop);
  return runSteps(request, {
    plan,
    began,
    needs,
    execute: round.guard((step, context, slots) => {
      const own = decided.get(step.id);
      const gates = { slots, failures, done, revivals, names, sharers };
      const first = async () =>
        own?.settled ? settle(step, context) : bringUp(step, request, context, gates);
      const again = (before?: Outcome) => lookAgain(step, before, request, context, gates);
      if (own?.action === "held") return first();
      return failures.watch(step, async () => {
        if (own?.problem) return problemOutcome(own.problem);
        return missing?.get(step.id) ?? revivals.follow(step, first, again);
      });
    }),
  });
}

function settle(step: Step, context: StepContext): Outcome {
  context.opened("healthy");
  return settledOutcome(step);
}

/** What a change waits for, and what keeps it from beginning. */
interface Gates {
  readonly slots: Semaphore;
  readonly failures: FirstFailure;
  readonly done: Set<string>;
  /** Of what is planned once more. */
  readonly revivals: Revivals;
  /** Names of the plan. */
  readonly names: ReadonlySet<string>;
  readonly sharers: Set<string>;
}

/**
 * Change, then verify. What was found up and turns out to be down without anybody's doing is planned once more: an
 * earlier run that was broken off may have asked the engine to stop it, and the engine took its time.
 */
async function bringUp(
  step: Step,
  request: EnsureRequest,
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
async function lookAgain(
  step: Step,
  before: Outcome | undefined,
  request: EnsureRequest,
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
async function decideAgain(step: Step, request: EnsureRequest, gates: Gates): Promise<Decided> {
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
  for (const { name } of driver.fallout(gates.names)) gates.sharers.add(name);
  await driver.prepare();
  return decided;
}

function subjectOf(step: Step, { drivers, book }: EnsureRequest) {
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
  { stop }: EnsureRequest,
  context: StepContext,
): Outcome {
  if ("result" in tried) return tried;
  if (!tried.ok) return { ...failed(tried, stop, context), action };
  return { result: tried.changed ? "changed" : "unchanged", action, reason, detail: tried.detail };
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
