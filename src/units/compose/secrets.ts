import { join } from "node:path";
import { HomelabError } from "../../errors.ts";
import { NO_FILE, readRegularFile } from "../../os/file.ts";
import { redactor } from "../../process/redact.ts";
import { parseDotenv } from "./dotenv.ts";
import { assignments, composeValue, readings } from "./envfile.ts";
import type { ServiceView } from "./facts.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Files that are named relative to a directory, as a manifest has them. */
export type SecretPlace = Pick<ServiceView, "manifest" | "dir">;

/**
 * A function that masks what a service's files keep secret: the values of `.env` and of env files, in every way in
 * which they can be read, and the whole content of other referenced files that are no YAML (secrets). `env`: what
 * values may refer to.
 */
export function secretsOf({ manifest, dir }: SecretPlace, env: Environment): (text: string) => string {
  const paths = manifest.files.filter(([, hash]) => hash !== null).map(([path]) => join(dir, path));
  return secretsOfFiles(paths, env);
}

/** The same of files by their absolute paths. */
export function secretsOfFiles(paths: Iterable<string>, env: Environment): (text: string) => string {
  const values: [string, string][] = [];
  const known: Record<string, string> = {};
  const lookups = [
    (name: string) => env[name] ?? known[name],
    (name: string) => known[name] ?? env[name],
  ] as const;
  for (const path of new Set(paths)) {
    if (/\.ya?ml$/.test(path)) continue;
    const text = readIfThere(path);
    const found = assignments(text);
    for (const { name, written } of found) {
      for (const value of readings(written, lookups)) values.push([name, value]);
      known[name] = composeValue(written, lookups[0]);
    }
    values.push(...Object.entries(parseDotenv(text)));
    // The padding of a base64 key looks like an assignment, of nothing.
    if (found.every(({ written }) => /^=*$/.test(written))) values.push(["secret", text]);
  }
  return redactor(values);
}

/** What has gone meanwhile keeps nothing secret any more that could be known here, and neither does what is no file. */
function readIfThere(path: string): string {
  try {
    return readRegularFile(path).toString("utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (["ENOENT", "ENOTDIR", "EISDIR", NO_FILE].includes(code)) return "";
    throw new HomelabError("permission", `${path} cannot be read (${code}), so its values cannot be masked`, {
      hint: "run as its owner: `ls -l` shows who that is",
      cause: error,
    });
  }
}
