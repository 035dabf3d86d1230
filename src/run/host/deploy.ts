import { hostname } from "node:os";
import { now } from "../../clock.ts";
import type { Plan, RunReport, Step, StepReport } from "../../plan/types.ts";
import { joinHost } from "../../units/host/attach.ts";
import { comparisonLines } from "../../units/host/compare.ts";
import { type HostSwitch, patienceFor, switchHost } from "../../units/host/switch.ts";
import { conclude, failed, runSteps, settledOutcome } from "../steps.ts";
import { prepareHosts } from "./phases.ts";
import { type HostRequest, type HostWork, isSame } from "./work.ts";

/** How long an activation may take, in seconds; units that hang are ended by their own limits long before. */
const LIMIT_S = 600;

export interface HostDeployRequest extends HostRequest {
  readonly goal: "switch" | "test";
  /** For how long a host waits to be told that the new system is good, in milliseconds; default by the recipe. */
  readonly within?: number | undefined;
  /** Asks whether to go on, with what is going to be done. Throws when not. */
  readonly confirm: (lines: readonly string[]) => Promise<void>;
}

/** Builds systems, shows what they change, and switches hosts to them. The caller holds the lock. */
export async function deployHosts(request: HostDeployRequest): Promise<RunReport> {
  const times = { at: Date.now(), began: now() };
  const prepared = await prepareHosts(request, ["check", "build", "copy", "compare"], times.began);
  if (!prepared.good) return conclude(request, request.root, prepared.steps, times);
  const switched = await switchAll(request, times.began);
  return conclude(request, request.root, [...prepared.steps, ...switched], times);
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

/** Asks once for all hosts that change, and switches them. */
async function switchAll(request: HostDeployRequest, began: number): Promise<StepReport[]> {
  const { works, root, goal, stop, confirm } = request;
  const changing = works.filter((work) => !settles(work, goal));
  if (changing.length > 0) await confirm(changing.flatMap((work) => linesOf(work, goal)));
  return runSteps(request, {
    plan: planOf(root, works, goal),
    began,
    needs: new Map(),
    execute: async (step, context, slots) => {
      if (step.effect === "read") return settledOutcome(step);
      const work = works.find(({ recipe }) => recipe.name === step.id) as HostWork;
      const wanted = switchOf(request, work);
      const outcome = await slots.use(() =>
        work.left ? joinHost(work.left, wanted, context) : switchHost(wanted, context),
      );
      if (!outcome.ok) return failed(outcome, stop, context);
      return { result: "changed", reason: { ...step.reason, text: outcome.detail }, detail: outcome.detail };
    },
  });
}

function switchOf({ goal, within, env, root, command }: HostDeployRequest, work: HostWork): HostSwitch {
  const { recipe, machine, state, system, generation } = work;
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

function planOf(root: string, works: readonly HostWork[], goal: "switch" | "test"): Plan {
  const steps = works.map((work): Step => {
    const { name } = work.recipe;
    const same = settles(work, goal);
    const reason = same
      ? { code: "up-to-date", text: "it runs that system already" }
      : { code: "asked", text: `to ${work.system}` };
    const action = work.generation === undefined ? "activate" : "rollback";
    return { id: name, kind: "host", action, reason, effect: same ? "read" : "write", needs: [] };
  });
  return { root, targets: works.map(({ recipe }) => recipe.name), steps };
}

/** What becomes of one host, its name first. */
function linesOf({ recipe, state, left, comparison, system, generation }: HostWork, goal: string): string[] {
  const to = generation === undefined ? system : `generation ${generation}, ${system}`;
  const what = goal === "test" ? `${to}, until it reboots` : to;
  const failing = state?.failed.length ? [`failed already: ${state.failed.join(", ")}`] : [];
  const going = left ? [`goes on already, left by ${left.holder}: it is judged and brought to its end`] : [];
  const own = [...going, ...failing, ...(comparison ? comparisonLines(comparison) : [])];
  return [`${recipe.name}: ${state?.system} → ${what}`, ...own.map((line) => `  ${line}`)];
}

/** `ada@laptop (host deploy web) since 11:42 UTC` */
function holderText(env: HostRequest["env"], command: string): string {
  const user = env.SUDO_USER || env.LOGNAME || env.USER || "root";
  return `${user}@${hostname()}, homelab ${command}, since ${new Date().toISOString().slice(11, 19)} UTC`;
}
