import type { ContainerDetails, HealthProbe } from "../../docker/types.ts";
import { spanWords } from "../span.ts";
import type { Crashes } from "./crashes.ts";

/** What is asked of a container before it counts as ready. Milliseconds. */
export interface Standard {
  /** How long it must have been up when it has no health check. */
  readonly stable: number;
  /** It has to serve: leaving with exit code 0 is not enough. */
  readonly mustRun: boolean;
  /** It has to finish: being up is not enough. */
  readonly mustComplete: boolean;
  /** What its restarts say of it. */
  readonly crashes: Crashes;
  /** The exit code with which its life before ended, where that is known while it runs. */
  readonly lastExit?: number | undefined;
}

export type Verdict =
  | { readonly state: "ready" | "completed"; readonly detail: string }
  /** `recheck`: milliseconds after which time alone can change the verdict. */
  | { readonly state: "waiting"; readonly detail: string; readonly up: boolean; readonly recheck?: number }
  | { readonly state: "failed"; readonly detail: string };

/**
 * Judges one container by what the engine says now. `age` is how long its current life has lasted, in
 * milliseconds. Health counts only while it runs: the engine keeps the last word of a former life otherwise.
 */
export function judge(details: ContainerDetails, age: number, standard: Standard): Verdict {
  const name = details.Name.replace(/^\//, "");
  const { State } = details;
  const goesOn = State.Status === "running" || State.Status === "restarting";
  if (goesOn && standard.crashes.loop) {
    return { state: "failed", detail: `${name} ${loopWords(details, age, standard)}${oom(details)}` };
  }
  switch (State.Status) {
    case "running":
      return judgeRunning(details, name, age, standard);
    case "restarting":
      return {
        state: "waiting",
        detail: `${name} restarts after exit code ${State.ExitCode}${oom(details)}`,
        up: false,
      };
    case "created":
      return State.Error
        ? { state: "failed", detail: `${name} could not start: ${State.Error}` }
        : { state: "waiting", detail: `${name} is created`, up: false };
    case "exited":
      return judgeExited(details, name, standard);
    default:
      return { state: "failed", detail: `${name} is ${State.Status}` };
  }
}

function judgeRunning(details: ContainerDetails, name: string, age: number, standard: Standard): Verdict {
  if (standard.mustComplete) return { state: "waiting", detail: `${name} has not finished yet`, up: true };
  const { proof } = standard.crashes;
  const health = details.State.Health;
  const checked = health && health.Status !== "none";
  if (checked && (health.Status !== "healthy" || isStale(details))) {
    const words = health.Status === "unhealthy" ? unhealthy(details) : "health: starting";
    return { state: "waiting", detail: `${name}: ${words}`, up: proof === 0 };
  }
  const wanted = Math.max(checked ? 0 : standard.stable, proof);
  if (age >= wanted) return { state: "ready", detail: checked ? `${name} is healthy` : `${name} is up` };
  const after = standard.lastExit === undefined ? "a crash" : `exit code ${standard.lastExit}`;
  return {
    state: "waiting",
    detail:
      proof > 0
        ? `${name} is up again after ${after}; watching that it stays up for ${spanWords(proof)}`
        : `${name} is up; watching that it stays up`,
    // After a crash it has to prove itself for the whole time before others may build on it.
    up: proof === 0,
    recheck: wanted - age,
  };
}

/** `keeps crashing: 5 restarts in 4 min, exit code 1`; how long is left out where it is a matter of seconds. */
function loopWords({ State, RestartCount }: ContainerDetails, age: number, standard: Standard): string {
  const { count, since } = standard.crashes;
  const span = Date.parse(State.StartedAt) + age - since;
  const within = span >= MINUTE_MS && Number.isFinite(span) ? ` in ${spanWords(span)}` : "";
  const exit = State.Status === "running" ? standard.lastExit : State.ExitCode;
  const times = Math.max(count, 0) || RestartCount;
  return `keeps crashing: ${times} restarts${within}${exit === undefined ? "" : `, exit code ${exit}`}`;
}

const MINUTE_MS = 60_000;

/** Whether all that was probed is of a former life: then the word of it is, too. */
function isStale(details: ContainerDetails): boolean {
  const log = details.State.Health?.Log ?? [];
  return log.length > 0 && currentProbes(details).length === 0;
}

function judgeExited(details: ContainerDetails, name: string, standard: Standard): Verdict {
  const { ExitCode, Error: error } = details.State;
  if (ExitCode === 0 && isOneShot(details) && !standard.mustRun) {
    return { state: "completed", detail: `${name} finished with exit code 0` };
  }
  const why = error ? `: ${error}` : oom(details);
  return { state: "failed", detail: `${name} exited with code ${ExitCode}${why}` };
}

/** Whether a container that left with 0 did what it is for: nothing says that it should stay. */
export function isOneShot(details: ContainerDetails): boolean {
  const policy = details.HostConfig.RestartPolicy?.Name ?? "";
  const stays = policy === "always" || policy === "unless-stopped";
  const serves = Object.keys(details.HostConfig.PortBindings ?? {}).length > 0;
  return !stays && !serves && !hasHealthCheck(details);
}

export function hasHealthCheck(details: ContainerDetails): boolean {
  const test = details.Config.Healthcheck?.Test ?? [];
  return test.length > 0 && test[0] !== "NONE";
}

/** The probes of the current life, oldest first. The engine keeps those of the last life in the same list. */
export function currentProbes(details: ContainerDetails): HealthProbe[] {
  const started = Date.parse(details.State.StartedAt);
  return (details.State.Health?.Log ?? []).filter((probe) => Date.parse(probe.Start) >= started);
}

const NANO_PER_MS = 1e6;
const DEFAULT_MS = 30_000;

/**
 * How long a container may honestly take to become healthy, in milliseconds: the start period, then as many
 * failing probes as it takes to be called unhealthy, and one more; at least `least`, which is also the answer for
 * a container without health check.
 */
export function healthDeadline(details: ContainerDetails, least: number): number {
  if (!hasHealthCheck(details)) return least;
  const { startPeriod, interval, retries } = timing(details);
  return Math.max(least, startPeriod + retries * probeRound(details) + interval);
}

/** How long until the next probe has spoken, in milliseconds. */
export function probeRound(details: ContainerDetails): number {
  const { interval, timeout } = timing(details);
  // What probes of this life took says more than the timeout, which is 30 s unless somebody set it.
  const took = currentProbes(details).map((probe) => Date.parse(probe.End) - Date.parse(probe.Start));
  return interval + Math.min(timeout, took.length > 0 ? Math.max(...took) : timeout);
}

/** The engine's defaults fill what the health check leaves open. Milliseconds. */
function timing({ Config }: ContainerDetails) {
  const check = Config.Healthcheck ?? {};
  return {
    startPeriod: (check.StartPeriod ?? 0) / NANO_PER_MS,
    interval: (check.Interval ?? 0) / NANO_PER_MS || DEFAULT_MS,
    timeout: (check.Timeout ?? 0) / NANO_PER_MS || DEFAULT_MS,
    retries: check.Retries || 3,
  };
}

function unhealthy(details: ContainerDetails): string {
  const last = currentProbes(details).at(-1);
  const said = last?.Output.trim().split("\n").at(-1);
  return said ? `unhealthy: the last probe said: ${said}` : "unhealthy";
}

const oom = (details: ContainerDetails): string => (details.State.OOMKilled ? ": killed, out of memory" : "");
