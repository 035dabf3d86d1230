import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { HomelabError } from "../errors.ts";
import { explain, type GitOptions, git, startGit } from "./call.ts";
import { gitDirectory } from "./head.ts";
import { giveBack } from "./owner.ts";

/** What a repository is, compared with its upstream as it was last fetched. */
export interface RepositoryState {
  /** Full hash; undefined before the first commit. */
  readonly commit: string | undefined;
  /** Undefined when no branch is checked out. */
  readonly branch: string | undefined;
  /** "origin/main"; undefined when the branch follows nothing. */
  readonly upstream: string | undefined;
  /** Whether the upstream's branch is known here: what was renamed or deleted there leaves only its name. */
  readonly comparable: boolean;
  /** Commits that the upstream does not have, and commits that only the upstream has. */
  readonly ahead: number;
  readonly behind: number;
  /** Tracked files that differ from the commit, relative to the repository's top. */
  readonly changed: readonly string[];
}

export interface Pulled {
  /** How many came; with none, `why` may say why there is nothing to pull from. */
  readonly commits: number;
  readonly why?: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/**
 * `git pull --ff-only`, told apart into what can go wrong: throws `refused` for a repository with changes or with a
 * history of its own, in which nothing was done then, and `unavailable` when the remote cannot be reached.
 */
export async function pullFastForward(root: string, options: GitOptions): Promise<Pulled> {
  const { state: before, why } = await beforePull(root, options);
  if (!before || why !== undefined) return { commits: 0, why, from: before?.commit, to: before?.commit };
  await fetchUpstream(root, before, options);
  try {
    return await fastForward(root, options);
  } finally {
    await giveBack(root, options);
  }
}

/** Goes as far as what was fetched. */
async function fastForward(root: string, options: GitOptions): Promise<Pulled> {
  const { upstream, comparable, ahead, behind, commit } = await repositoryState(root, options);
  if (!comparable) throw upstreamGone(root, upstream);
  if (behind === 0) return { commits: 0, from: commit, to: commit };
  if (ahead > 0) {
    throw new HomelabError(
      "refused",
      `${root} and ${upstream} have gone different ways: ${commits(ahead)} only here, ${commits(behind)} only there`,
      {
        hint: `bring them together yourself: \`git -C ${root} pull --rebase\`; or deploy what is here with \`--no-pull\``,
      },
    );
  }
  // A file that git ignores, such as `.env`, is nothing that it would ask about before it overwrites it.
  const words = ["merge", "--quiet", "--ff-only", "--no-overwrite-ignore", "@{upstream}"];
  await git(root, words, options);
  const after = await repositoryState(root, options);
  return { commits: behind, from: commit, to: after.commit };
}

/** What is known without asking the remote: `why` there is nothing to pull. Throws `refused` as a pull would. */
export async function beforePull(
  root: string,
  options: GitOptions,
): Promise<{ state?: RepositoryState; why?: string }> {
  if (!gitDirectory(root)) return { why: "it is no git repository" };
  const state = await repositoryState(root, options);
  if (state.commit === undefined) return { state, why: "it has no commit yet" };
  if (state.branch === undefined) return { state, why: "no branch is checked out" };
  if (state.upstream === undefined) return { state, why: `its branch ${state.branch} follows no remote` };
  requireClean(root, state);
  return { state };
}

/** How many commits the upstream has that are not here. Fetches, and changes nothing else. */
export async function upstreamNews(root: string, options: GitOptions): Promise<number> {
  if (!gitDirectory(root)) return 0;
  const before = await repositoryState(root, options);
  if (before.commit === undefined || before.upstream === undefined) return 0;
  await fetchUpstream(root, before, options);
  await giveBack(root, options);
  return (await repositoryState(root, options)).behind;
}

const YAML = /\.ya?ml$/;

/** Writes the YAML files that the upstream has in place of `root`'s, as last fetched, below a directory. */
export async function writeUpstream(root: string, dir: string, options: GitOptions): Promise<void> {
  const { stdout } = await git(root, ["ls-tree", "-r", "-z", "--name-only", "@{upstream}"], options);
  for (const path of stdout.split("\0").filter((name) => YAML.test(name))) {
    const { stdout: text } = await git(root, ["show", `@{upstream}:./${path}`], options);
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
}

/**
 * Fetches the branch that is followed, by its name: a fetch of whatever there is says nothing when that one is gone,
 * and what it was when it was last seen would count as up to date for ever.
 */
async function fetchUpstream(
  root: string,
  { branch, upstream }: RepositoryState,
  options: GitOptions,
): Promise<void> {
  const format = "--format=%(upstream:remotename)%00%(upstream:remoteref)";
  const { stdout } = await git(root, ["for-each-ref", format, `refs/heads/${branch}`], options);
  const [remote = "", ref = ""] = stdout.trim().split("\0");
  const words = ["fetch", "--quiet", "--", remote, ref];
  const result = await startGit(root, words, { ...options, network: true });
  if (result.exitCode === 0) return;
  if (/couldn't find remote ref/.test(result.stderr)) throw upstreamGone(root, upstream);
  throw explain(root, "fetch", result, true);
}

const upstreamGone = (root: string, upstream: string | undefined): HomelabError =>
  new HomelabError("refused", `${root} follows ${upstream}, which is gone from there`, {
    hint: `follow the branch that took its place: \`git -C ${root} fetch\`, then \`git -C ${root} branch --set-upstream-to=origin/NAME\`; or deploy what is here with \`--no-pull\``,
  });

const commits = (count: number): string => `${count} ${count === 1 ? "commit" : "commits"}`;

function requireClean(root: string, { changed }: RepositoryState): void {
  const [first, ...others] = changed;
  if (first === undefined) return;
  const more = others.length > 0 ? ` and ${others.length} more` : "";
  throw new HomelabError("refused", `${root} has changes that are not committed: ${first}${more}`, {
    hint: `commit or put them away first (\`git -C ${root} status\`); or deploy them as they are with \`--no-pull\``,
  });
}

/** Looks at a repository without asking its remote. Throws what makes git refuse. */
export async function repositoryState(root: string, options: GitOptions): Promise<RepositoryState> {
  const words = ["status", "--porcelain=v2", "--branch", "--untracked-files=no", "-z"];
  return parseStatus((await git(root, words, options)).stdout);
}

/** Reads `git status --porcelain=v2 --branch -z` (git-status(1), "Porcelain Format Version 2"). */
export function parseStatus(text: string): RepositoryState {
  const entries = text.split("\0");
  const header = (name: string) =>
    entries.find((entry) => entry.startsWith(`# branch.${name} `))?.slice(`# branch.${name} `.length);
  const compared = /^\+(\d+) -(\d+)$/.exec(header("ab") ?? "");
  const [, ahead = "0", behind = "0"] = compared ?? [];
  const changed: string[] = [];
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] ?? "";
    const fields = entry.split(" ");
    if (fields[0] === "1") changed.push(fields.slice(8).join(" "));
    if (fields[0] === "u") changed.push(fields.slice(10).join(" "));
    if (fields[0] === "2") {
      changed.push(fields.slice(9).join(" "));
      // A renamed file's old name is an entry of its own.
      i++;
    }
  }
  const oid = header("oid");
  const branch = header("head");
  return {
    commit: oid === "(initial)" ? undefined : oid,
    branch: branch === "(detached)" ? undefined : branch,
    upstream: header("upstream"),
    comparable: compared !== null,
    ahead: Number(ahead),
    behind: Number(behind),
    changed,
  };
}

/** Whether files under any of `paths` differ between two commits; also true when a commit is not known any more. */
export async function differs(
  root: string,
  from: string,
  to: string,
  paths: readonly string[],
  options: GitOptions,
): Promise<boolean> {
  const words = ["diff", "--quiet", from, to, "--", ...paths];
  const { exitCode } = await startGit(root, words, options);
  return exitCode !== 0;
}

/** How git sees a file: it is tracked, or ignored, or would be added; `none` outside of a repository. */
export async function trackingOf(
  root: string,
  path: string,
  options: GitOptions,
): Promise<"tracked" | "ignored" | "open" | "none"> {
  if (!gitDirectory(root)) return "none";
  const ask = async (...words: string[]) => (await startGit(root, [...words, "--", path], options)).exitCode;
  if ((await ask("ls-files", "--error-unmatch")) === 0) return "tracked";
  const ignored = await ask("check-ignore", "--quiet");
  return ignored === 0 ? "ignored" : ignored === 1 ? "open" : "none";
}
