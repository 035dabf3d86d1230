import type { Docker } from "./client.ts";
import type { DockerEvent } from "./types.ts";

const TIMEOUT_MS = 2_000;

/**
 * The exit code of a container's last life that ended since `since` (epoch milliseconds): the engine keeps it in its
 * last events alone once a next life has begun. Undefined when it is not among those.
 */
export async function lastExitSince(docker: Docker, id: string, since: number): Promise<number | undefined> {
  const filters = JSON.stringify({ type: ["container"], container: [id], event: ["die"] });
  const query = new URLSearchParams({
    since: (Math.floor(since / 1000) - 1).toString(),
    until: (Date.now() / 1000).toFixed(3),
    filters,
  });
  const stream = await docker.stream(`/events?${query}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const lines = (await new Response(stream).text()).split("\n").filter((line) => line.trim() !== "");
  const last = lines.at(-1);
  return last === undefined ? undefined : exitCodeOf(JSON.parse(last) as DockerEvent);
}

/** The exit code that a `die` event tells, if it does. */
export function exitCodeOf({ Actor }: Pick<DockerEvent, "Actor">): number | undefined {
  const { exitCode } = Actor.Attributes;
  return exitCode !== undefined && /^\d+$/.test(exitCode) ? Number(exitCode) : undefined;
}
