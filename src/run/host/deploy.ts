import { hostname } from "node:os";
import { now } from "../../clock.ts";
import { HomelabError } from "../../errors.ts";
import type { Plan, RunReport, Step, StepReport } from "../../plan/types.ts";
import type { Goal } from "../../units/host/supervise.ts";
import { type HostSwitch, patienceFor, soakOf, switchHost } from "../../units/host/switch.ts";
import { spanWords } from "../../units/span.ts";
import { isGood } from "../schedule.ts";
import { conclude, failed, runSteps, settledOutcome } from "../steps.ts";
import { prepareHosts } from "./phases.ts";
import { planLines } from "./plan-lines.ts";
import { reportOf } from "./report.ts";
import { type HostRequest, type HostWork, isSame } from "./work.ts";

/** How long an activation may take, in seconds; units that hang are ended by their own limits long before. */
const LIMIT_S = 600;

export interface HostDeployRequest extends HostRequest {
  readonly goal: Goal;
  /** For how long a host waits to be told that the new system is good, in milliseconds; default by the recipe. */
  readonly within?: number | undefined;
  /** Asks whether to go on, with what is going to be done. Throws when not. */
  readonly confirm: (lines: readonly string[]) => Promise<void>;
  /** What was done in this run before; what is added to it until the end is part of the report as well. */
  readonly prologue?: readonly StepReport[] | undefined;
  readonly times?: { readonly at: number; readonly began: number } | undefined;
  /** What is left to be done once all hosts are as they are to be. */
  readonly finish?: (() => Promise<readonly StepReport[]>) | undefined;
}

/** Builds systems, shows what they change, and switches hosts to them. The caller holds the lock. */
export async function deployHosts(request: HostDeployRequest): Promise<RunReport> {
  requireTime(request);
  const { times = { at: Date.now(), began: now() }, prologue = [], finish } = request;
  const prepared = await prepareHosts(request, ["check", "build", "audit", "copy", "compare"], times.began);
  const end = (steps: readonly StepReport[]) =>
    conclude(request, request.root, [...prologue, ...prepared.steps, ...steps], times);
  if (!prepared.good) return end([]);
  const switched = await switchAll(request, times.began);
  const all = switched.every(({ result }) => isGood(result));
  return end([...switched, ...((all && (await finish?.())) || [])]);
}

export interface HostRollbackRequest extends Omit<HostDeployRequest, "flake"> {
  /** Finds the generation that a host goes back to. */
  readonly find: (work: HostWork) => Promise<{ generation: number; system: string }>;
}

/** Puts hosts back to an earlier generation, with the same care. The caller holds the lock. */
export async function rollbackHosts(request: HostRollbackRequest): Promise<RunReport> {
  requireTime(request);
  const times = { at: Date.now(), began: now() };
  const asked = { ...request, flake: "" };
  const checked = await prepareHosts(asked, ["check"], times.began);
  if (!checked.good) return conclude(request, request.root, checked.steps, times);
  for (const work of request.works) Object.assign(work, await request.find(work));
  const compared = await prepareHosts(asked, ["compare"], times.began);
  const done = [...checked.steps, ...compared.steps];
  if (!compared.good) return conclude(request, request.root, done, times);
  return conclude(request, request.root, [...done, ...(await switchAll(asked, times.began))], times);
}

/** Throws when a host would go back before the new system was watched for as long as its recipe wants. */
function requireTime({ works, within }: Pick<HostDeployRequest, "works" | "within">): void {
  const short = works.find(({ recipe }) => within !== undefined && within <= soakOf(recipe));
  if (!short) return;
  const soak = spanWords(soakOf(short.recipe));
  throw new HomelabError("usage", `${short.recipe.name} is watched for ${soak} before it is confirmed`, {
    hint: "give `--within` more time than that, or `ready.stable` of the recipe less",
  });
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
      const outcome = await slots.use(() => switchHost(switchOf(request, work), context));
      const { measures, detail } = outcome;
      const host = reportOf(work, measures);
      const warnings = measures.warnings.length > 0 ? measures.warnings : undefined;
      if (!outcome.ok) return { ...failed(outcome, stop, context), host, warnings };
      return { result: "changed", reason: { ...step.reason, text: detail }, detail, host, warnings };
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

/** `test` leaves what boots as it is, whatever that is, and `boot` what runs. */
function settles(work: HostWork, goal: Goal): boolean {
  if (goal === "boot") return work.state?.profile === work.system;
  return goal === "test" ? work.state?.system === work.system : isSame(work);
}

function planOf(root: string, works: readonly HostWork[], goal: Goal): Plan {
  const steps = works.map((work): Step => {
    const { name } = work.recipe;
    const same = settles(work, goal);
    const reason = same
      ? { code: "up-to-date", text: `it ${goal === "boot" ? "boots" : "runs"} that system already` }
      : { code: "asked", text: `to ${work.system}` };
    const action = work.generation === undefined ? "activate" : "rollback";
    return { id: name, kind: "host", action, reason, effect: same ? "read" : "write", needs: [] };
  });
  return { root, targets: works.map(({ recipe }) => recipe.name), steps };
}

const WHEN: Readonly<Record<Goal, string>> = {
  switch: "",
  test: ", until it reboots",
  boot: ", from its next boot on",
};

/** What becomes of one host, its name first. */
function linesOf(work: HostWork, goal: Goal): string[] {
  const { recipe, state, system, generation } = work;
  const to = generation === undefined ? system : `generation ${generation}, ${system}`;
  const what = `${to}${WHEN[goal]}`;
  const failing = state?.failed.length ? [`failed already: ${state.failed.join(", ")}`] : [];
  const own = [...failing, ...planLines(work)];
  return [`${recipe.name}: ${state?.system} → ${what}`, ...own.map((line) => `  ${line}`)];
}

/** `ada@laptop (host deploy web) since 11:42 UTC` */
function holderText(env: HostRequest["env"], command: string): string {
  const user = env.SUDO_USER || env.LOGNAME || env.USER || "root";
  return `${user}@${hostname()}, homelab ${command}, since ${new Date().toISOString().slice(11, 19)} UTC`;
}
