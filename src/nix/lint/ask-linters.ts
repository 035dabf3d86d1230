import { availableParallelism } from "node:os";
import { HomelabError } from "../../errors.ts";
import type { Machine } from "../../process/machine.ts";
import { Semaphore } from "../../process/semaphore.ts";
import { deadnixRemarks, type Remark, statixRemarks } from "./linters.ts";

/** More than any of them says of a repository. */
const KEEP_BYTES = 16 * 1024 * 1024;
/** Files of one call: systems have a limit for the length of all words together. */
const MOST_FILES = 500;

interface Asked {
  readonly here: Machine;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds. */
  readonly deadline: number;
}

/** What the linters are to look at. */
export interface LintedFiles {
  /** The directory that the files are in, and where settings are looked for. */
  readonly dir: string;
  /** Absolute paths. */
  readonly files: readonly string[];
  /** Whether these files are meant, and not all that is in the directory. */
  readonly named: boolean;
}

interface Call {
  readonly name: string;
  readonly argv: readonly string[];
  readonly read: (output: string) => Remark[] | undefined;
}

/**
 * Asks statix and deadnix, where they are installed; `skipped`: what did not answer as expected, as clauses. Throws
 * `interrupted`.
 */
export async function askLinters(
  asked: Asked,
  what: LintedFiles,
): Promise<{ remarks: Remark[]; skipped: string[] }> {
  const calls = [...statix(what), ...deadnix(what)].filter(
    ({ name }) => Bun.which(name, { PATH: asked.env.PATH ?? "" }) !== null,
  );
  const slots = new Semaphore(availableParallelism());
  const answers = await Promise.all(calls.map((call) => slots.use(() => ask(asked, call))));
  const remarks = answers.flatMap((answer) => (typeof answer === "string" ? [] : answer));
  return { remarks, skipped: [...new Set(answers.filter((answer) => typeof answer === "string"))] };
}

/** It takes one path: where single files are meant, the directory may hold much more. */
const statix = ({ dir, files, named }: LintedFiles): Call[] =>
  (named ? files : [dir]).map((path) => ({
    name: "statix",
    argv: ["statix", "check", "-o", "json", "-c", dir, path],
    read: statixRemarks,
  }));

/** What a module does not use of its arguments is a habit of NixOS, and nothing dead. */
const deadnix = ({ files }: LintedFiles): Call[] =>
  Array.from({ length: Math.ceil(files.length / MOST_FILES) }, (_, at) => ({
    name: "deadnix",
    argv: [
      ...["deadnix", "--no-lambda-pattern-names", "-o", "json"],
      ...files.slice(at * MOST_FILES, (at + 1) * MOST_FILES),
    ],
    read: deadnixRemarks,
  }));

/** What a linter says, or why it says nothing. */
async function ask(
  { here, signal, deadline }: Asked,
  { name, argv, read }: Call,
): Promise<Remark[] | string> {
  const result = await here.run(argv, { deadline, signal, keep: KEEP_BYTES }).catch((error) => {
    if (error instanceof HomelabError && error.code === "unavailable") return undefined;
    throw error;
  });
  if (!result) return `${name} could not be started`;
  const { exitCode, stdout, stderr, timedOut, cancelled } = result;
  if (cancelled) throw new HomelabError("interrupted", `broken off while ${name} was at it`);
  if (timedOut) return `${name} took too long`;
  // Both may end with 1 when they have found something.
  const found = exitCode === 0 || (exitCode === 1 && stdout.trim() !== "") ? read(stdout) : undefined;
  return found ?? `${name} was not understood: ${firstLine(stderr) || `exit code ${exitCode}`}`;
}

const firstLine = (text: string): string => Bun.stripANSI(text).trim().split("\n")[0] ?? "";
