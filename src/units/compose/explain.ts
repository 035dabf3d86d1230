import type { ServiceView, ViewOptions } from "./facts.ts";
import { currentProbes } from "./judge.ts";
import { secretsOf } from "./secrets.ts";
import type { Status } from "./state.ts";

const PROBES = 3;
const LOG_LINES = 5;

/** What else is known of the container that keeps a service from being ready. Secrets are masked. */
export interface Explanation {
  /** ISO time since when it is in this state. */
  readonly since?: string | undefined;
  /** What the last health probes said, oldest first. */
  readonly probes: readonly { readonly exitCode: number; readonly output: string }[];
  /** Its last lines. */
  readonly log: readonly string[];
}

export async function explain(
  view: ServiceView,
  { culprit }: Status,
  { docker, env }: Pick<ViewOptions, "docker" | "env">,
): Promise<Explanation> {
  if (!culprit) return { probes: [], log: [] };
  const details = await docker.inspect(culprit.id);
  const log = await docker.logs(culprit.id, LOG_LINES, details.Config.Tty);
  const redact = secretsOf(view, env);
  const probes = currentProbes(details).slice(-PROBES);
  const { State } = details;
  const since = State.Status === "running" ? (probes[0]?.Start ?? State.StartedAt) : State.FinishedAt;
  return {
    since: Date.parse(since) > 0 ? new Date(since).toISOString() : undefined,
    probes: probes.map(({ ExitCode, Output }) => ({ exitCode: ExitCode, output: redact(Output.trim()) })),
    log: log.map(redact),
  };
}
