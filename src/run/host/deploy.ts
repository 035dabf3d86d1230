import { hostname } from "node:os";
import { now } from "../../clock.ts";
import type { Plan, RunReport, Step, StepReport } from "../../plan/types.ts";
import { comparisonLines } from "../../units/host/compare.ts";
import { type HostSwitch, patienceFor, switchHost } from "../../units/host/switch.ts";
import { conclude, failed, hardNeeds, runSteps, settledOutcome } from "../steps.ts";
import { leftOut, phasesFor, recipeFor } from "./modes.ts";
import { pauseAfter } from "./pause.ts";
import { prepareHosts } from "./phases.ts";
import { type Put, takeBack } from "./take-back.ts";
import {
  allAtOnce,
  orderOf,
  pauseId,
  switchedInVain,
  type Wave,
  type WaveOptions,
  waveLines,
  wavesOf,
} from "./waves.ts";
import { type HostRequest, type HostWork, isSame } from "./work.ts";

/** How long an activation may take, in seconds; units that hang are ended by their own limits long before. */
const LIMIT_S = 600;

export interface HostDeployRequest extends HostRequest {
  readonly goal: "switch" | "test";
  /** For how long a host waits to be told that the new system is good, in milliseconds; default by the recipe. */
  readonly within?: number | undefined;
  /** What decides in which order hosts are switched; undefined: all at once. */
  readonly order?: WaveOptions | undefined;
  /** Milliseconds for which a wave must stay well before the next one begins; undefined: it begins at once. */
  readonly pause?: number | undefined;
  /** Of a wave in which a host failed, those that did not go back as well. */
  readonly rollbackWave?: boolean | undefined;
  /** What was done before it. */
  readonly prologue?: readonly StepReport[] | undefined;
  /** Asks whether to go on, with what is going to be done. Throws when not. */
  readonly confirm: (lines: readonly string[]) => Promise<void>;
}

/** Builds systems, shows what they change, and switches hosts to them. The caller holds the lock. */
export async function deployHosts(request: HostDeployRequest): Promise<RunReport> {
  const times = { at: Date.now(), began: now() };
  const { mode = "standard", prologue = [] } = request;
  const prepared = await prepareHosts(request, phasesFor(mode), times.began);
  const done = [...prologue, ...prepared.steps];
  if (!prepared.good) return conclude(request, request.root, done, times);
  const switched = await switchAll(request, times.began);
  return conclude(request, request.root, [...done, ...switched], times);
}

export interface HostRollbackRequest extends Omit<HostDeployRequest, "goal" | "flake"> {
  /** Finds the generation that a host goes back to. */
  readonly find: (work: HostWork) => Promise<{ generation: number; system: string }>;
}

/** Puts hosts back to an earlier generation, with the same care. The caller holds the lock. */
export async function rollbackHosts(request: HostRollbackRequest): Promise<RunReport> {
  const times = { at: Date.now(), began: now() };
  const asked = { ...request, flake: "", goal: "switch" } as const;
  const checked = await prepareHosts(asked, ["check"], times.began);
  if (!checked.good) return conclude(request, request.root, checked.steps, times);
  for (const work of request.works) Object.assign(work, await request.find(work));
  const compared = await prepareHosts(asked, ["compare"], times.began);
  const done = [...checked.steps, ...compared.steps];
  if (!compared.good) return conclude(request, request.root, done, times);
  return conclude(request, request.root, [...done, ...(await switchAll(asked, times.began))], times);
}

/** Asks once for all hosts that change, and switches them, wave by wave. */
async function switchAll(request: HostDeployRequest, began: number): Promise<StepReport[]> {
  const { works, goal, order, pause, mode = "standard", listener, confirm } = request;
  const changing = works.filter((work) => !settles(work, goal));
  const recipes = changing.map(({ recipe }) => recipe);
  const waves = order ? wavesOf(recipes, order) : allAtOnce(recipes);
  if (changing.length > 0) {
    const omitted = leftOut(mode);
    if (omitted.length > 0) listener.message(`${mode}: leaves out ${omitted.join(", ")}`);
    await confirm([...waveLines(waves), ...changing.flatMap((work) => linesOf(work, goal))]);
  }
  const plan = planOf(request, waves);
  const put: Put = async (work, context) => {
    const outcome = await switchHost(switchOf(request, work), context);
    // That what ran before serves again is no reason to go on with the next wave.
    if (!outcome.ok) return failed({ ...outcome, stands: false }, request.stop, context);
    return { result: "changed", reason: { code: "asked", text: outcome.detail }, detail: outcome.detail };
  };
  const steps = await runSteps(request, {
    plan,
    began,
    relation: "comes after",
    needs: hardNeeds(plan.steps.map(({ id, needs }) => [id, needs])),
    execute: async (step, context, slots) => {
      const ended = waves.find((_, at) => step.id === pauseId(at));
      const those = changing.filter(({ recipe }) => (ended?.hosts ?? [step.id]).includes(recipe.name));
      if (ended) return pauseAfter(those, pause ?? 0, context);
      const [work] = those;
      return work ? slots.use(() => put(work, context)) : settledOutcome(step);
    },
  });
  const vain = request.rollbackWave ? switchedInVain(waves, steps) : [];
  const back = changing.filter(({ recipe }) => vain.includes(recipe.name));
  return back.length === 0 ? steps : [...steps, ...(await takeBack(request, back, { began, put }))];
}

function switchOf(
  { goal, within, env, root, command, mode = "standard" }: HostDeployRequest,
  work: HostWork,
): HostSwitch {
  const { machine, state, system, generation } = work;
  const recipe = recipeFor(work.recipe, mode);
  return {
    ...{ recipe, machine, goal, generation, limit: LIMIT_S },
    id: `${Date.now().toString(36)}-${crypto.randomUUID().slice(0, 8)}`,
    before: state?.system ?? "",
    after: system ?? "",
    patience: within === undefined ? patienceFor(recipe) : Math.ceil(within / 1000),
    holder: holderText(env, command),
    probing: { env, cwd: root },
  };
}

/** `test` leaves what boots as it is, whatever that is. */
const settles = (work: HostWork, goal: "switch" | "test"): boolean =>
  goal === "test" ? work.state?.system === work.system : isSame(work);

function planOf({ root, works, goal, pause }: HostDeployRequest, waves: readonly Wave[]): Plan {
  const order = orderOf(waves, pause !== undefined);
  const steps = works.map((work): Step => {
    const { name } = work.recipe;
    const same = settles(work, goal);
    const reason = same
      ? { code: "up-to-date", text: "it runs that system already" }
      : { code: "asked", text: `to ${work.system}` };
    const action = work.generation === undefined ? "activate" : "rollback";
    return {
      id: name,
      kind: "host",
      action,
      reason,
      effect: same ? "read" : "write",
      needs: order.get(name) ?? [],
    };
  });
  const pauses = waves.flatMap((_, at): Step[] => {
    const [id, reason] = [pauseId(at), { code: "asked", text: "whether its hosts stay well" }];
    const needs = order.get(id);
    return needs ? [{ id, kind: "host", action: "run", reason, effect: "read", needs }] : [];
  });
  return { root, targets: works.map(({ recipe }) => recipe.name), steps: [...steps, ...pauses] };
}

/** What becomes of one host, its name first. */
function linesOf({ recipe, state, comparison, system, generation }: HostWork, goal: string): string[] {
  const to = generation === undefined ? system : `generation ${generation}, ${system}`;
  const what = goal === "test" ? `${to}, until it reboots` : to;
  const failing = state?.failed.length ? [`failed already: ${state.failed.join(", ")}`] : [];
  const own = [...failing, ...(comparison ? comparisonLines(comparison) : [])];
  return [`${recipe.name}: ${state?.system} → ${what}`, ...own.map((line) => `  ${line}`)];
}

/** `ada@laptop (host deploy web) since 11:42 UTC` */
function holderText(env: HostRequest["env"], command: string): string {
  const user = env.SUDO_USER || env.LOGNAME || env.USER || "root";
  return `${user}@${hostname()}, homelab ${command}, since ${new Date().toISOString().slice(11, 19)} UTC`;
}
