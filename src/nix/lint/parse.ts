import { availableParallelism } from "node:os";
import type { Machine } from "../../process/machine.ts";
import { Semaphore } from "../../process/semaphore.ts";
import { asError, type NixOptions, oldNix, troubleOf } from "../call.ts";
import { coreOf } from "../words.ts";
import { type ParseError, parseError } from "./parse-error.ts";

/** Files of one call: more gain nothing, and a person who waits wants to see Ctrl-C work. */
const MOST_FILES = 100;

export interface Parsed {
  readonly errors: readonly ParseError[];
  /** Why not every file was looked at. */
  readonly skipped?: string | undefined;
}

/**
 * Lets Nix read files, whose paths are absolute, and nothing else: no expression is evaluated. Throws `timeout` and
 * `interrupted`.
 */
export async function parseFiles(
  machine: Machine,
  files: readonly string[],
  options: NixOptions,
): Promise<Parsed> {
  const cores = availableParallelism();
  const size = Math.max(1, Math.min(MOST_FILES, Math.ceil(files.length / cores)));
  const batches = Array.from({ length: Math.ceil(files.length / size) }, (_, at) =>
    files.slice(at * size, (at + 1) * size),
  );
  const slots = new Semaphore(cores);
  const parsed = await Promise.all(
    batches.map((batch) => slots.use(() => parseBatch(machine, batch, options))),
  );
  return {
    errors: parsed.flatMap(({ errors }) => errors),
    skipped: parsed.find(({ skipped }) => skipped !== undefined)?.skipped,
  };
}

/** Nix stops at the first file that is wrong: what is behind it is another call. */
async function parseBatch(machine: Machine, batch: readonly string[], options: NixOptions): Promise<Parsed> {
  const errors: ParseError[] = [];
  for (let rest = batch; rest.length > 0; ) {
    // No store is needed to read a file; several at once would wait for each other over its database.
    const words = ["nix-instantiate", "--option", "store", "dummy://", "--parse"];
    const result = await oldNix(machine, [...words, ...rest], options);
    if (result.exitCode === 0) break;
    const error = parseError(result.stderr, rest);
    if (!error) {
      const trouble = troubleOf(result, { flake: "", attribute: "", machine: machine.name });
      if (trouble?.code === "timeout" || trouble?.code === "interrupted") throw asError(trouble);
      const said = coreOf(result.stderr) || result.stderr.trim();
      const why = trouble?.code === "nix-missing" ? `there is no Nix on ${machine.name}` : trouble?.detail;
      return { errors, skipped: why ?? `Nix on ${machine.name} says: ${said.split("\n")[0]}` };
    }
    errors.push(error);
    rest = rest.slice(rest.indexOf(error.file) + 1);
  }
  return { errors };
}
