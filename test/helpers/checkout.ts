import { cpSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { CHECKOUT } from "./paths.ts";

/** Who and when is the same for every copy, and so is its revision. */
const FIXED = {
  ...Object.fromEntries(
    ["AUTHOR", "COMMITTER"].flatMap((who) => [
      [`GIT_${who}_NAME`, "Lab"],
      [`GIT_${who}_EMAIL`, "lab@localhost"],
      [`GIT_${who}_DATE`, "2026-01-01T00:00:00Z"],
    ]),
  ),
};

/** Copies the checkout as it is, with what is not committed, to a repository of its own. Gives its short revision. */
export function copyCheckout(to: string): string {
  const listed = git(CHECKOUT, "ls-files", "-z", "--cached", "--others", "--exclude-standard");
  for (const file of listed.split("\0").filter((each) => each !== "" && existsSync(join(CHECKOUT, each)))) {
    mkdirSync(dirname(join(to, file)), { recursive: true });
    cpSync(join(CHECKOUT, file), join(to, file), { dereference: false });
  }
  git(to, "init", "--quiet", "--initial-branch=main");
  return commitAll(to);
}

/** Records all that is in a repository. Gives its short revision. */
export function commitAll(repository: string): string {
  git(repository, "add", "--all");
  git(repository, "commit", "--quiet", "--message=Record what is there");
  return git(repository, "rev-parse", "--short=7", "HEAD").trim();
}

function git(cwd: string, ...words: string[]): string {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...FIXED };
  const { exitCode, stdout, stderr } = Bun.spawnSync(["git", ...words], { cwd, env, stdin: "ignore" });
  if (exitCode !== 0) throw new Error(`\`git ${words.join(" ")}\` ended with ${exitCode}: ${stderr}`);
  return stdout.toString();
}
