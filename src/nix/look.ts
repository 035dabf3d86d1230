import type { Position } from "../errors.ts";
import type { Machine } from "../process/machine.ts";
import type { ProcessResult } from "../process/runner.ts";
import type { NixOptions } from "./call.ts";
import { type Asked, type Failure, ignoredByGit, type Kind, unknownToGit } from "./failure.ts";
import type { NixLog } from "./progress.ts";
import { type LocalFlake, localFlake } from "./reference.ts";
import { coreOf, inSource, type Spot, spotIn } from "./words.ts";

const DEADLINE_MS = 20_000;
/** A Nix file that is larger was not written by hand. */
const FILE_BYTES = 512 * 1024;

type Look = Pick<NixOptions, "root" | "signal">;

/**
 * Looks into the flake's directory for what Nix cannot tell, as it reads a copy: a file that is there but unknown to
 * git, and the place of an error in the file that a person edits.
 */
export async function lookInto(
  machine: Machine,
  failure: Failure,
  { log, asked, options }: { log: NixLog; asked: Asked; options: Look },
): Promise<Failure> {
  if (!["evaluation", "syntax", "no-flake"].includes(failure.code)) return failure;
  const error = log.errors.at(-1) ?? "";
  const local = localFlake(asked.flake);
  if (!local) return failure;
  const spot = spotIn(error);
  const missing = missingIn(coreOf(error));
  if (!spot && missing === undefined) return failure;
  const { root: asRoot, signal } = options;
  // Through `env`, a git that is missing is an exit code like another.
  const run = (argv: readonly string[]) =>
    machine.run(["env", "LC_ALL=C", ...argv], {
      root: asRoot,
      signal,
      deadline: DEADLINE_MS,
      keep: FILE_BYTES,
    });
  const root = await rootOf(local, run);
  const unknown =
    missing === undefined || local.kind === "path" ? undefined : await unseen(root, missing, run);
  const position = spot && (await positionOf(machine, root, spot, run));
  const { detail, hint, code } = unknown ?? failure;
  // With a place of its own it need not be said twice.
  const told = position ? detail.replace(/ \([^()\s]+:\d+:\d+\)$/, "") : detail;
  return { ...failure, code, detail: told, hint, position };
}

type Run = (argv: readonly string[]) => Promise<ProcessResult>;

/** The file of a flake that an error (what it comes down to) says is not there. */
export function missingIn(core: string): string | undefined {
  const file =
    /^path '([^']+)' does not exist/.exec(core)?.[1] ??
    /^opening file '([^']+)': No such file/.exec(core)?.[1];
  return file === undefined ? undefined : inSource(file);
}

/** The directory that Nix copies: the whole repository, wherever in it the flake is. */
async function rootOf({ path, kind }: LocalFlake, run: Run): Promise<string> {
  if (kind !== "either") return path;
  const { exitCode, stdout } = await run(["git", "-C", path, "rev-parse", "--show-toplevel"]);
  return exitCode === 0 ? stdout.trimEnd() : path;
}

async function unseen(root: string, file: string, run: Run): Promise<Kind | undefined> {
  const words = ["status", "--porcelain", "--ignored", "--untracked-files=all", "--", file];
  // Whoever only looks does not rewrite the index of a repository that may be another user's.
  const { exitCode, stdout } = await run(["git", "--no-optional-locks", "-C", root, ...words]);
  if (exitCode !== 0) return undefined;
  if (/^\?\? /m.test(stdout)) return unknownToGit(root, file);
  return /^!! /m.test(stdout) ? ignoredByGit(root, file) : undefined;
}

/** The place in the flake's own file, if that has there what Nix read; an input's file may have the same name. */
async function positionOf(
  { remote, name }: Machine,
  root: string,
  { file, line, column, excerpt }: Spot,
  run: Run,
): Promise<Position | undefined> {
  const own = inSource(file);
  if (own === undefined || excerpt === undefined) return undefined;
  const path = `${root}/${own}`;
  const { exitCode, stdout } = await run(["head", "-n", String(line), "--", path]);
  const text = stdout.split("\n")[line - 1];
  if (exitCode !== 0 || text === undefined || text.trimEnd() !== excerpt.trimEnd()) return undefined;
  const word = /^[\w'.-]+/.exec(text.slice(column - 1))?.[0] ?? "";
  const length = Math.max(word.length, 1);
  return { file: remote ? `${name}:${path}` : path, line, column, excerpt: text.trimEnd(), length };
}
