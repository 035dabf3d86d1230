import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * What a service was made from: hashes of its files (paths relative to its directory; null: not there) and of
 * the variables that its compose files take from outside `.env` (null: not set). Contents are not kept.
 */
export interface Manifest {
  readonly files: readonly (readonly [path: string, hash: string | null])[];
  readonly variables: readonly (readonly [name: string, hash: string | null])[];
}

export const hashText = (text: string | Uint8Array): string =>
  new Bun.CryptoHasher("sha256").update(text).digest("base64").slice(0, 32);

/**
 * What differs now from a manifest, in words: ".env", "the variable TZ of the environment".
 * The list of files follows from their contents, so reading them again is enough; nothing is parsed.
 */
export function drift(
  manifest: Manifest,
  absoluteDir: string,
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  const changed: string[] = [];
  // Most names of a manifest are absent ones; one listing is cheaper than failing to open each.
  const present = listing(absoluteDir);
  for (const [path, hash] of manifest.files) {
    const absent = !path.includes("/") && !present.has(path);
    if ((absent ? null : hashFile(join(absoluteDir, path))) !== hash) changed.push(path);
  }
  for (const [name, hash] of manifest.variables) {
    const value = env[name];
    const current = value === undefined ? null : hashText(value);
    if (current !== hash) changed.push(`the variable ${name} of the environment`);
  }
  return changed;
}

function listing(dir: string): Set<string> {
  try {
    return new Set(readdirSync(dir));
  } catch {
    // The directory is gone: so are its files, which is what the caller finds out.
    return new Set();
  }
}

function hashFile(path: string): string | null {
  try {
    return hashText(readFileSync(path));
  } catch {
    // Gone or unreadable: different from what was recorded, and the full reading will say why.
    return null;
  }
}
