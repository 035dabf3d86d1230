import type { Docker } from "../../docker/client.ts";
import { isNotFound } from "../../docker/trouble.ts";
import type { ContainerDetails } from "../../docker/types.ts";
import type { ContainerView } from "./observe.ts";

/** States of which the listing does not say enough. */
const UNCLEAR: ReadonlySet<string> = new Set(["created", "removing", "dead"]);

export interface Trouble {
  readonly code: "start-failed" | "removing" | "dead";
  /** A clause that begins with the container's name. */
  readonly text: string;
}

/**
 * What the engine says of containers that are stuck, by their ids. Nothing is asked when none is.
 */
export async function troublesOf(
  containers: readonly ContainerView[],
  docker: Docker,
): Promise<ReadonlyMap<string, Trouble>> {
  const unclear = containers.filter(({ state }) => UNCLEAR.has(state));
  const entries = await Promise.all(
    unclear.map(async (container) => [container.id, await troubleOf(container, docker)] as const),
  );
  return new Map(entries.filter((entry): entry is [string, Trouble] => entry[1] !== undefined));
}

async function troubleOf({ id, name }: ContainerView, docker: Docker): Promise<Trouble | undefined> {
  try {
    return troubleWith(name, (await docker.inspect(id)).State);
  } catch (error) {
    if (isNotFound(error)) return { code: "removing", text: `${name} is being removed` };
    throw error;
  }
}

/** Undefined for a container that was made and never started, and for one that came out of it meanwhile. */
export function troubleWith(
  name: string,
  { Status, Error: error }: Pick<ContainerDetails["State"], "Status" | "Error">,
): Trouble | undefined {
  switch (Status) {
    case "created":
      return error === ""
        ? undefined
        : { code: "start-failed", text: `${name} could not be started before: ${error}` };
    case "removing":
      return { code: "removing", text: `${name} is being removed` };
    case "dead":
      return {
        code: "dead",
        text: `${name} is dead: it could not be removed${error === "" ? "" : `: ${error}`}`,
      };
    default:
      return undefined;
  }
}
