import { HomelabError } from "../errors.ts";
import { type ProcessResult, runProcess } from "../process/runner.ts";
import { batchSsh, complaint, gitEnvironment, inTheWay, isForbidden } from "./words.ts";

const LOCAL_DEADLINE_MS = 60_000;
const NETWORK_DEADLINE_MS = 5 * 60_000;
/** Lists of all files, and whole files, are read. */
const KEEP_BYTES = 16 * 1024 * 1024;

export interface GitOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

interface Call extends GitOptions {
  /** Whether the remote takes part: then what fails is the network, rather than the repository. */
  readonly network?: boolean;
}

/** Runs git in a repository, and throws what makes it refuse. */
export async function git(root: string, words: readonly string[], call: Call): Promise<ProcessResult> {
  const result = await startGit(root, words, call);
  if (result.exitCode === 0) return result;
  throw explain(root, words[0] ?? "", result, call.network === true);
}

/** Runs git in a repository; the result says how it ended. */
export async function startGit(
  root: string,
  words: readonly string[],
  { env, signal, network = false }: Call,
): Promise<ProcessResult> {
  const argv = ["git", "-C", root];
  const own = gitEnvironment(env);
  const deadline = network ? NETWORK_DEADLINE_MS : LOCAL_DEADLINE_MS;
  // Who names an ssh program in the environment has to know; what the configuration names is given the option.
  if (!network || env.GIT_SSH_COMMAND || env.GIT_SSH) {
    return runProcess([...argv, ...words], { env: own, deadline, signal, keep: KEEP_BYTES });
  }
  const asked = await runProcess([...argv, "config", "--get", "core.sshCommand"], {
    env: own,
    deadline: LOCAL_DEADLINE_MS,
    signal,
  });
  const ssh = { ...own, GIT_SSH_COMMAND: batchSsh(asked.stdout.trim() || undefined) };
  return runProcess([...argv, ...words], { env: ssh, deadline, signal });
}

/** Why git failed, and what to do about it. */
export function explain(root: string, verb: string, result: ProcessResult, network: boolean): HomelabError {
  const { stderr, exitCode, cancelled, timedOut } = result;
  if (cancelled) return new HomelabError("interrupted", `broken off during git ${verb}`);
  const distrusted = /dubious ownership in repository at '(.*)'/.exec(stderr)?.[1];
  if (distrusted !== undefined && distrusted !== root) {
    // A remote that is a directory of this machine.
    return new HomelabError("permission", `git does not trust ${distrusted}: it belongs to another user`, {
      hint: `say that it may be used: \`git config --global --add safe.directory ${distrusted}\``,
    });
  }
  if (distrusted !== undefined) {
    return new HomelabError("permission", `git does not trust ${root}: it belongs to another user`, {
      hint: `\`sudo homelab setup -C ${root}\` gives it to the admin, and lets root use it; or say that it may be used as it is: \`git config --global --add safe.directory ${root}\``,
    });
  }
  const files = inTheWay(stderr);
  if (files.length > 0) {
    const named =
      files.length <= 3 ? files.join(", ") : `${files.slice(0, 2).join(", ")} and ${files.length - 2} more`;
    return new HomelabError(
      "refused",
      `${root} has files of its own where the upstream has some now: ${named}`,
      { hint: "move them away, or remove them, and deploy again; or deploy what is here with `--no-pull`" },
    );
  }
  const why = timedOut ? "it took too long" : complaint(stderr) || `exit code ${exitCode}`;
  const message = `git ${verb} failed: ${why}`;
  if (isForbidden(stderr)) {
    return new HomelabError("permission", message, {
      hint: "the repository has to belong to who deploys: `sudo homelab setup` gives it to the admin; or deploy what is here with `--no-pull`",
    });
  }
  const hint = network
    ? `try it by hand: \`git -C ${root} ${verb}\`; or deploy what is here with \`--no-pull\``
    : `try it by hand: \`git -C ${root} ${verb}\``;
  return new HomelabError(network ? "unavailable" : "step-failed", message, { hint });
}
