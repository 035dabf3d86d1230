import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { HomelabError } from "../../errors.ts";
import { startGit } from "../../git/call.ts";
import { gitDirectory } from "../../git/head.ts";
import type { Machine } from "../../process/machine.ts";

const DEADLINE_MS = 5 * 60_000;
/** A configuration is text; what is larger is something else that lies beside it. */
const MOST_BYTES = 64 * 1024 * 1024;
/** `mktemp` gives a directory that nobody else can have put something into. */
const UNPACK =
  'd=$(mktemp -d /tmp/homelab-source-XXXXXX) && base64 -d | tar -xzf - -C "$d" && printf %s "$d"';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Source {
  /** As Nix there takes it. */
  readonly flake: string;
  /** Where it lies there, and the directory here that it is a copy of. */
  readonly dir: string;
  readonly top: string;
  /** Takes it away again. */
  remove(): Promise<void>;
}

interface SourceOptions {
  readonly env: Environment;
  /** A lock file on this machine, instead of the flake's own. */
  readonly lock?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Sends a flake's files, those that git knows where it is in a repository, to a host that is to build it itself. */
export async function sendSource(
  here: Machine,
  to: Machine,
  flake: string,
  { env, lock, signal }: SourceOptions,
): Promise<Source> {
  const { top, files } = await filesOf(flake, env);
  const packed = await pack(here, top, files, signal);
  const options = { deadline: DEADLINE_MS, signal };
  const { exitCode, stdout, stderr } = await to.run(["sh", "-c", UNPACK], { ...options, stdin: packed });
  if (exitCode !== 0) throw trouble(`${to.name} did not take the configuration`, stderr);
  const below = relative(top, flake);
  if (lock !== undefined) {
    const argv = ["sh", "-c", 'cat >"$0"', join(stdout, below, "flake.lock")];
    const written = await to.run(argv, { ...options, stdin: readFileSync(lock, "utf8") });
    if (written.exitCode !== 0) throw trouble(`${to.name} did not take the lock file`, written.stderr);
  }
  return {
    ...{ dir: stdout, top },
    flake: `path:${stdout}${below === "" ? "" : `?dir=${encodeURI(below)}`}`,
    async remove() {
      await to.run(["rm", "-rf", "--", stdout], { deadline: DEADLINE_MS });
    },
  };
}

/** The directory to send, and what of it. */
async function filesOf(flake: string, env: Environment): Promise<{ top: string; files: string }> {
  if (!gitDirectory(flake)) return { top: flake, files: ".\0" };
  const top = (await startGit(flake, ["rev-parse", "--show-toplevel"], { env })).stdout.trimEnd();
  const listed = await startGit(top, ["ls-files", "-z", "--cached"], { env });
  const gone = await startGit(top, ["ls-files", "-z", "--deleted"], { env });
  if (listed.exitCode !== 0) throw trouble(`git does not list the files of ${flake}`, listed.stderr);
  const missing = new Set(gone.stdout.split("\0"));
  const files = listed.stdout.split("\0").filter((path) => path !== "" && !missing.has(path));
  return { top, files: files.map((path) => `${path}\0`).join("") };
}

/** An archive of files as text. */
async function pack(
  here: Machine,
  top: string,
  files: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const place = mkdtempSync(join(tmpdir(), "homelab-source-"));
  try {
    const file = join(place, "source.tar.gz");
    const argv = ["tar", "-czf", file, "-C", top, "--null", "-T", "-"];
    const { exitCode, stderr } = await here.run(argv, { deadline: DEADLINE_MS, signal, stdin: files });
    if (exitCode !== 0) throw trouble(`${top} cannot be packed`, stderr);
    const bytes = readFileSync(file);
    if (bytes.length <= MOST_BYTES) return bytes.toString("base64");
    throw new HomelabError("refused", `${top} is too large to be sent (${bytes.length} bytes packed)`, {
      hint: "put it under git without what is no configuration, or install Nix here",
    });
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

const trouble = (what: string, stderr: string): HomelabError =>
  new HomelabError("step-failed", `${what}: ${stderr.trim().split("\n").at(-1) || "it said nothing"}`, {
    hint: "to send it takes `tar` here, and `tar`, `gzip` and `base64` there",
  });
