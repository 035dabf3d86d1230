import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HomelabError } from "../errors.ts";
import type { Machine, MachineOptions } from "./machine.ts";
import type { ProcessResult } from "./runner.ts";

/** A program on some machine, and how it is run. */
export interface PipeEnd {
  readonly machine: Machine;
  readonly argv: readonly string[];
  readonly options: Omit<MachineOptions, "input" | "output">;
}

/**
 * Runs two programs, each on a machine of its own, the standard output of the first going into the second: through the
 * kernel of this machine, so that however much it is, it is never held here.
 */
export async function pipe(
  here: Machine,
  from: PipeEnd,
  to: PipeEnd,
): Promise<{ readonly from: ProcessResult; readonly to: ProcessResult }> {
  const { reads, writes } = await openPipe(here);
  // Either end of it tells the other one that it has come to its end only when it is closed here as well.
  const [left, right] = await Promise.allSettled([
    from.machine.run(from.argv, { ...from.options, output: writes }).finally(() => closeSync(writes)),
    to.machine.run(to.argv, { ...to.options, input: reads }).finally(() => closeSync(reads)),
  ]);
  if (left.status === "rejected") throw left.reason;
  if (right.status === "rejected") throw right.reason;
  return { from: left.value, to: right.value };
}

/** Two ends of a pipe. It has a name for as long as it takes to open both: a process here can make none without. */
async function openPipe(here: Machine): Promise<{ reads: number; writes: number }> {
  const place = mkdtempSync(join(tmpdir(), "homelab-pipe-"));
  try {
    const name = join(place, "pipe");
    const { exitCode, stderr } = await here.run(["mkfifo", "-m", "600", name], { deadline: 10_000 });
    if (exitCode !== 0)
      throw new HomelabError("step-failed", `a pipe could not be made in ${tmpdir()}: ${stderr.trim()}`, {
        hint: "set TMPDIR to a directory of a file system that has pipes",
      });
    // Opened for one direction only, it would wait for somebody at the other end.
    const both = openSync(name, "r+");
    try {
      return { reads: openSync(name, "r"), writes: openSync(name, "w") };
    } finally {
      closeSync(both);
    }
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
