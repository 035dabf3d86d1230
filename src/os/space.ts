import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { HomelabError } from "../errors.ts";

/** With less than this, databases of services break in the middle of a write. */
export const LEAST_FREE = 200e6;

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/**
 * Bytes that have to be free before something is pulled or made: `$HOMELAB_MIN_FREE` (`500MB`, `2G`, `0` for none),
 * else 200 MB. Throws `usage` for a value that is no size.
 */
export function leastFree(text: string | undefined): number {
  if (text === undefined || text.trim() === "") return LEAST_FREE;
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)B?$/i.exec(text.trim());
  if (match) return Number(match[1]) * (UNITS[(match[2] ?? "").toUpperCase()] ?? 1);
  throw new HomelabError("usage", `HOMELAB_MIN_FREE is \`${text}\`, which is no size`, {
    hint: "write it like `500MB` or `2GB`; `0` asks for no free space",
  });
}

/**
 * Bytes that are free for this user on the disk of a path, or of the nearest directory above it that is there.
 * Undefined where it cannot be known.
 */
export function freeBytes(path: string): number | undefined {
  let there = path;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  try {
    const { bavail, bsize } = statfsSync(there);
    return bavail * bsize;
  } catch {
    // Not for this user.
    return undefined;
  }
}

export interface DiskSpace {
  readonly path: string;
  /** Bytes. */
  readonly free: number;
}

/** The free space of a directory of this machine; undefined when it is none, or cannot be asked. */
export function spaceOf(path: string): DiskSpace | undefined {
  const free = existsSync(path) ? freeBytes(path) : undefined;
  return free === undefined ? undefined : { path, free };
}
