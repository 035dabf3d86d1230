import type { ContainerDetails } from "../../docker/types.ts";
import { currentProbes } from "./judge.ts";

export interface Since {
  /** Epoch milliseconds, by the engine's clock. */
  readonly at: number;
  /** Reckoned back: the engine keeps only the last probes. */
  readonly about: boolean;
}

/**
 * Since when a container has been what it is: of one that is down, the end of its last life; of one whose probes fail,
 * the first failing probe of the unbroken row at the end; else the beginning of its life. Undefined for a paused one.
 */
export function sinceOf(details: ContainerDetails): Since | undefined {
  const { State, Created } = details;
  if (State.Status === "paused") return undefined;
  const started = Date.parse(State.StartedAt);
  if (State.Status !== "running") {
    const ended = Date.parse(State.FinishedAt);
    // The engine's word for never is the year 1.
    return exact(ended > 0 ? ended : Date.parse(Created));
  }
  const row = failingRow(details);
  const [first] = row;
  if (!first) return exact(started);
  const begun = Date.parse(first.Start);
  const unseen = (State.Health?.FailingStreak ?? 0) - row.length;
  if (unseen <= 0 || row.length < currentProbes(details).length) return exact(begun);
  const last = Date.parse(row.at(-1)?.Start ?? first.Start);
  const between = row.length > 1 ? (last - begun) / (row.length - 1) : 0;
  return { at: Math.max(started, begun - unseen * between), about: true };
}

const exact = (at: number): Since | undefined => (Number.isFinite(at) ? { at, about: false } : undefined);

/** How many probes in a row have failed. */
export const failingCount = (details: ContainerDetails): number =>
  details.State.Status === "running"
    ? Math.max(failingRow(details).length, details.State.Health?.FailingStreak ?? 0)
    : 0;

function failingRow(details: ContainerDetails) {
  const probes = currentProbes(details);
  return probes.slice(probes.findLastIndex(({ ExitCode }) => ExitCode === 0) + 1);
}
