import { type Dirent, lchownSync, lstatSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { type GitOptions, git } from "./call.ts";
import { gitDirectory } from "./head.ts";

/**
 * What of a directory is the repository's: the files that git knows with their directories, and git's own data.
 * `beside`: also the files that lie in these directories and that git does not know, such as `.env`. Directories that
 * git does not know are left out: containers keep their data there.
 */
export async function repositoryFiles(
  root: string,
  options: GitOptions,
  { beside }: { beside: boolean },
): Promise<string[]> {
  const { stdout } = await git(root, ["ls-files", "-z"], options);
  const known = stdout.split("\0").filter((path) => path !== "");
  const dirs = new Set([root]);
  for (const path of known) {
    for (let dir = dirname(path); dir !== "."; dir = dirname(dir)) dirs.add(join(root, dir));
  }
  const files = beside ? [...dirs].flatMap(filesIn) : known.map((path) => join(root, path));
  return [...new Set([...dirs, ...files, ...gitFiles(root)])].filter(isThere);
}

const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

/** Gives paths to a user; of links, the links themselves. */
export function giveTo(paths: readonly string[], { uid, gid }: { uid: number; gid: number }): void {
  // Gone meanwhile is what git does with its temporary files.
  for (const path of paths) if (isThere(path)) lchownSync(path, uid, gid);
}

/**
 * What root's git wrote belongs to root, and shuts out the user whom the repository belongs to: his next pull could
 * not write beside it. So it is given to him.
 */
export async function giveBack(root: string, options: GitOptions): Promise<void> {
  const own = gitDirectory(root);
  if (process.getuid?.() !== 0 || own === undefined) return;
  const owner = statSync(own);
  if (owner.uid === 0) return;
  const files = await repositoryFiles(root, options, { beside: false });
  const written = files.filter((path) => lstatSync(path, { throwIfNoEntry: false })?.uid === 0);
  giveTo(written, owner);
}

/** Git's own data, with the directory that it is for: all that can be told where git refuses to answer. */
export function gitFiles(root: string): string[] {
  const own = gitDirectory(root);
  return [root, ...(own ? below(own) : [])];
}

const filesIn = (dir: string): string[] =>
  entriesOf(dir)
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(dir, entry.name));

function below(dir: string): string[] {
  const inside = entriesOf(dir).flatMap((entry) => {
    const path = join(dir, entry.name);
    return entry.isDirectory() ? below(path) : [path];
  });
  return [dir, ...inside];
}

function entriesOf(dir: string): Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch (error) {
    // Gone meanwhile, or another user's, which the directory itself tells as well.
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EACCES" || code === "ENOENT") return [];
    throw error;
  }
}
