import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ProcessOptions, type ProcessResult, runProcess } from "./runner.ts";

/** Runs a line of the user's own with `sh -c`; a text that begins with `#!` is a script for the program that it names. */
export async function runLine(line: string, options: ProcessOptions): Promise<ProcessResult> {
  if (!line.startsWith("#!")) return runProcess(["sh", "-c", line], options);
  const dir = mkdtempSync(join(tmpdir(), "homelab-task-"));
  try {
    const script = join(dir, "script");
    writeFileSync(script, line);
    chmodSync(script, 0o700);
    return await runProcess([script], options);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** A line as it is named in a message: its beginning, without the `#!` of a script. */
export function lineName(line: string): string {
  const [first = ""] = line.replace(/^#!.*\n/, "").split("\n");
  return `\`${first.length > 60 ? `${first.slice(0, 59)}…` : first}\``;
}

/** The last lines that it wrote, standard output first. */
export function outputTail({ stdout, stderr }: ProcessResult, count: number): string[] {
  return `${stdout}\n${stderr}`
    .split(/\r?\n/)
    .filter((each) => each.trim() !== "")
    .slice(-count);
}
