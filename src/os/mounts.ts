import { existsSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Octal escapes as the kernel and /etc/fstab write them: `\040` for a space. */
const plain = (field: string): string =>
  field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Mount points in the text of /proc/self/mountinfo, whose fifth field has them with octal escapes. */
export function parseMountInfo(text: string): Set<string> {
  return new Set(
    text
      .split("\n")
      .map((line) => line.split(" ")[4])
      .filter((field) => field !== undefined)
      .map(plain),
  );
}

/**
 * Whether a path is there and on something that was mounted: itself a mount point, or below one other than `/`.
 * The directory under a disk that is not mounted is there as well, but it belongs to the root file system.
 */
export function isMounted(path: string, points: ReadonlySet<string>): boolean {
  if (!existsSync(path)) return false;
  for (let at = path.replace(/\/+$/, ""); at !== ""; at = at.slice(0, at.lastIndexOf("/"))) {
    if (points.has(at)) return true;
  }
  return false;
}

/** What is mounted now. Undefined where the system does not tell (no Linux). */
export function mountPoints(): Set<string> | undefined {
  return existsSync("/proc/self/mountinfo")
    ? parseMountInfo(readFileSync("/proc/self/mountinfo", "utf8"))
    : undefined;
}

/** Mount points in the text of /etc/fstab, less the root directory, and what is mounted nowhere (swap). */
export function parseFstab(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => plain(line.split(/\s+/)[1] ?? ""))
    .map((point) => point.replace(/\/+$/, ""))
    .filter((point) => point.startsWith("/"));
}

/** The mount points of /etc/fstab, links resolved. Empty where there is no such file. */
export function fstabPoints(): string[] {
  try {
    return parseFstab(readFileSync("/etc/fstab", "utf8")).map(resolved);
  } catch {
    // None, or not for this user: nothing is known of disks that should be there.
    return [];
  }
}

/**
 * The mount point of /etc/fstab to which a path belongs and at which nothing is mounted now; undefined when all is well.
 * What is mounted below such a point, and above the path, serves as well.
 */
export function unmountedPoint(
  path: string,
  { points, mounted }: { readonly points: readonly string[]; readonly mounted: ReadonlySet<string> },
): string | undefined {
  const above = (point: string) => path === point || path.startsWith(`${point}/`);
  const nearest = points.filter(above).sort((a, b) => b.length - a.length)[0];
  if (nearest === undefined) return undefined;
  const serves = [...mounted].some((point) => point.length >= nearest.length && above(point));
  return serves ? undefined : nearest;
}

/** The path with links resolved, as far as it is there. */
export function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // The nearest directory that is there decides where the rest of it would be.
    const parent = dirname(path);
    return parent === path ? path : join(resolved(parent), basename(path));
  }
}
