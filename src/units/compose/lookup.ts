import type { Docker } from "../../docker/client.ts";
import { isNotFound } from "../../docker/trouble.ts";
import type { ContainerDetails } from "../../docker/types.ts";

/** What the engine says of a container; undefined for one that has gone. */
export async function inspectIfThere(docker: Docker, id: string): Promise<ContainerDetails | undefined> {
  try {
    return await docker.inspect(id);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
