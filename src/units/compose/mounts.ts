import { position } from "../../book/position.ts";
import type { ServiceRecipe } from "../../book/types.ts";
import { HomelabError } from "../../errors.ts";
import { isMounted } from "../../os/mounts.ts";

/**
 * Throws `refused` for a path of the recipe on which nothing is mounted: on the bare directory of an unmounted disk
 * a service would find an empty library, and act on it. `mounted`: undefined where it cannot be known.
 */
export async function requireMounts(
  root: string,
  { name, mounts, origin }: ServiceRecipe,
  mounted: ReadonlySet<string> | undefined,
): Promise<void> {
  const index = mounted ? mounts.findIndex((path) => !isMounted(path, mounted)) : -1;
  if (index < 0) return;
  const path = mounts[index];
  throw new HomelabError("refused", `\`${name}\` needs ${path}, and nothing is mounted there`, {
    position: await position(root, origin, ["mounts", index]),
    hint: `mount it, then run again: \`mount ${path}\`, \`findmnt\` shows what is mounted`,
  });
}
