import { readFileSync } from "node:fs";

/**
 * When a process started, as the kernel's own stamp (boot id free, only comparable for equality); undefined when
 * there is no such process. With the pid it names a process for ever, because pids are reused and stamps are not.
 */
export function processStamp(pid: number): string | undefined {
  const fields = statFields(pid);
  // A process that has ended and that nobody has asked about yet is still listed.
  return fields?.[0] === "Z" ? undefined : fields?.[19];
}

/** Epoch milliseconds of a process's start. */
export function processStartTime(pid: number): number | undefined {
  const ticks = Number(processStamp(pid));
  const boot = /^btime (\d+)$/m.exec(read("/proc/stat") ?? "")?.[1];
  // The kernel shows ticks in units of 1/100 s on every architecture.
  return Number.isFinite(ticks) && boot ? Number(boot) * 1000 + ticks * 10 : undefined;
}

/** The command line of a process; undefined when it cannot be seen. */
export function processCommand(pid: number): string[] | undefined {
  return read(`/proc/${pid}/cmdline`)?.split("\0").filter(Boolean);
}

/** Fields of /proc/PID/stat after the command's name, which may hold anything. */
function statFields(pid: number): string[] | undefined {
  const text = read(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(")") + 2).split(" ");
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Gone, or another user's under hidepid: unknown either way.
    return undefined;
  }
}
