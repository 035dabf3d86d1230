import { type Home, textsOf } from "./home.ts";

const SECRET = /[0-9a-f]{12,}/g;
const KEEPS_SECRETS = /\.env$|pass\.txt$/;
/** What stands where a name stands is shown as one. */
const NAMES = /^[ \t]*(?:export[ \t]+)?[\w.-]+(?=\s{0,20}[=:])/gm;
/** Compose files that an environment file names are files like any other. A value may begin on the next line. */
const FILES = /COMPOSE_FILE[^\n\r]*(?:[\n\r]+[^\n\r]*)?/g;

/** The values that are planted in the environment files of a homelab, as far as they still are values. */
export function secretsIn(home: Home): string[] {
  const kept = [...textsOf(home)].filter(([path]) => KEEPS_SECRETS.test(path)).map(([, text]) => text);
  const shown = kept
    .flatMap((text) => [...(text.match(NAMES) ?? []), ...(text.match(FILES) ?? [])])
    .join("\n");
  return kept.flatMap((text) => text.match(SECRET) ?? []).filter((secret) => !shown.includes(secret));
}
