import { existsSync, readFileSync } from "node:fs";

/** Mount points in the text of /proc/self/mountinfo, whose fifth field has them with octal escapes. */
export function parseMountInfo(text: string): Set<string> {
  const plain = (field: string) =>
    field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
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
