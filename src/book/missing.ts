import { statSync } from "node:fs";
import { join } from "node:path";
import { HomelabError } from "../errors.ts";
import { position } from "./position.ts";
import type { Book, Recipe, ServiceRecipe } from "./types.ts";

/** The first recipe that needs the one of this name. */
export function neederOf(book: Book, name: string): Recipe | undefined {
  return [...book.recipes.values()].find((other) => other.needs.some((need) => need.name === name));
}

/** The error for a service that is wanted but not `present`: by `neededBy` when another recipe needs it. */
export async function missingDirectory(
  book: Book,
  service: ServiceRecipe,
  neededBy?: Recipe,
): Promise<HomelabError> {
  const what = isThere(join(book.root, service.dir))
    ? `\`${service.dir}\` has no compose file`
    : `there is no directory \`${service.dir}\``;
  const message = neededBy
    ? `\`${neededBy.name}\` needs \`${service.name}\`, but ${what}`
    : `service \`${service.name}\` is not there: ${what}`;
  const index = neededBy?.needs.findIndex((need) => need.name === service.name) ?? -1;
  const place =
    index >= 0
      ? await position(book.root, neededBy?.origin, ["needs", index, "name"])
      : await position(book.root, service.origin, [], { key: true });
  return new HomelabError("missing-directory", message, {
    hint: `add it with \`homelab add ${service.name}\``,
    position: place,
  });
}

/** Whether something is there. What stands in the way of asking is not the directory of a service either. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}
