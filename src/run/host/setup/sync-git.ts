import { HomelabError } from "../../../errors.ts";
import { startGit } from "../../../git/call.ts";
import { complaint, withoutPassword } from "../../../git/words.ts";
import type { SshMachine } from "../../../ssh/machine.ts";
import { ok, type SetupStep, todo } from "../../setup/step.ts";
import { breakable, makeDirectory, shownDirectory } from "./directory.ts";
import type { Entrance } from "./entrance.ts";
import { type HostTarget, LATER, SHORT_MS } from "./target.ts";

const DEADLINE_MS = 10 * 60_000;

/** What is in a directory there: nothing, a clone of `url` on a branch, or something else. */
export type CloneState =
  | { readonly is: "empty" | "foreign" }
  | { readonly is: "clone"; readonly url: string; readonly commit: string; readonly upstream: string };

/** Four lines: what it is, its origin, its commit, and what the branch there has upstream. */
const LOOK = `
exec 2>/dev/null
if [ -z "$(ls -A "$1")" ] || [ -e "$1/.homelab-new" ]; then echo empty; exit; fi
if ! git -C "$1" rev-parse --git-dir >/dev/null || [ ! -e "$1/.git" ]; then echo foreign; exit; fi
echo clone
git -C "$1" remote get-url origin || echo
git -C "$1" rev-parse HEAD || echo
branch=$(git -C "$1" symbolic-ref --short HEAD)
git -C "$1" ls-remote origin "refs/heads/$branch" | cut -f 1
`;

/** What makes it a clone comes last: one that was broken off is begun anew. */
const CLONE = `
cd "$2" || exit
new=.homelab-new
rm -rf "$new"
git clone --quiet --no-checkout -- "$1" "$new" || { code=$?; rm -rf "$new"; exit "$code"; }
git --git-dir="$new/.git" --work-tree=. reset --quiet --hard || exit
mv "$new/.git" .git && rm -rf "$new"
`;

export function parseClone(text: string): CloneState {
  const [is, url = "", commit = "", upstream = ""] = text.split("\n").map((line) => line.trim());
  if (is === "clone") return { is, url, commit, upstream };
  return { is: is === "empty" ? "empty" : "foreign" };
}

/** A clone of the repository that this one comes from: what is pushed there, and nothing else. */
export function gitSync(
  target: HostTarget,
  entrance: Entrance,
  dir: string,
): Pick<SetupStep, "look" | "apply"> {
  const { host } = target;
  const shown = shownDirectory(dir);
  return {
    async look() {
      const url = await originOf(target);
      const machine = await entrance.machine();
      if (!machine) return todo(`${LATER}, and cloned from ${url}`);
      await requireGit(machine);
      const state = await stateOf(machine, dir);
      if (state.is === "clone" && state.url === url)
        return state.commit === state.upstream && state.commit !== ""
          ? ok(`at ${state.commit.slice(0, 12)}`)
          : todo("`git pull --ff-only`");
      if (state.is !== "empty") throw inTheWay(target, shown, state);
      return todo(`clone ${url}`);
    },
    async apply() {
      const url = await originOf(target);
      const machine = await entrance.machine();
      if (!machine) return;
      const git = async (words: readonly string[], what: string) => {
        const run = await breakable((more) =>
          machine.run(["env", "GIT_TERMINAL_PROMPT=0", "GIT_SSH_COMMAND=ssh -o BatchMode=yes", ...words], {
            ...more,
            english: true,
            deadline: DEADLINE_MS,
          }),
        );
        if (run.exitCode === 0) return;
        throw new HomelabError(
          "step-failed",
          `${what} on ${host.name}: ${complaint(run.stderr) || "it took too long"}`,
          {
            hint: `try it there by hand: the host itself has to be able to read ${url}`,
          },
        );
      };
      const state = await stateOf(machine, dir);
      if (state.is === "clone")
        return git(["git", "-C", dir, "pull", "--quiet", "--ff-only"], "git pull failed");
      if (state.is === "foreign") throw inTheWay(target, shown, state);
      await makeDirectory(machine, dir);
      await git(["sh", "-c", CLONE, "sh", url, dir], "git clone failed");
    },
  };
}

async function stateOf(machine: SshMachine, dir: string): Promise<CloneState> {
  const argv = [
    "env",
    "GIT_TERMINAL_PROMPT=0",
    "GIT_SSH_COMMAND=ssh -o BatchMode=yes",
    "sh",
    "-c",
    LOOK,
    "sh",
    dir,
  ];
  return parseClone((await machine.run(argv, { deadline: 2 * SHORT_MS, english: true })).stdout);
}

/** Where this repository is pulled from. Throws where that would tell a password. */
async function originOf({ root, env }: HostTarget): Promise<string> {
  const { exitCode, stdout } = await startGit(root, ["remote", "get-url", "origin"], { env });
  const url = stdout.trim();
  if (exitCode !== 0 || url === "")
    throw new HomelabError("not-configured", `${root} has no remote \`origin\` that could be cloned`, {
      hint: "push it somewhere, or take `--sync rsync`",
    });
  if (withoutPassword(url) === url || /^ssh:/.test(url)) return url;
  throw new HomelabError(
    "refused",
    `the address of \`origin\` may have a password in it: ${withoutPassword(url)}`,
    {
      hint: "it would stand in the list of processes there: let git ask a credential helper, or take `--sync rsync`",
    },
  );
}

async function requireGit(machine: SshMachine): Promise<void> {
  const { exitCode } = await machine.run(["git", "--version"], { deadline: SHORT_MS });
  if (exitCode === 0) return;
  throw new HomelabError("unavailable", `there is no git on ${machine.name}`, {
    hint: "install it there (on NixOS `programs.git.enable = true;`), or take `--sync rsync`",
  });
}

function inTheWay({ host }: HostTarget, shown: string, state: CloneState): HomelabError {
  const what =
    state.is === "clone"
      ? `is a clone of ${withoutPassword(state.url) || "something else"}`
      : "is there, and is no clone";
  return new HomelabError("refused", `${shown} on ${host.name} ${what}`, {
    hint: "move it away, or name another directory with `--to`",
  });
}
