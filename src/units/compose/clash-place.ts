import { join } from "node:path";
import type { ServiceRecipe } from "../../book/types.ts";
import type { Position } from "../../errors.ts";
import { COMPOSE_FILES, positionOf } from "./file.ts";

/** The place of a text in a service's compose file, where it stands there as such. */
export function placeOf({ path, dir, files }: ServiceRecipe, needle: string): Position | undefined {
  const file = COMPOSE_FILES.find((name) => files.has(name));
  return file ? positionOf(join(path, file), join(dir, file), needle) : undefined;
}
