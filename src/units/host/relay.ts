import { HomelabError } from "../../errors.ts";
import { asError, type NixOptions, oldNix, troubleOf } from "../../nix/call.ts";
import type { Machine } from "../../process/machine.ts";
import { type PipeEnd, pipe } from "../../process/pipe.ts";
import type { ProcessResult } from "../../process/runner.ts";

const KEEP_BYTES = 8 * 1024 * 1024;
/** What a program has that wrote to one that had ended: it is not what failed. */
const SIGPIPE = 141;

/**
 * Copies a system with all that it needs from the store of one machine into that of another, through this one: neither
 * of them has to let the other one in, and this one needs no Nix and keeps nothing of it.
 */
export async function relaySystem(
  here: Machine,
  { from, to }: { readonly from: Machine; readonly to: Machine },
  path: string,
  options: NixOptions,
): Promise<void> {
  const { deadline, signal, progress } = options;
  const all = await ask(from, ["nix-store", "--query", "--requisites", path], options);
  const missing = await ask(to, withPaths("--check-validity --print-invalid"), options, all);
  if (missing.trim() === "") return;
  progress?.(`copies ${missing.trim().split("\n").length} paths from ${from.name}`);
  const end = (machine: Machine, argv: readonly string[], more: Partial<PipeEnd["options"]>): PipeEnd => ({
    machine,
    argv,
    options: { deadline, signal, english: true, ...more },
  });
  const ends = await pipe(
    here,
    end(from, withPaths("--export"), { stdin: missing }),
    // Paths without a signature are taken from root alone.
    end(to, ["nix-store", "--import"], { root: true }),
  );
  const cut = ends.from.exitCode === null || ends.from.exitCode === SIGPIPE;
  refuse(from, cut ? { ...ends.from, exitCode: 0 } : ends.from, path);
  refuse(to, ends.to, path);
}

/** `nix-store` with the paths on its standard input: they are too many for a command line of ssh. */
const withPaths = (words: string): string[] => ["sh", "-c", `exec nix-store ${words} $(cat)`];

async function ask(
  machine: Machine,
  argv: readonly string[],
  options: NixOptions,
  stdin?: string,
): Promise<string> {
  const result = await oldNix(machine, argv, { ...options, stdin, keep: KEEP_BYTES });
  refuse(machine, result, argv.at(-1) ?? "");
  return result.stdout;
}

/** Throws when a program did not do what it was to do. */
function refuse({ name }: Pick<Machine, "name">, result: ProcessResult, path: string): void {
  if (result.exitCode === 0) return;
  const trouble = troubleOf(result, { flake: path, attribute: "", machine: name });
  if (trouble) throw asError(trouble);
  const said = result.stderr.trim().split("\n").at(-1) || "it did not say why";
  throw new HomelabError("step-failed", `the system was not copied, ${name} says: ${said}`, {
    hint: "what came over is kept; run it again",
  });
}
