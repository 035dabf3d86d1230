import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { NixLog } from "../../../src/nix/progress.ts";

const DIR = join(import.meta.dir, "../../fixtures/nix");

/** What Nix 2.26.3 wrote to standard error with `--log-format internal-json`. */
export const capture = (name: string): Buffer => readFileSync(join(DIR, `${name}.nixlog`));

export const captures = (): string[] =>
  readdirSync(DIR)
    .filter((file) => file.endsWith(".nixlog"))
    .map((file) => file.slice(0, -".nixlog".length))
    .sort();

export const text = (file: string): string => readFileSync(join(DIR, file), "utf8");

export function readLog(name: string): NixLog {
  const log = new NixLog();
  log.feed(capture(name));
  log.end();
  return log;
}

/** The notes of a capture, line by line, each that differs from the one before. */
export function notesOf(name: string): string[] {
  const log = new NixLog();
  const notes: string[] = [];
  for (const line of capture(name)
    .toString("latin1")
    .split(/(?<=\n)/)) {
    log.feed(Buffer.from(line, "latin1"));
    if (notes.at(-1) !== log.note()) notes.push(log.note());
  }
  return notes;
}
