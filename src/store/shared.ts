import { chownSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gitDirectory } from "../git/head.ts";

/**
 * A directory beside the repository's own data, for what all its users have to know of each other: they have
 * different state directories, and one repository. Undefined outside of a repository.
 */
export function sharedDirectory(root: string): string | undefined {
  const git = gitDirectory(root);
  return git && join(git, "homelab");
}

/** What a JSON file holds; undefined when it is not there, not ours to read, or cut off by a crash. */
export function readShared<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as T;
  } catch {
    return undefined;
  }
}

/**
 * Replaces a JSON file as a whole; root gives it to the owner of the repository, who has to be able to change it.
 * Throws the system's error.
 */
export function writeShared(path: string, value: unknown): void {
  const dir = dirname(path);
  if (mkdirSync(dir, { recursive: true, mode: 0o755 }) !== undefined) giveToOwner(dir);
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o644 });
    giveToOwner(draft);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function giveToOwner(path: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(path));
  chownSync(path, uid, gid);
}
