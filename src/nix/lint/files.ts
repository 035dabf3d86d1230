import { existsSync, lstatSync, readdirSync, realpathSync } from "node:fs";
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
}

const DEEPEST = 20;
const MOST_FILES = 10_000;
const NOT_SOURCES = /^(?:\..*|node_modules|result(?:-.*)?)$/;

const isNix = (path: string): boolean => path.endsWith(".nix");

/** Links are left alone: what they lead to is a file of its own, or is not the repository's. */
const isFile = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

/** Throws what makes git refuse, and `not-configured` for a directory that is not there. */
export async function treeOf(dir: string, options: GitOptions): Promise<Tree> {
  if (!existsSync(dir)) {
    throw new HomelabError("not-configured", `there is no directory ${dir}`, {
      hint: "look how the path of the flake is spelled",
    });
  }
  if (!gitDirectory(dir) || !hasGit(options.env)) return { top: realpathSync(dir), isRepository: false };
  const top = await ask(dir, ["rev-parse", "--show-toplevel"], options);
  return { top: top.trimEnd(), isRepository: true };
}

/** Paths, relative to its top, of all Nix files of a tree: those that git knows, where it is a repository. */
export async function allFiles({ top, isRepository }: Tree, options: GitOptions): Promise<string[]> {
  if (!isRepository) return filesBelow(top).map((path) => relative(top, path));
  return present(top, await ask(top, ["ls-files", "-z", "--", "*.nix"], options));
}

/**
 * Of those, the ones that are not as a commit has them, by default the one that is checked out. Where there is nothing
 * to compare with, all.
 */
export async function changedFiles(tree: Tree, options: GitOptions, since = "HEAD"): Promise<string[]> {
  const { top, isRepository } = tree;
  if (!isRepository) return allFiles(tree, options);
  const commit = await startGit(top, ["rev-parse", "--verify", "--quiet", `${since}^{commit}`], options);
  if (commit.exitCode !== 0) return allFiles(tree, options);
  const words = ["diff", "--name-only", "-z", "--no-ext-diff", "--no-renames", "--diff-filter=d"];
  return present(top, await ask(top, [...words, commit.stdout.trim(), "--", "*.nix"], options));
}

const present = (top: string, list: string): string[] =>
  [...new Set(list.split("\0"))].filter((path) => isNix(path) && isFile(join(top, path))).sort();

/** Whoever only looks does not rewrite the index of a repository that may be another user's. */
async function ask(dir: string, words: readonly string[], options: GitOptions): Promise<string> {
  const result = await startGit(dir, ["--no-optional-locks", ...words], options);
  if (result.exitCode === 0) return result.stdout;
  throw explain(dir, words[0] ?? "", result, false);
}

/** Absolute paths of the Nix files below a directory, without what builds and tools leave there. */
export function filesBelow(dir: string, depth = 0): string[] {
  if (depth > DEEPEST) return [];
  const entries = readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(dir, entry.name);
    if (entry.isFile() && isNix(entry.name)) found.push(path);
    else if (entry.isDirectory() && !NOT_SOURCES.test(entry.name)) found.push(...filesBelow(path, depth + 1));
    if (found.length > MOST_FILES) return found.slice(0, MOST_FILES);
  }
  return found;
}

/** How a file is called in findings: relative to the tree's top, where it is in there. */
export function nameIn(top: string, path: string): string {
  if (!isAbsolute(path)) return path;
  const below = relative(top, existsSync(path) ? realpathSync(path) : path);
  return below.startsWith("..") ? path : below;
}
