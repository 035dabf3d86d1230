import type { Ready } from "../../book/types.ts";
import { now } from "../../clock.ts";
import { type Docker, isNotFound } from "../../docker/client.ts";
import type { EventHub } from "../../docker/hub.ts";
import type { ContainerDetails } from "../../docker/types.ts";
import type { StepContext } from "../driver.ts";
import { hasProbe, probe } from "../probe.ts";
import { hasHealthCheck, healthDeadline, judge, probeRound, type Verdict } from "./judge.ts";

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
/** Between two tries of a probe. */
const PROBE_PAUSE_MS = 250;
/** Even when nothing happens, the engine is asked again after this long. */
const LOOK_AGAIN_MS = 5_000;

export interface WatchRequest {
  readonly docker: Docker;
  readonly hub: EventHub;
  readonly ids: readonly string[];
  readonly ready?: Ready | undefined;
  /** Restart counts of an earlier look, by container id. */
  readonly restarts: ReadonlyMap<string, number>;
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

/** Waits until containers are ready, by the engine's word and by events; no process is started for it. */
export async function watch(request: WatchRequest, context: StepContext): Promise<Watched> {
  const began = now();
  for (;;) {
    const seen = await look(request, context);
    if ("ok" in seen) return seen;
    const { containers, detail, culprit } = seen;
    // Known better once probes have spoken, so it is asked for each time.
    const waited = now() - began;
    const left = patience(containers, request, context, waited) - waited;
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
  readonly containers: readonly ContainerDetails[];
  readonly detail: string;
  readonly culprit: ContainerDetails | undefined;
  readonly recheck: number;
}

async function look(request: WatchRequest, context: StepContext): Promise<Watched | Undecided> {
  const containers = await inspectAll(request);
  if (!containers)
    return { ok: false, detail: "a container was removed while it was watched", containers: [] };
  const verdicts = containers.map((details) =>
    judge(details, age(details), standard(details, request, context)),
  );
  const failed = verdicts.findIndex((verdict) => verdict.state === "failed");
  if (failed >= 0) {
    return { ok: false, detail: verdicts[failed]?.detail ?? "", containers, culprit: containers[failed] };
  }
  const gateIn = openGates(containers, verdicts, request, context);
  const waiting = verdicts.findIndex((verdict) => verdict.state === "waiting");
  if (waiting >= 0) {
    const recheck = Math.min(...verdicts.map(recheckOf), gateIn);
    return { containers, detail: verdicts[waiting]?.detail ?? "", culprit: containers[waiting], recheck };
  }
  const problem = request.ready && (await probe(request.ready, request.env, request.cwd));
  if (!problem) return { ok: true, detail: summary(verdicts), containers };
  return { containers, detail: problem, culprit: containers[0], recheck: PROBE_PAUSE_MS };
}

async function inspectAll({ docker, ids }: WatchRequest): Promise<ContainerDetails[] | undefined> {
  try {
    return await Promise.all(ids.map((id) => docker.inspect(id)));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function standard(
  details: ContainerDetails,
  { ready, restarts }: WatchRequest,
  { mustComplete }: StepContext,
) {
  return {
    stable: ready?.stable ?? STABLE_MS,
    mustRun: hasProbe(ready),
    mustComplete,
    restartsBefore: restarts.get(details.Id) ?? 0,
  };
}

function patience(
  containers: readonly ContainerDetails[],
  { ready, changed }: WatchRequest,
  { mustComplete }: StepContext,
  waited: number,
): number {
  if (ready?.within !== undefined) return ready.within;
  if (mustComplete) return COMPLETION_MS;
  const each = containers.map((details) => {
    if (changed || !hasHealthCheck(details)) return healthDeadline(details, PATIENCE_MS);
    // Nothing was done to it: what is left of its own time, and at least one more word of its probe.
    return Math.max(healthDeadline(details, 0) - (age(details) - waited), probeRound(details)) + SLACK_MS;
  });
  return Math.max(hasProbe(ready) ? PATIENCE_MS : 0, ...each);
}

/** Tells dependents how far this is; returns in how many milliseconds time alone opens the next gate. */
function openGates(
  containers: readonly ContainerDetails[],
  verdicts: readonly Verdict[],
  { ready }: WatchRequest,
  context: StepContext,
): number {
  const isUp = (verdict: Verdict) => verdict.state !== "waiting" || verdict.up;
  if (!verdicts.every(isUp)) return Number.POSITIVE_INFINITY;
  context.opened("started");
  if (hasProbe(ready) || context.mustComplete) return Number.POSITIVE_INFINITY;
  let wait = 0;
  for (const [index, verdict] of verdicts.entries()) {
    const details = containers[index];
    if (verdict.state !== "waiting" || !details) continue;
    wait = Math.max(wait, hasHealthCheck(details) ? Number.POSITIVE_INFINITY : GATE_MS - age(details));
  }
  if (wait <= 0) context.opened("healthy");
  return wait <= 0 ? Number.POSITIVE_INFINITY : wait;
}

const recheckOf = (verdict: Verdict): number =>
  verdict.state === "waiting" ? (verdict.recheck ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;

/** By the engine's clock and ours, which are the same on one machine; never negative. */
const age = (details: ContainerDetails): number =>
  Math.max(0, Date.now() - Date.parse(details.State.StartedAt));

function summary(verdicts: readonly Verdict[]): string {
  const only = verdicts[0];
  if (verdicts.length === 1 && only) return only.detail;
  const completed = verdicts.filter((verdict) => verdict.state === "completed").length;
  const up = verdicts.length - completed;
  return completed === 0 ? `${up} containers are ready` : `${up} containers are ready, ${completed} finished`;
}
