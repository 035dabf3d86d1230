import { asError, type NixOptions, oldNix, troubleOf } from "../../nix/call.ts";
import { explainRelay, notCopied } from "../../nix/copying.ts";
import type { Failure } from "../../nix/failure.ts";
import type { Machine } from "../../process/machine.ts";
import { type PipeEnd, pipe } from "../../process/pipe.ts";

const KEEP_BYTES = 8 * 1024 * 1024;

type Relayed = { readonly ok: true } | Failure;

/**
 * Copies a system with all that it needs from the store of one machine into that of another, through this one: neither
 * of them has to let the other one in, and this one needs no Nix and keeps nothing of it.
 */
export async function relaySystem(
  here: Machine,
  { from, to }: { readonly from: Machine; readonly to: Machine },
  path: string,
  options: NixOptions,
): Promise<Relayed> {
  const { deadline, signal, progress } = options;
  const all = await ask(from, ["nix-store", "--query", "--requisites", path], options);
  const missing = await ask(to, withPaths("--check-validity --print-invalid"), options, all);
  if (missing.trim() === "") return { ok: true };
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
  const said = { from: { ...ends.from, name: from.name }, to: { ...ends.to, name: to.name } };
  return explainRelay(said, path) ?? { ok: true };
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
  if (result.exitCode === 0) return result.stdout;
  const trouble = troubleOf(result, { flake: argv.at(-1) ?? "", attribute: "", machine: machine.name });
  throw trouble ? asError(trouble) : notCopied({ ...result, name: machine.name });
}
