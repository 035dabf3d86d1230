import type { Docker } from "../../docker/client.ts";
import { HomelabError } from "../../errors.ts";
import type { Decision } from "./decide.ts";
import type { ServiceView } from "./facts.ts";
import { isUp } from "./observe.ts";

/**
 * Why an update that would have to go back by itself must not be made: an image of what runs is not here any more, so
 * that there is no way back. Undefined when there is one, or when nothing runs that could be lost.
 */
export async function missingWayBack(
  docker: Docker,
  { recipe, release, containers }: ServiceView,
  { updates }: Decision,
): Promise<HomelabError | undefined> {
  if (recipe.rollback !== "auto" || !updates || !release || !containers.some(isUp)) return undefined;
  for (const { image, imageId } of release.containers) {
    if (await docker.hasImage(imageId)) continue;
    return new HomelabError(
      "refused",
      `\`${recipe.name}\` is not updated: its recipe says \`rollback: auto\`, and there would be no way back, for its image of ${image} (${imageId.slice(7, 19)}) is no longer here`,
      {
        hint: `what runs is left alone; \`homelab ensure ${recipe.name} --force\` updates it without a way back`,
      },
    );
  }
  return undefined;
}
