import type { Docker } from "../../docker/client.ts";
import type { ContainerDetails } from "../../docker/types.ts";
import { spanWords } from "../span.ts";
import { inspectIfThere } from "./lookup.ts";
import { type ContainerView, isUp } from "./observe.ts";

/** What the engine gives a container that asks for nothing else, in seconds. Nobody has to be told of it. */
const USUAL = 10;

/** The container that may take longest to stop. */
export interface Grace {
  readonly name: string;
  /** Milliseconds; infinite for one that is never killed. */
  readonly ms: number;
}

/** Which of the containers that are up may take longer to stop than usual; undefined when none may. */
export async function longestGrace(
  docker: Docker,
  containers: readonly ContainerView[],
): Promise<Grace | undefined> {
  const details = await Promise.all(containers.filter(isUp).map(({ id }) => inspectIfThere(docker, id)));
  return graceOf(details.filter((each) => each !== undefined));
}

export function graceOf(containers: readonly Pick<ContainerDetails, "Name" | "Config">[]): Grace | undefined {
  let longest: Grace | undefined;
  for (const { Name, Config } of containers) {
    const seconds = Config.StopTimeout ?? USUAL;
    const ms = seconds < 0 ? Number.POSITIVE_INFINITY : seconds * 1000;
    if (ms > (longest?.ms ?? USUAL * 1000)) longest = { name: Name.replace(/^\//, ""), ms };
  }
  return longest;
}

/** `docker compose stop (web-app-1 may take up to 5 min to stop)`. */
export function withGrace(note: string, grace: Grace | undefined): string {
  return grace === undefined ? note : `${note} (${graceWords(grace)})`;
}

export const graceWords = ({ name, ms }: Grace): string =>
  `${name} may take ${Number.isFinite(ms) ? `up to ${spanWords(ms)}` : "as long as it likes"} to stop`;
