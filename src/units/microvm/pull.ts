import { HomelabError } from "../../errors.ts";
import { batchSsh } from "../../git/words.ts";
import type { Machine } from "../../process/machine.ts";

/** The repository behind the flakes of MicroVMs, on the machine that runs them. */
export interface Repository {
  readonly machine: Machine;
  readonly path: string;
  /** Names of the MicroVMs that are built from it. */
  readonly vms: readonly string[];
}

export type Pulled = { readonly changed: boolean; readonly text: string };

const ASK_MS = 15_000;
const PULL_MS = 5 * 60_000;
/** It asks nobody for a password. */
const ENVIRONMENT = ["env", "LC_ALL=C", "GIT_TERMINAL_PROMPT=0"];

/**
 * `git pull --ff-only` in a repository of a machine. What is no repository, or has no upstream, is left as it is.
 * Throws `step-failed` with what git said.
 */
export async function pullThere(
  { machine, path }: Pick<Repository, "machine" | "path">,
  { deadline, signal }: { readonly deadline: number; readonly signal?: AbortSignal },
): Promise<Pulled> {
  const git = (words: readonly string[], most: number, ...env: string[]) =>
    machine.run([...ENVIRONMENT, ...env, "git", "-C", path, ...words], {
      deadline: Math.min(most, deadline),
      signal,
    });
  const upstream = await git(["rev-parse", "--abbrev-ref", "--symbolic-full-name", "@{upstream}"], ASK_MS);
  if (upstream.exitCode !== 0) {
    if (/dubious ownership/.test(upstream.stderr)) throw pullFailed(machine, path, upstream.stderr);
    return { changed: false, text: "nothing to pull: it has no upstream" };
  }
  const head = async () => (await git(["rev-parse", "HEAD"], ASK_MS)).stdout.trim();
  const before = await head();
  // The repository may name an ssh command of its own, with a key for it.
  const own = (await git(["config", "--get", "core.sshCommand"], ASK_MS)).stdout.trim();
  const ssh = `GIT_SSH_COMMAND=${batchSsh(own || undefined)}`;
  const pulled = await git(["pull", "--ff-only", "--quiet"], PULL_MS, ssh);
  if (pulled.exitCode !== 0)
    throw pullFailed(machine, path, pulled.timedOut ? "it took too long" : pulled.stderr);
  const after = await head();
  return before === after
    ? { changed: false, text: "the repository is up to date" }
    : { changed: true, text: `now at ${after.slice(0, 10)}` };
}

function pullFailed({ name }: Machine, path: string, said: string): HomelabError {
  const lines = said.split("\n").map((line) => line.trim());
  const last = lines.find((line) => line.startsWith("fatal: ")) ?? lines.find((line) => line !== "");
  const why = last?.replace(/^(?:fatal|error): /, "").replace(/\.$/, "") ?? "git said nothing";
  return new HomelabError("step-failed", `${path} on ${name} cannot be pulled: ${why}`, {
    hint: `look there with \`git -C ${path} status\`, or deploy what is there with \`--no-pull\``,
  });
}
