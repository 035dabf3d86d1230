import type { ServiceRecipe } from "../../book/types.ts";
import type { Pin } from "../../store/pins.ts";
import { normalizeImage } from "./decide.ts";
import { drift } from "./manifest.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whether a pin still holds: the files and images are those that the service was taken away from. With any others
 * it is tried again.
 */
export function holds(
  { refused }: Pin,
  recipe: ServiceRecipe,
  images: ReadonlyMap<string, string>,
  env: Environment,
): boolean {
  const moved = refused.images.some(
    ([reference, id]) => (images.get(normalizeImage(reference)) ?? id) !== id,
  );
  return !moved && drift(refused.manifest, recipe, env).length === 0;
}
