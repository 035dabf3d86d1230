import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { delay, now } from "../clock.ts";
import { HomelabError } from "../errors.ts";
import { tryLock } from "../os/libc.ts";
import { processCommand, processStartTime } from "../os/proc.ts";

/** Between two looks at a held lock, in milliseconds. */
const POLL_MS = 100;

export interface Holder {
  readonly pid: number;
  /** As typed, without the path of the program; undefined when the process cannot be seen. */
  readonly command?: string | undefined;
  /** Epoch milliseconds of the holder's start. */
  readonly since?: number | undefined;
}

export interface Lock {
  release(): void;
}

/**
 * Takes the one lock of a root: an advisory lock on the directory itself, so that all users and all state
 * directories meet at the same place, nothing has to be written, and the kernel frees it with its holder.
 * A run that was started from inside of the run that holds it goes on under its lock; `outer` is what that variable says.
 * Throws `lock-held`, naming the holder, when it is not free within `wait` milliseconds.
 */
export async function takeLock(
  root: string,
  options: {
    wait: number;
    outer?: string | undefined;
    signal: AbortSignal;
    onWait: (holder: Holder | undefined) => void;
  },
): Promise<Lock> {
  const fd = openSync(root, "r");
  const deadline = now() + options.wait;
  const outer = new Set(options.outer?.split(","));
  let told = false;
  while (!tryLock(fd)) {
    if (outer.size > 0 && outer.has(String(lockHolder(root)?.pid))) break;
    if (now() >= deadline || options.signal.aborted) {
      const holder = lockHolder(root);
      closeSync(fd);
      throw lockHeld(root, holder, options.wait);
    }
    if (!told) options.onWait(lockHolder(root));
    told = true;
    await delay(Math.min(POLL_MS, deadline - now()), options.signal);
  }
  return { release: () => closeSync(fd) };
}

/** Who holds a root's lock, from the kernel's own table; undefined when nobody does. Linux only. */
export function lockHolder(root: string): Holder | undefined {
  const fd = openSync(root, "r");
  const { ino, dev } = fstatSync(fd);
  closeSync(fd);
  const pid = holderPid(readLocks(), dev, ino);
  if (pid === undefined) return undefined;
  const argv = processCommand(pid);
  return { pid, command: argv && commandLine(argv), since: processStartTime(pid) };
}

/** Finds `device:inode` among the lines of /proc/locks: `1: FLOCK ADVISORY WRITE 4711 08:02:1234 0 EOF`. */
export function holderPid(locks: string, dev: number, ino: number): number | undefined {
  const hex = (value: number) => value.toString(16).padStart(2, "0");
  const place = `${hex((dev >> 8) & 0xfff)}:${hex((dev & 0xff) | ((dev >> 12) & 0xfff00))}:${ino}`;
  const held = locks
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1] === "FLOCK");
  // Btrfs reports another device here than to stat(2); the inode's number alone has to do there.
  const line =
    held.find((fields) => fields[5] === place) ?? held.find((fields) => fields[5]?.endsWith(`:${ino}`));
  return line && Number(line[4]);
}

/** "`homelab ensure all` (pid 4711, since 03:12:05)". */
export function describeHolder(holder: Holder | undefined): string {
  if (!holder) return "another run";
  const command = holder.command ? `\`${holder.command}\`` : "another run";
  const since =
    holder.since === undefined ? "" : `, since ${new Date(holder.since).toTimeString().slice(0, 8)}`;
  return `${command} (pid ${holder.pid}${since})`;
}

function lockHeld(root: string, holder: Holder | undefined, waited: number): HomelabError {
  return new HomelabError("lock-held", `${describeHolder(holder)} is working on ${root}`, {
    hint:
      waited > 0
        ? "it takes longer than `--lock-wait` allows: try again later, or wait longer"
        : "try again later, or wait for it with `--lock-wait 10m`",
  });
}

function commandLine(argv: readonly string[]): string {
  const [program = "", ...rest] = argv;
  return [program.slice(program.lastIndexOf("/") + 1), ...rest].join(" ");
}

function readLocks(): string {
  try {
    return readFileSync("/proc/locks", "utf8");
  } catch {
    // Not Linux: the lock works, only its holder stays unnamed.
    return "";
  }
}
