import { readFileSync } from "node:fs";
import { variable } from "../../os/environment.ts";
import { readRegularFile } from "../../os/file.ts";
import type { Manifest } from "../../store/releases.ts";
import { COMPOSE_FILES, OVERRIDE_FILES } from "./file.ts";

/** Files that compose takes up without being told: they change a project by appearing. */
const TAKEN_UP = [".env", ...COMPOSE_FILES, ...OVERRIDE_FILES];

export const hashText = (text: string | Uint8Array): string =>
  Bun.CryptoHasher.hash("sha256", text, "base64").slice(0, 32);

interface Place {
  readonly path: string;
  readonly files: ReadonlySet<string>;
  readonly special?: ReadonlySet<string> | undefined;
}

/**
 * What differs now from a manifest, in words: ".env", "the variable TZ of the environment".
 * The list of files follows from their contents, so reading them again is enough; nothing is parsed.
 */
export function drift(
  manifest: Manifest,
  { path: dir, files, special }: Place,
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  const changed: string[] = [];
  const known = new Set(manifest.files.map(([path]) => path));
  for (const name of manifest.chosen ? [".env"] : TAKEN_UP)
    if (files.has(name) && !known.has(name)) changed.push(name);
  for (const [path, hash] of manifest.files) {
    // Most names of a manifest are absent ones; the listing is cheaper than failing to open each.
    const absent = !path.includes("/") && !files.has(path);
    if ((absent ? null : hashFile(`${dir}/${path}`, special?.has(path))) !== hash) changed.push(path);
  }
  for (const [name, hash] of manifest.variables) {
    const value = variable(env, name);
    const current = value === undefined ? null : hashText(value);
    if (current !== hash) changed.push(`the variable ${name} of the environment`);
  }
  return changed;
}

/** The same files and variables with what is in them now. */
export function rehash(
  { files, variables, ...rest }: Manifest,
  { path: dir }: { readonly path: string },
  env: Readonly<Record<string, string | undefined>>,
): Manifest {
  const now = (value: string | undefined) => (value === undefined ? null : hashText(value));
  return {
    ...rest,
    files: files.map(([path]) => [path, hashFile(`${dir}/${path}`)] as const),
    variables: variables.map(([name]) => [name, now(variable(env, name))] as const),
  };
}

function hashFile(path: string, special = false): string | null {
  try {
    return hashText(special ? readRegularFile(path) : readFileSync(path));
  } catch {
    // Gone or unreadable: different from what was recorded, and the full reading will say why.
    return null;
  }
}
