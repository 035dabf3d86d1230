import { now } from "../clock.ts";
import { HomelabError } from "../errors.ts";
import { makePlan, type PlanRequest, type PlanResult } from "../plan/make.ts";
import type { Plan, RunReport, Step, StepReport } from "../plan/types.ts";
import type { HoldBook } from "../store/held.ts";
import { ENGINE_STEP } from "../store/notices.ts";
import { bringUp, lookAgain, settle } from "./bring-up.ts";
import { FirstFailure } from "./first-failure.ts";
import { waitForLeftovers } from "./leftovers.ts";
import { released } from "./released.ts";
import { Revivals } from "./revivals.ts";
import { inRounds, type Round } from "./rounds.ts";
import { blocked, type Outcome, serves } from "./schedule.ts";
import { conclude, failed, problemOutcome, type RunOptions, runSteps, settledReport } from "./steps.ts";

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
  const sharers = new Map<string, string>();
  const steps = await inRounds(request, engineOf(request), began, async (round) => {
    const planned = await makePlan({ ...request, done, taken });
    for (const { id } of planned.plan.steps) taken.add(id);
    for (const warning of planned.warnings) request.listener.message(`warning: ${warning}`);
    const open = planned.plan.steps.some((step) => !planned.decided.get(step.id)?.settled);
    return open
      ? change(request, planned, { began, round, done, sharers })
      : planned.plan.steps.map(settledReport);
  });
  steps.push(...(await repairFallout(request, sharers, steps, began)));
  // What is seen to run is not held any more, whoever started it.
  const kept = request.holds.drop(released(steps, request.drivers));
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
    return targets.map((id) => tell(request, id, problemOutcome(error)));
  }
}

/** Reports the repair of a recipe that came to its end without being begun. */
function tell({ book, listener }: Pick<EnsureRequest, "book" | "listener">, id: string, outcome: Outcome) {
  const kind = book.recipes.get(id)?.kind ?? "service";
  const step: Step = { id, kind, action: "repair", reason: outcome.reason, effect: "write", needs: [] };
  const report: StepReport = { id, kind, ...outcome, action: step.action, durationMs: 0 };
  listener.finished(step, report);
  return report;
}

/** Repairs sharers, by name with what they share the network of, after a run that ended in `steps`. */
async function repairFallout(
  request: EnsureRequest,
  sharers: ReadonlyMap<string, string>,
  steps: readonly StepReport[],
  began: number,
): Promise<StepReport[]> {
  const ended = new Map(steps.map((step) => [step.id, step]));
  // The engine is away for good: that is told, and nothing can be done.
  if (ended.has(ENGINE_STEP)) return [];
  const reports: StepReport[] = [];
  const targets: string[] = [];
  for (const [name, of] of sharers) {
    const lender = ended.get(of);
    if (ended.has(name) || !lender) continue;
    if (serves(lender)) targets.push(name);
    else reports.push(tell(request, name, blocked(lender, false, "shares the network of")));
  }
  return targets.length > 0 ? [...reports, ...(await repairSharers(request, targets, began))] : reports;
}

/** The engine that may go away: the one behind services. */
const engineOf = ({ drivers }: Pick<EnsureRequest, "drivers">) =>
  [...drivers.values()].find((driver) => driver.life)?.life;

interface Pass {
  readonly began: number;
  readonly round: Round;
  /** What was changed in this run: not to be forced or restarted once more. */
  readonly done: Set<string>;
  /** Outside of the plan: names that lost the network which they share with a revived step, with its id. */
  readonly sharers: Map<string, string>;
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
  const fetches = fetchesOf(plan);
  if (fetches.size === 0) return failures;
  await runSteps(request, {
    plan: { ...plan, steps: [...fetches.keys()] },
    needs: new Map(),
    began,
    execute: round.guard(async (fetch, context, slots) => {
      const one = async ({ id, kind }: Step) => {
        try {
          const failure = await slots.use(async () => drivers.get(kind)?.fetch(id, context));
          if (failure) failures.set(id, failed(failure, stop, context));
        } catch (error) {
          if (!(error instanceof HomelabError)) throw error;
          failures.set(id, problemOutcome(error));
        }
      };
      await Promise.all((fetches.get(fetch) ?? []).map(one));
      if (failures.size > 0) await round.look();
      return { result: "unchanged", reason: fetch.reason, detail: fetch.reason.text };
    }),
  });
  return failures;
}

/** What is got before changes, and for which of them: all images in one step, each system that is built in its own. */
function fetchesOf({ steps }: Plan): Map<Step, readonly Step[]> {
  const wanting = steps.filter((step) => step.effect !== "read");
  const services = wanting.filter(({ kind }) => kind === "service");
  const built = wanting.filter(
    ({ kind, action }) => kind === "microvm" && (action === "update" || action === "create"),
  );
  const fetch = (id: string, text: string): Step => {
    const reason = { code: "fetched", text };
    return { id, kind: "task", action: "run", reason, effect: "write", needs: [] };
  };
  const builds = built.map((step): [Step, Step[]] => [fetch(`build ${step.id}`, "it is built"), [step]]);
  return new Map([
    ...(services.length > 0 ? [[fetch("image pull", "images are here"), services] as const] : []),
    ...builds,
  ]);
}
