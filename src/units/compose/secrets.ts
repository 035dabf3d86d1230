import { join } from "node:path";
import { readRegularFile } from "../../os/file.ts";
import { redactor } from "../../process/redact.ts";
import { parseDotenv } from "./dotenv.ts";
import type { ServiceView } from "./facts.ts";

/**
 * A function that masks what a service's files keep secret: the values of `.env` and of env files, and the whole
 * content of other referenced files that are no YAML (secrets).
 */
export function secretsOf({
  manifest,
  dir,
}: Pick<ServiceView, "manifest" | "dir">): (text: string) => string {
  const values: [string, string][] = [];
  for (const [path, hash] of manifest.files) {
    if (hash === null || /\.ya?ml$/.test(path)) continue;
    const text = readIfThere(join(dir, path));
    const variables = Object.entries(parseDotenv(text));
    values.push(...variables);
    // The padding of a base64 key looks like an assignment, of nothing.
    if (variables.every(([, value]) => /^=*$/.test(value))) values.push(["secret", text]);
  }
  return redactor(values);
}

/** What has gone meanwhile, or cannot be read any more, keeps nothing secret any more that could be known here. */
function readIfThere(path: string): string {
  try {
    return readRegularFile(path).toString("utf8");
  } catch {
    return "";
  }
}
