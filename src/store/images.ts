import { join } from "node:path";
import { readShared, sharedDirectory, writeShared } from "./shared.ts";

/** Ids of images by root and service: those of its current release, and those of the one before with other ones. */
type Kept = Record<string, Record<string, string[][]>>;

/** Releases of a service whose images are kept. */
export const KEPT_RELEASES = 2;

/**
 * Notes beside the repository's own data which images a service needs, for those whose state directory is another one:
 * what an admin deployed, root's cron is not to clean away. Outside of a repository there is no such place. Returns
 * why it could not be written.
 */
export function noteImages(root: string, name: string, ids: readonly string[]): string | undefined {
  const path = placeOf(root);
  if (path === undefined) return undefined;
  const all = read(path);
  const own = [...new Set(ids)].sort();
  const before = all[root]?.[name] ?? [];
  if (before[0]?.join() === own.join()) return undefined;
  const others = before.filter((each) => each.join() !== own.join());
  const kept = [own, ...others].slice(0, KEPT_RELEASES);
  try {
    writeShared(path, { ...all, [root]: { ...all[root], [name]: kept } });
    return undefined;
  } catch (error) {
    return `${path} cannot be written (${(error as NodeJS.ErrnoException).code})`;
  }
}

/** Ids of all images that are noted in the repository of a root. */
export function notedImages(root: string): string[] {
  const path = placeOf(root);
  if (path === undefined) return [];
  return Object.values(read(path)).flatMap((services) => Object.values(services).flat(2));
}

function placeOf(root: string): string | undefined {
  const dir = sharedDirectory(root);
  return dir && join(dir, "images.json");
}

const read = (path: string): Kept => readShared<Kept>(path) ?? {};
