import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { headRevision } from "../../../src/git/head.ts";
import { temporary, write } from "../temporary.ts";

/** Runs git in a directory, without anybody's settings; gives what it printed. */
function git(cwd: string, ...args: string[]): string {
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"];
  const env = { PATH: process.env.PATH, HOME: cwd, GIT_CONFIG_NOSYSTEM: "1" };
  const { exitCode, stdout, stderr } = Bun.spawnSync(["git", ...identity, ...args], { cwd, env });
  if (exitCode !== 0) throw new Error(stderr.toString());
  return stdout.toString().trim();
}

/** A repository with two commits. */
function repository(): { path: string } & Disposable {
  const dir = temporary();
  git(dir.path, "init", "-q");
  for (const message of ["one", "two"]) git(dir.path, "commit", "-q", "--allow-empty", "-m", message);
  return dir;
}

test.each<[string, (repo: string) => string]>([
  ["on a branch", (repo) => repo],
  [
    "in a directory of it",
    (repo) => {
      mkdirSync(join(repo, "deep/er"), { recursive: true });
      return join(repo, "deep/er");
    },
  ],
  [
    "on a branch with a slash in its name",
    (repo) => {
      git(repo, "checkout", "-q", "-b", "feature/vpn", "HEAD~1");
      return repo;
    },
  ],
  [
    "on a commit without a branch",
    (repo) => {
      git(repo, "checkout", "-q", "--detach", "HEAD~1");
      return repo;
    },
  ],
  [
    "with packed references",
    (repo) => {
      git(repo, "branch", "other/main", "HEAD~1");
      git(repo, "pack-refs", "--all");
      return repo;
    },
  ],
  [
    "in a worktree of a branch",
    (repo) => {
      git(repo, "worktree", "add", "-q", "-b", "side", join(repo, "tree"), "HEAD~1");
      return join(repo, "tree");
    },
  ],
  [
    "in a worktree of a packed branch",
    (repo) => {
      git(repo, "worktree", "add", "-q", "-b", "side", join(repo, "tree"), "HEAD~1");
      git(repo, "pack-refs", "--all");
      return join(repo, "tree");
    },
  ],
  [
    "in a submodule",
    (repo) => {
      git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", repo, "sub");
      git(join(repo, "sub"), "checkout", "-q", "--detach", "HEAD~1");
      return join(repo, "sub");
    },
  ],
])("headRevision() %s is what git says", (_, prepare) => {
  using repo = repository();
  const dir = prepare(repo.path);
  expect(headRevision(dir)).toBe(git(dir, "rev-parse", "HEAD"));
});

test("headRevision() of a repository without a commit is unknown", () => {
  using dir = temporary();
  git(dir.path, "init", "-q");
  expect(headRevision(dir.path)).toBeUndefined();
});

test("headRevision() of what only looks like a repository is unknown", () => {
  using dir = temporary({ ".git": "gitdir: nowhere\n" });
  expect(headRevision(dir.path)).toBeUndefined();
  write(join(dir.path, "sub/.git"), "not a link");
  expect(headRevision(join(dir.path, "sub"))).toBeUndefined();
});
