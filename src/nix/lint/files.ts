import { type Dirent, existsSync, lstatSync, readdirSync, realpathSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import { HomelabError } from "../../errors.ts";
import { explain, type GitOptions, startGit } from "../../git/call.ts";
import { gitDirectory } from "../../git/head.ts";
import { hasGit } from "../../git/remote.ts";

/** Where Nix files lie. */
export interface Tree {
  /** The repository that a directory is in; where there is none, the directory itself. */
  readonly top: string;
  readonly isRepository: boolean;
  /** The directory that is meant, relative to the top; empty for all of it. */
  readonly scope: string;
}

export interface Found {
  readonly paths: readonly string[];
  /** What was not looked at, and why, as clauses. */
  readonly skipped: readonly string[];
}

const DEEPEST = 20;
const MOST_FILES = 10_000;
const NOT_SOURCES = /^(?:\..*|node_modules|result(?:-.*)?)$/;

const isNix = (path: string): boolean => path.endsWith(".nix");

const NO_PERMISSION = new Set(["EACCES", "EPERM"]);

const isRefused = (error: unknown): boolean => NO_PERMISSION.has((error as NodeJS.ErrnoException).code ?? "");

/** Links are left alone: what they lead to is a file of its own, or is not the repository's. */
function isFile(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch (error) {
    // Git knows it: whoever reads it says that this cannot be done.
    if (isRefused(error)) return true;
    throw error;
  }
}

/**
 * The tree that a directory is in. Only what lies in `scope` is meant, where that is a part of the repository: a
 * homelab may be one directory of all that a person keeps.
 * Throws what makes git refuse, and `not-configured` for a directory that is not there.
 */
export async function treeOf(dir: string, options: GitOptions, scope?: string): Promise<Tree> {
  if (!existsSync(dir)) {
    throw new HomelabError("not-configured", `there is no directory ${dir}`, {
      hint: "look how the path of the flake is spelled",
    });
  }
  if (!gitDirectory(dir) || !hasGit(options.env))
    return { top: realpathSync(dir), isRepository: false, scope: "" };
  const top = (await ask(dir, ["rev-parse", "--show-toplevel"], options)).replace(/\n$/, "");
  const below = scope === undefined ? "" : relative(top, realpathSync(scope));
  return { top, isRepository: true, scope: isOutside(below) ? "" : below };
}

const isOutside = (path: string): boolean => path === ".." || path.startsWith("../");

/** Paths, relative to its top, of all Nix files of a tree: those that git knows, where it is a repository. */
export async function allFiles(tree: Tree, options: GitOptions): Promise<Found> {
  const { top, isRepository } = tree;
  if (isRepository) return present(top, await ask(top, ["ls-files", "-z", "--", meant(tree)], options));
  const { paths, skipped } = filesBelow(top);
  return { paths: paths.map((path) => relative(top, path)), skipped };
}

/**
 * Of those, the ones that are not as a commit has them, by default the one that is checked out. Where there is nothing
 * to compare with, all.
 */
export async function changedFiles(tree: Tree, options: GitOptions, since = "HEAD"): Promise<Found> {
  const { top, isRepository } = tree;
  if (!isRepository) return allFiles(tree, options);
  const commit = await startGit(top, ["rev-parse", "--verify", "--quiet", `${since}^{commit}`], options);
  if (commit.exitCode !== 0) return allFiles(tree, options);
  const words = ["diff", "--name-only", "-z", "--no-ext-diff", "--no-renames", "--diff-filter=d"];
  return present(top, await ask(top, [...words, commit.stdout.trim(), "--", meant(tree)], options));
}

/** As git takes it: a directory stands for all files below, and its name may have any characters. */
const meant = ({ scope }: Tree): string => (scope === "" ? "*.nix" : `:(top,literal)${scope}`);

function present(top: string, list: string): Found {
  const names = [...new Set(list.split("\0"))];
  return { paths: names.filter((path) => isNix(path) && isFile(join(top, path))).sort(), skipped: [] };
}

/** Whoever only looks does not rewrite the index of a repository that may be another user's. */
async function ask(dir: string, words: readonly string[], options: GitOptions): Promise<string> {
  const result = await startGit(dir, ["--no-optional-locks", ...words], options);
  if (result.exitCode === 0) return result.stdout;
  throw explain(dir, words[0] ?? "", result, false);
}

/** Absolute paths of the Nix files below a directory, without what builds and tools leave there. */
export function filesBelow(dir: string): Found {
  const paths: string[] = [];
  const closed: string[] = [];
  let isDeep = false;
  const walk = (below: string, depth: number) => {
    isDeep ||= depth > DEEPEST;
    if (depth > DEEPEST) return;
    for (const entry of entriesOf(below, closed)) {
      const path = join(below, entry.name);
      if (entry.isFile() && isNix(entry.name)) paths.push(path);
      else if (entry.isDirectory() && !NOT_SOURCES.test(entry.name)) walk(path, depth + 1);
      if (paths.length > MOST_FILES) return;
    }
  };
  walk(dir, 0);
  const skipped: string[] = [];
  const [first, ...others] = closed;
  const directories = others.length === 1 ? "directory" : "directories";
  const more = others.length > 0 ? ` and ${others.length} more ${directories}` : "";
  if (first !== undefined) skipped.push(`${first}${more} cannot be read`);
  if (isDeep) skipped.push(`what is more than ${DEEPEST} directories below ${dir} was not looked at`);
  if (paths.length > MOST_FILES)
    skipped.push(`there are more than ${MOST_FILES} Nix files below ${dir}, of which no more were looked at`);
  return { paths: paths.slice(0, MOST_FILES), skipped };
}

/** What is in a directory, by name; one that must not be read is `closed`. */
function entriesOf(dir: string, closed: string[]): Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (isRefused(error)) closed.push(dir);
    else if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return [];
  }
}

/** How a file is called in findings: relative to the tree's top, where it is in there. */
export function nameIn(top: string, path: string): string {
  if (!isAbsolute(path)) return path;
  const below = relative(top, existsSync(path) ? realpathSync(path) : path);
  return isOutside(below) ? path : below;
}
