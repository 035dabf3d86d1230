import { HomelabError } from "../../../errors.ts";
import { startGit } from "../../../git/call.ts";
import { complaint, withoutPassword } from "../../../git/words.ts";
import type { SshMachine } from "../../../ssh/machine.ts";
import { ok, type SetupStep, todo } from "../../setup/step.ts";
import { breakable, makeDirectory, shownDirectory } from "./directory.ts";
import type { Entrance } from "./entrance.ts";
import { type HostTarget, LATER, SHORT_MS } from "./target.ts";

const DEADLINE_MS = 10 * 60_000;

/**
 * What is in a directory there: nothing, a clone of `url` on a branch, one that is whole but not in its place yet, or
 * something else.
 */
export type CloneState =
  | { readonly is: "empty" | "foreign" }
  | { readonly is: "half"; readonly url: string }
  | { readonly is: "clone"; readonly url: string; readonly commit: string; readonly upstream: string };

/** Where a clone is made, below the directory: another file system would not do. */
const NEW = ".homelab-new";
/** In the git directory of one that is whole: what is missing of it has been put in its place. */
const WHOLE = "homelab-whole";

/** Up to four lines: what it is, its origin, its commit, and what the branch there has upstream. */
export const LOOK = `
exec 2>/dev/null
origin() { git -C "$1" remote get-url origin || echo; }
if [ -e "$1/.git" ]; then
  git -C "$1" rev-parse --git-dir >/dev/null || { echo foreign; exit; }
  echo clone
  origin "$1"
  git -C "$1" rev-parse HEAD || echo
  branch=$(git -C "$1" symbolic-ref --short HEAD)
  git -C "$1" ls-remote origin "refs/heads/$branch" | cut -f 1
  exit
fi
if [ -e "$1/${NEW}/.git/${WHOLE}" ]; then echo half; origin "$1/${NEW}"; exit; fi
if [ ! -e "$1" ]; then echo empty; exit; fi
names=$(ls -A "$1") || { echo foreign; exit; }
case $names in "" | ${NEW}) echo empty ;; *) echo foreign ;; esac
`;

/**
 * What makes it a clone comes last: one that was broken off is begun anew, or gone on with where it is whole. Nothing that
 * has come there meanwhile is written over.
 */
export const CLONE = `
cd "$2" || exit
stop() { echo "error: $1 is there already" >&2; exit 1; }
is() { [ -e "$1" ] || [ -L "$1" ]; }
if is .git; then stop .git; fi
new=${NEW}
if [ ! -e "$new/.git/${WHOLE}" ]; then
  rm -rf "$new"
  git clone --quiet -- "$1" "$new" || { code=$?; rm -rf "$new"; exit "$code"; }
  : >"$new/.git/${WHOLE}" || exit
fi
cd "$new" || exit
for each in * .[!.]* ..?*; do
  if ! is "$each" || [ "$each" = .git ]; then continue; fi
  if is "../$each"; then stop "$each"; fi
  mv -- "$each" ../ || exit
done
if is ../.git; then stop .git; fi
mv .git ../ || exit
cd .. && rm -f .git/${WHOLE} && rmdir "$new"
`;

export function parseClone(text: string): CloneState {
  const [is, url = "", commit = "", upstream = ""] = text.split("\n").map((line) => line.trim());
  if (is === "clone") return { is, url, commit, upstream };
  if (is === "half") return { is, url };
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
      if (!isFree(state, url)) throw inTheWay(target, shown, state);
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
      const pull = () => git(["git", "-C", dir, "pull", "--quiet", "--ff-only"], "git pull failed");
      const state = await stateOf(machine, dir);
      if (state.is === "clone") return pull();
      if (!isFree(state, url)) throw inTheWay(target, shown, state);
      await makeDirectory(machine, dir);
      await git(["sh", "-c", CLONE, "sh", url, dir], "git clone failed");
      // It may be an old one.
      if (state.is === "half") await pull();
    },
  };
}

/** Whether the clone can be made there, or gone on with. */
const isFree = (state: CloneState, url: string): boolean =>
  state.is === "empty" || (state.is === "half" && state.url === url);

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
    state.is === "clone" || state.is === "half"
      ? `is a clone of ${withoutPassword(state.url) || "something else"}`
      : "is there, and is no clone";
  return new HomelabError("refused", `${shown} on ${host.name} ${what}`, {
    hint: "move it away, or name another directory with `--to`",
  });
}
