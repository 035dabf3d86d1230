import { existsSync, lstatSync, readdirSync, statSync } from "node:fs";
import { HomelabError } from "../../errors.ts";
import { gitDirectory } from "../../git/head.ts";
import { gitFiles, giveTo, repositoryFiles } from "../../git/owner.ts";
import { complaint, gitEnvironment, withoutPassword } from "../../git/words.ts";
import { runProcess } from "../../process/runner.ts";
import { atHome, identity } from "./account.ts";
import { notHere, ok, type SetupStep, type SetupTarget, todo } from "./step.ts";

const GIT_DEADLINE_MS = 10 * 60_000;

type Environment = SetupTarget["env"];

async function git(words: readonly string[], env: Environment): Promise<string> {
  const { exitCode, stdout, stderr } = await runProcess(["git", ...words], {
    env: gitEnvironment(await atHome(env)),
    deadline: GIT_DEADLINE_MS,
  });
  if (exitCode === 0) return stdout;
  const why = complaint(stderr) || `exit code ${exitCode}`;
  throw new HomelabError("step-failed", `git ${words[0]} failed: ${why}`, {
    hint: "try it by hand, then run this again",
  });
}

export function clone({ root, url, env }: SetupTarget): SetupStep {
  return {
    id: "clone",
    what: `the repository in ${root}`,
    root: true,
    async look() {
      if (existsSync(root) && readdirSync(root).length > 0) {
        return gitDirectory(root) ? ok() : notHere("it is no git repository, and is left as it is");
      }
      return url === undefined
        ? notHere("name its address: `homelab setup URL`")
        : todo(`clone ${withoutPassword(url)}`);
    },
    async apply() {
      if (url === undefined) return;
      await git(["clone", "--quiet", "--", url, root], env);
    },
  };
}

/**
 * Git refuses the repository of another user unless it is told that it may: root's cron needs it for the admin's. The
 * admin needs nothing of the kind, as the repository is going to be his.
 */
export function safeDirectory({ root, user, env }: SetupTarget): SetupStep {
  const told = async () => {
    const { stdout } = await runProcess(["git", "config", "--global", "--get-all", "safe.directory"], {
      env: gitEnvironment(await atHome(env)),
      deadline: GIT_DEADLINE_MS,
    });
    return stdout.split("\n").some((line) => line === root || line === "*");
  };
  const me = process.getuid?.();
  return {
    id: "safe-directory",
    what: me === 0 ? `root's git trusts ${root}` : `this user's git trusts ${root}`,
    root: false,
    async look() {
      if (!existsSync(root) || !gitDirectory(root)) return notHere("there is no repository yet");
      const own = statSync(root).uid === me && (me !== 0 || user === "root");
      if (own) return ok("it is this user's own");
      return (await told()) ? ok() : todo("`git config --global --add safe.directory`");
    },
    async apply() {
      await git(["config", "--global", "--add", "safe.directory", root], env);
    },
  };
}

/** Who deploys writes the repository: git's own data, and whatever a pull brings. */
export function owner({ root, user, env }: SetupTarget): SetupStep {
  const all = async () => repositoryFiles(root, { env: await atHome(env) }, { beside: true });
  const foreign = async (files: readonly string[]) => {
    const { uid } = await identity(user, env);
    return files.filter((path) => lstatSync(path, { throwIfNoEntry: false })?.uid !== uid);
  };
  const seen = async () => {
    try {
      return await all();
    } catch (error) {
      // Git refuses what is another user's, until it is told to trust it. That is a step before this one.
      if (error instanceof HomelabError) return gitFiles(root);
      throw error;
    }
  };
  return {
    id: "owner",
    what: `${root} belongs to ${user}`,
    root: true,
    async look() {
      if (!existsSync(root)) return notHere("there is no repository yet");
      if (!gitDirectory(root)) return notHere("it is no git repository");
      const others = (await foreign(await seen())).length;
      return others === 0
        ? ok()
        : todo(`${others} ${others === 1 ? "file belongs" : "files belong"} to others`);
    },
    async apply() {
      giveTo(await foreign(await all()), await identity(user, env));
    },
  };
}
