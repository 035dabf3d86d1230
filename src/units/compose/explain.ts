import type { Docker } from "../../docker/client.ts";
import { lastExitSince } from "../../docker/deaths.ts";
import type { ContainerDetails } from "../../docker/types.ts";
import { HomelabError } from "../../errors.ts";
import type { ServiceView, ViewOptions } from "./facts.ts";
import { currentProbes } from "./judge.ts";
import { inspectIfThere } from "./lookup.ts";
import { secretsOf } from "./secrets.ts";
import { failingCount, sinceOf } from "./since.ts";
import type { Status } from "./state.ts";

const PROBES = 3;
const LOG_LINES = 5;

export interface Probed {
  /** ISO time of its start. */
  readonly at: string;
  readonly exitCode: number;
  readonly output: string;
}

/** What else is known of the container that keeps a service from being ready. Secrets are masked. */
export interface Explanation {
  /** The container that it is about. */
  readonly container?: string | undefined;
  /** ISO time since when it is in this state. */
  readonly since?: string | undefined;
  /** That time is reckoned back. */
  readonly about?: boolean | undefined;
  /** How many of its probes have failed in a row. */
  readonly failing?: number | undefined;
  /** What the last health probes said, oldest first. */
  readonly probes: readonly Probed[];
  /** How often the engine restarted it since somebody started it, and how its last life ended. */
  readonly restarts?: { readonly count: number; readonly at: string; readonly exitCode?: number | undefined };
  /** The container whose network it shares and has lost, and when that was restarted or stopped. */
  readonly lostNetwork?: { readonly of: string; readonly at?: string | undefined };
  /** Its last lines. */
  readonly log: readonly string[];
}

const NOTHING: Explanation = { probes: [], log: [] };

export async function explain(
  view: ServiceView,
  { culprit }: Status,
  { docker, env }: Pick<ViewOptions, "docker" | "env">,
): Promise<Explanation> {
  const details = culprit && (await inspectIfThere(docker, culprit.id));
  if (!culprit || !details) return explainNetwork(view, docker);
  const redact = secretsOf(view, env);
  const since = sinceOf(details);
  const probes = details.State.Status === "running" ? currentProbes(details).slice(-PROBES) : [];
  const failing = failingCount(details);
  const [log, restarts] = await Promise.all([
    docker.logs(culprit.id, LOG_LINES, details.Config.Tty),
    restartsOf(details, docker),
  ]);
  return {
    container: culprit.name,
    ...(since && { since: iso(since.at), ...(since.about && { about: true }) }),
    ...(failing > 0 && { failing }),
    probes: probes.map(({ Start, ExitCode, Output }) => ({
      at: iso(Date.parse(Start)),
      exitCode: ExitCode,
      output: redact(Output.trim()),
    })),
    ...(restarts && { restarts }),
    log: log.map(redact),
  };
}

const iso = (at: number): string => new Date(at).toISOString();

async function restartsOf(
  { Id, State, RestartCount: count }: ContainerDetails,
  docker: Docker,
): Promise<Explanation["restarts"]> {
  if (count === 0) return undefined;
  const ended = Date.parse(State.FinishedAt);
  const exitCode = State.Status === "running" ? await exitIfKnown(docker, Id, ended) : State.ExitCode;
  return { count, at: iso(ended), ...(exitCode !== undefined && { exitCode }) };
}

async function exitIfKnown(docker: Docker, id: string, ended: number): Promise<number | undefined> {
  try {
    return await lastExitSince(docker, id, ended);
  } catch (error) {
    // An engine that keeps no events has nothing to add, and the rest is worth telling.
    if (error instanceof HomelabError || (error as Error).name === "TimeoutError") return undefined;
    throw error;
  }
}

/** Of a service that is up as it should be, and shares the network of a container that is not there any more. */
async function explainNetwork({ containers }: ServiceView, docker: Docker): Promise<Explanation> {
  for (const { id, name, networkOf } of containers) {
    if (networkOf === undefined) continue;
    const [own, lender] = await Promise.all([inspectIfThere(docker, id), inspectIfThere(docker, networkOf)]);
    if (!own) continue;
    if (!lender) return { ...NOTHING, container: name, lostNetwork: { of: networkOf.slice(0, 12) } };
    const { Status, StartedAt, FinishedAt } = lender.State;
    const lost = Status === "running" ? Date.parse(StartedAt) : Date.parse(FinishedAt);
    if (Status === "running" && lost <= Date.parse(own.State.StartedAt)) continue;
    const at = iso(lost);
    const of = lender.Name.replace(/^\//, "");
    return { ...NOTHING, container: name, since: at, lostNetwork: { of, at } };
  }
  return NOTHING;
}
