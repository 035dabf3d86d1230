import type { ReadyExec } from "../../book/types.ts";
import type { Docker } from "../../docker/client.ts";
import { exec } from "../../docker/exec.ts";
import { HomelabError } from "../../errors.ts";

/** One try may take this long, in milliseconds: the answer may come from the other side of the world. */
const TRY_MS = 10_000;

/** A container in which a command can be tried. */
export interface Place {
  readonly id: string;
  readonly name: string;
  /** Its compose service. */
  readonly service: string;
  readonly running: boolean;
}

/**
 * Tries `ready.exec` once. What cannot be tried is not ready: there is no container, or no such program in it.
 * Undefined when it ended with 0; otherwise what was seen instead.
 */
export async function probeInside(
  docker: Docker,
  places: readonly Place[],
  { service, command }: ReadyExec,
): Promise<string | undefined> {
  const place = places.find((each) => each.service === service && each.running);
  if (!place) {
    const known = [...new Set(places.map((each) => each.service))].sort().join(", ");
    return `\`ready.exec\` asks the compose service \`${service}\`, which has no running container (there are: ${known})`;
  }
  const what = `\`${command.join(" ")}\` in ${place.name}`;
  try {
    const { exitCode, said } = await exec(docker, place.id, command, TRY_MS);
    if (exitCode === 0) return undefined;
    if (exitCode === undefined) return `${what} took longer than ${TRY_MS / 1000} s`;
    return `${what} ended with exit code ${exitCode}${said === "" ? "" : `: ${said}`}`;
  } catch (error) {
    if (!(error instanceof HomelabError)) throw error;
    return `${what} could not be tried: ${error.message}`;
  }
}
