import type { Docker } from "../../docker/client.ts";
import type { ContainerView } from "./observe.ts";

/** Compose's name for a new container until the old one is gone: the old one's id and the name that it takes over. */
const TAKING_OVER = /^[0-9a-f]{12}_(.+)$/;

/** The name that a container was about to take over when the switch was broken off. */
const nameToTake = ({ name }: Pick<ContainerView, "name">): string | undefined => TAKING_OVER.exec(name)?.[1];

/** A container that a switch left behind under a name that is not its own: nobody finds it by that. */
export const halfSwitched = (containers: readonly ContainerView[]): ContainerView | undefined =>
  containers.find((container) => nameToTake(container) !== undefined);

/**
 * Ends switches of one service that were broken off. Where the old container is still there, the new one is taken
 * away and can be made again; where it is gone, the new one gets its name. Volumes stay. Returns whether there were any.
 */
export async function endSwitches(docker: Docker, containers: readonly ContainerView[]): Promise<boolean> {
  const names = new Set(containers.map(({ name }) => name));
  let found = false;
  for (const container of containers) {
    const name = nameToTake(container);
    if (name === undefined) continue;
    found = true;
    if (names.has(name)) {
      await docker.remove(container.id);
      continue;
    }
    await docker.rename(container.id, name);
    names.add(name);
  }
  return found;
}
