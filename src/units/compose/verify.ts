import type { Ready, ReadyExec } from "../../book/types.ts";
import { now } from "../../clock.ts";
import type { Docker } from "../../docker/client.ts";
import type { EventHub } from "../../docker/hub.ts";
import { isNotFound } from "../../docker/trouble.ts";
import { type ContainerDetails, LABEL } from "../../docker/types.ts";
import type { Sight } from "../../store/releases.ts";
import type { StepContext } from "../driver.ts";
import { hasProbe, type Probing, pauseOf, probe } from "../probe.ts";
import { type Crashes, counted, crashesOf } from "./crashes.ts";
import { hasHealthCheck, healthDeadline, judge, probeRound, type Verdict } from "./judge.ts";
import { LifeClock } from "./lives.ts";

/** How long a container without health check must stay up, unless the recipe says otherwise. */
export const STABLE_MS = 3_000;
/**
 * After this long of being up, dependents of a container without health check start; the verdict on it still
 * takes the whole stability window. Health checks and probes are always waited for.
 */
const GATE_MS = 200;
/** Patience with containers without health check that are not up yet, and with probes. */
const PATIENCE_MS = 30_000;
const COMPLETION_MS = 10 * 60_000;
/** A probe's answer takes this long to become visible, at most. */
const SLACK_MS = 1_000;
/** Even when nothing happens, the engine is asked again after this long. */
const LOOK_AGAIN_MS = 5_000;

export interface WatchRequest {
  readonly docker: Docker;
  readonly hub: EventHub;
  readonly ids: readonly string[];
  readonly ready?: Ready | undefined;
  /** When containers were seen ready before, by their id. */
  readonly sights: ReadonlyMap<string, readonly Sight[]>;
  /** A change was made: the whole time of the health check is granted, otherwise one round of it. */
  readonly changed: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

export interface Watched {
  readonly ok: boolean;
  readonly detail: string;
  readonly containers: readonly ContainerDetails[];
  /** The container that failed. */
  readonly culprit?: ContainerDetails | undefined;
  /** Set when the watch was broken off from outside. */
  readonly stopped?: boolean | undefined;
}

/** What one watch keeps between its looks. */
interface Watch {
  readonly request: WatchRequest;
  readonly context: StepContext;
  readonly clock: LifeClock;
  /** Restart counts of the first look. */
  readonly first: Map<string, Sight>;
}

/** One container at one look. */
interface Seen {
  readonly details: ContainerDetails;
  readonly age: number;
  readonly crashes: Crashes;
  readonly verdict: Verdict;
}

/** Waits until containers are ready, by the engine's word and by events; no process is started for it. */
export async function watch(request: WatchRequest, context: StepContext): Promise<Watched> {
  const began = now();
  const own: Watch = { request, context, clock: new LifeClock(), first: new Map() };
  for (;;) {
    const seen = await look(own);
    if ("ok" in seen) return seen;
    const { containers, detail, culprit } = seen;
    // Known better once probes have spoken, so it is asked for each time.
    const waited = now() - began;
    const left = patience(seen.all, own, waited) - waited;
    const stopped = context.stop.aborted || context.remaining() <= 0;
    if (stopped) return { ok: false, detail, containers, culprit, stopped };
    if (left <= 0) return { ok: false, detail: `not ready in time: ${detail}`, containers, culprit };
    context.progress("verifying", detail);
    const wait = Math.min(seen.recheck, left, context.remaining(), LOOK_AGAIN_MS);
    await request.hub.next(new Set(request.ids), wait, context.stop);
  }
}

/** Not decided yet: what it waits for, and after how many milliseconds time alone can change that. */
interface Undecided {
  readonly all: readonly Seen[];
  readonly containers: readonly ContainerDetails[];
  readonly detail: string;
  readonly culprit: ContainerDetails | undefined;
  readonly recheck: number;
}

async function look(own: Watch): Promise<Watched | Undecided> {
  const { request } = own;
  const containers = await inspectAll(request);
  if (!containers)
    return { ok: false, detail: "a container was removed while it was watched", containers: [] };
  const all = containers.map((details) => see(details, own));
  const failed = all.find(({ verdict }) => verdict.state === "failed");
  if (failed) return { ok: false, detail: failed.verdict.detail, containers, culprit: failed.details };
  const gateIn = openGates(all, own);
  const waiting = all.find(({ verdict }) => verdict.state === "waiting");
  if (waiting) {
    const recheck = Math.min(...all.map(({ verdict }) => recheckOf(verdict)), gateIn);
    return { all, containers, detail: waiting.verdict.detail, culprit: waiting.details, recheck };
  }
  const problem = request.ready && (await probe(request.ready, probingOf(request, containers)));
  if (!problem) return { ok: true, detail: summary(all.map(({ verdict }) => verdict)), containers };
  return { all, containers, detail: problem, culprit: containers[0], recheck: pauseOf(request.ready) };
}

function see(details: ContainerDetails, { request, context, clock, first }: Watch): Seen {
  const { Id, RestartCount, State } = details;
  const age = clock.age(Id, State.StartedAt, Date.now(), now());
  const began = first.get(Id) ?? { at: Date.parse(State.StartedAt) + age, restarts: RestartCount };
  first.set(Id, began);
  const crashes = crashesOf(counted(details, age), request.sights.get(Id) ?? [], began);
  const verdict = judge(details, age, {
    stable: request.ready?.stable ?? STABLE_MS,
    mustRun: hasProbe(request.ready),
    mustComplete: context.mustComplete,
    crashes,
    lastExit: request.hub.lastExit(Id),
  });
  return { details, age, crashes, verdict };
}

function probingOf({ docker, env, cwd }: WatchRequest, containers: readonly ContainerDetails[]): Probing {
  const places = containers.map(({ Id, Name, Config, State }) => ({
    id: Id,
    name: Name.replace(/^\//, ""),
    service: Config.Labels?.[LABEL.service] ?? "",
    running: State.Status === "running",
  }));
  const exec = async (command: ReadyExec) =>
    (await import("./exec-probe.ts")).probeInside(docker, places, command);
  return { env, cwd, exec };
}

async function inspectAll({ docker, ids }: WatchRequest): Promise<ContainerDetails[] | undefined> {
  try {
    return await Promise.all(ids.map((id) => docker.inspect(id)));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function patience(all: readonly Seen[], { request, context }: Watch, waited: number): number {
  const { ready, changed } = request;
  // What crashed gets the time to prove itself, however short the time is in which it has to be up.
  const proofs = all.map(({ details, age, crashes: { proof } }) =>
    proof > 0 && details.State.Status === "running" ? waited + proof - age + SLACK_MS : 0,
  );
  if (ready?.within !== undefined) return Math.max(ready.within, ...proofs);
  if (context.mustComplete) return COMPLETION_MS;
  const each = all.map(({ details, age }) => {
    if (changed || !hasHealthCheck(details)) return healthDeadline(details, PATIENCE_MS);
    // Nothing was done to it: what is left of its own time, and at least one more word of its probe.
    return Math.max(healthDeadline(details, 0) - (age - waited), probeRound(details)) + SLACK_MS;
  });
  return Math.max(hasProbe(ready) ? PATIENCE_MS : 0, ...each, ...proofs);
}

/** Tells dependents how far this is; returns in how many milliseconds time alone opens the next gate. */
function openGates(all: readonly Seen[], { request, context }: Watch): number {
  const isUp = ({ verdict }: Seen) => verdict.state !== "waiting" || verdict.up;
  if (!all.every(isUp)) return Number.POSITIVE_INFINITY;
  context.opened("started");
  if (hasProbe(request.ready) || context.mustComplete) return Number.POSITIVE_INFINITY;
  let wait = 0;
  for (const { details, age, verdict } of all) {
    if (verdict.state !== "waiting") continue;
    wait = Math.max(wait, hasHealthCheck(details) ? Number.POSITIVE_INFINITY : GATE_MS - age);
  }
  if (wait <= 0) context.opened("healthy");
  return wait <= 0 ? Number.POSITIVE_INFINITY : wait;
}

const recheckOf = (verdict: Verdict): number =>
  verdict.state === "waiting" ? (verdict.recheck ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;

function summary(verdicts: readonly Verdict[]): string {
  const only = verdicts[0];
  if (verdicts.length === 1 && only) return only.detail;
  const completed = verdicts.filter((verdict) => verdict.state === "completed").length;
  const up = verdicts.length - completed;
  return completed === 0 ? `${up} containers are ready` : `${up} containers are ready, ${completed} finished`;
}
