import { readdirSync, readFileSync } from "node:fs";

/** Ids of the processes in a container's control groups, as this machine sees them. Linux only: elsewhere none. */
export function processesOf(container: string): number[] {
  return entries("/proc")
    .filter((name) => /^\d+$/.test(name) && groupsOf(name).includes(container))
    .map(Number);
}

function entries(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    // Not Linux.
    return [];
  }
}

function groupsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, "utf8");
  } catch {
    // Ended meanwhile.
    return "";
  }
}
