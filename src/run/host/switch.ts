import { hostname } from "node:os";
import { now } from "../../clock.ts";
import type { Plan, Step, StepReport } from "../../plan/types.ts";
import { joinHost } from "../../units/host/attach.ts";
import type { Goal } from "../../units/host/supervise.ts";
import { type HostSwitch, patienceFor, switchHost } from "../../units/host/switch.ts";
import { DEFAULT_TIMEOUT_MS, failed, hardNeeds, runSteps, settledOutcome } from "../steps.ts";
import type { HostDeployRequest } from "./deploy.ts";
import { checks, leftOut } from "./modes.ts";
import { pauseAfter } from "./pause.ts";
import { planLines } from "./plan-lines.ts";
import { reportOf } from "./report.ts";
import { type Put, takeBack } from "./take-back.ts";
import { allAtOnce, orderOf, pauseId, switchedInVain, type Wave, waveLines, wavesOf } from "./waves.ts";
import { type HostRequest, type HostWork, isSame } from "./work.ts";

/** How long an activation may take, in seconds; units that hang are ended by their own limits long before. */
const LIMIT_S = 600;

/** Asks once for all hosts that change, and switches them, wave by wave. */
export async function switchAll(asked: HostDeployRequest, start: number): Promise<StepReport[]> {
  const { works, goal, order, pause, mode = "standard", listener, confirm } = asked;
  const changing = works.filter((work) => !settles(work, goal));
  const recipes = changing.map(({ recipe }) => recipe);
  const waves = order ? wavesOf(recipes, order) : allAtOnce(recipes);
  if (changing.length > 0) {
    const omitted = leftOut(mode);
    if (omitted.length > 0) listener.message(`${mode}: leaves out ${omitted.join(", ")}`);
  }
  const waited = now();
  if (changing.length > 0)
    await confirm([...waveLines(waves), ...changing.flatMap((work) => linesOf(work, goal))]);
  // A switch that is well is not taken back for the time that a build, or a person, took.
  const began = asked.timeout === undefined ? now() : start + (now() - waited);
  const request = { ...asked, timeout: asked.timeout ?? timeoutFor(asked, changing, waves.length) };
  const plan = planOf(request, waves);
  const put: Put = async (work, context, to) => {
    const wanted = switchOf({ ...request, goal: to }, work);
    const outcome = await (work.left ? joinHost(work.left, wanted, context) : switchHost(wanted, context));
    const { measures, detail } = outcome;
    const host = reportOf(work, measures, goal);
    const warnings = measures.warnings.length > 0 ? measures.warnings : undefined;
    // That what ran before serves again is no reason to go on with the next wave.
    if (!outcome.ok)
      return { ...failed({ ...outcome, stands: false }, request.stop, context), host, warnings };
    return { result: "changed", reason: { code: "asked", text: detail }, detail, host, warnings };
  };
  const steps = await runSteps(request, {
    plan,
    began,
    relation: "comes after",
    needs: hardNeeds(plan.steps.map(({ id, needs }) => [id, needs])),
    execute: async (step, context, slots) => {
      const ended = waves.find((_, at) => step.id === pauseId(at));
      const those = changing.filter(({ recipe }) => (ended?.hosts ?? [step.id]).includes(recipe.name));
      if (ended) return pauseAfter(those, { goal, milliseconds: pause ?? 0 }, context);
      const [work] = those;
      return work ? slots.use(() => put(work, context, goal)) : settledOutcome(step);
    },
  });
  const vain = request.rollbackWave ? switchedInVain(waves, steps) : [];
  const back = changing.filter(({ recipe }) => vain.includes(recipe.name));
  return back.length === 0 ? steps : [...steps, ...(await takeBack(request, back, { began, put }))];
}

/** Milliseconds for all waves: what is asked for each comes on top of what a run may take by itself. */
function timeoutFor(
  { within, pause = 0 }: HostDeployRequest,
  changing: readonly HostWork[],
  waves: number,
): number {
  const longest = Math.max(0, ...changing.map(({ recipe }) => within ?? patienceFor(recipe) * 1000));
  return DEFAULT_TIMEOUT_MS + waves * (longest + pause);
}

function switchOf(
  { goal, within, env, root, command, mode = "standard" }: HostDeployRequest,
  work: HostWork,
): HostSwitch {
  const { recipe, machine, state, system, generation } = work;
  return {
    ...{ recipe, machine, goal, generation, limit: LIMIT_S },
    id: `${Date.now().toString(36)}-${crypto.randomUUID().slice(0, 8)}`,
    before: state?.system ?? "",
    after: system ?? "",
    patience: within === undefined ? patienceFor(recipe) : Math.ceil(within / 1000),
    holder: holderText(env, command),
    probing: { env, cwd: root },
    looks: checks(mode, "probes") ? "all" : "least",
    soak: checks(mode, "stability"),
  };
}

/** `test` leaves what boots as it is, whatever that is, and `boot` what runs. */
function settles(work: HostWork, goal: Goal): boolean {
  if (goal === "boot") return work.state?.profile === work.system && !work.state?.unfinished;
  return goal === "test" ? work.state?.system === work.system : isSame(work);
}

function planOf({ root, works, goal, pause }: HostDeployRequest, waves: readonly Wave[]): Plan {
  const order = orderOf(waves, pause !== undefined);
  const steps = works.map((work): Step => {
    const { name } = work.recipe;
    const same = settles(work, goal);
    const reason = same
      ? { code: "up-to-date", text: `it ${goal === "boot" ? "boots" : "runs"} that system already` }
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

const WHEN: Readonly<Record<Goal, string>> = {
  switch: "",
  test: ", until it reboots",
  boot: ", from its next boot on",
};

/** What becomes of one host, its name first. */
function linesOf(work: HostWork, goal: Goal): string[] {
  const { recipe, state, left, system, generation } = work;
  const to = generation === undefined ? system : `generation ${generation}, ${system}`;
  const what = `${to}${WHEN[goal]}`;
  const failing = state?.failed.length ? [`failed already: ${state.failed.join(", ")}`] : [];
  const going = left ? [`goes on already, left by ${left.holder}: it is judged and brought to its end`] : [];
  const own = [...going, ...failing, ...planLines(work)];
  return [`${recipe.name}: ${state?.system} → ${what}`, ...own.map((line) => `  ${line}`)];
}

/** `ada@laptop (host deploy web) since 11:42 UTC` */
function holderText(env: HostRequest["env"], command: string): string {
  const user = env.SUDO_USER || env.LOGNAME || env.USER || "root";
  return `${user}@${hostname()}, homelab ${command}, since ${new Date().toISOString().slice(11, 19)} UTC`;
}
