import infrastructure from "../../recipes/infrastructure.yml" with { type: "text" };
import media from "../../recipes/media.yml" with { type: "text" };
import monitoring from "../../recipes/monitoring.yml" with { type: "text" };
import selfhosting from "../../recipes/selfhosting.yml" with { type: "text" };

export const BUILTIN_PREFIX = "builtin:";

/** The shipped book: text of each file under the name by which `include` takes it in. */
export const BUILTIN_FILES: ReadonlyMap<string, string> = new Map<string, string>([
  ["builtin:infrastructure", infrastructure],
  ["builtin:media", media],
  ["builtin:monitoring", monitoring],
  ["builtin:selfhosting", selfhosting],
]);
