import { now } from "../../clock.ts";
import { HomelabError } from "../../errors.ts";
import type { RunReport, StepReport } from "../../plan/types.ts";
import type { Goal } from "../../units/host/supervise.ts";
import { soakOf } from "../../units/host/switch.ts";
import { spanWords } from "../../units/span.ts";
import { isGood } from "../schedule.ts";
import { conclude } from "../steps.ts";
import { checks, phasesFor } from "./modes.ts";
import { prepareHosts } from "./phases.ts";
import { switchAll } from "./switch.ts";
import type { WaveOptions } from "./waves.ts";
import type { HostRequest, HostWork } from "./work.ts";

export interface HostDeployRequest extends HostRequest {
  readonly goal: Goal;
  /** For how long a host waits to be told that the new system is good, in milliseconds; default by the recipe. */
  readonly within?: number | undefined;
  /** What decides in which order hosts are switched; undefined: all at once. */
  readonly order?: WaveOptions | undefined;
  /** Milliseconds for which a wave must stay well before the next one begins; undefined: it begins at once. */
  readonly pause?: number | undefined;
  /** Of a wave in which a host failed, those that did not go back as well. */
  readonly rollbackWave?: boolean | undefined;
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
  const { times = { at: Date.now(), began: now() }, mode = "standard", prologue = [], finish } = request;
  const prepared = await prepareHosts(request, phasesFor(mode), times.began);
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
function requireTime(request: Pick<HostDeployRequest, "works" | "within" | "goal" | "mode">): void {
  const { works, within, goal, mode = "standard" } = request;
  if (goal === "boot" || !checks(mode, "stability")) return;
  const short = works.find(({ recipe }) => within !== undefined && within <= soakOf(recipe));
  if (!short) return;
  const soak = spanWords(soakOf(short.recipe));
  throw new HomelabError("usage", `${short.recipe.name} is watched for ${soak} before it is confirmed`, {
    hint: "give `--within` more time than that, or `ready.stable` of the recipe less",
  });
}
