import {
  chmodSync,
  chownSync,
  existsSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { HomelabError } from "../errors.ts";

/** The lock file of the flake in a directory. */
export const lockOf = (flake: string): string => `${flake}/flake.lock`;
/** What it was before the last update that moved something. */
export const backupOf = (flake: string): string => `${lockOf(flake)}.backup`;
/** What that was before. */
const olderOf = (flake: string): string => `${backupOf(flake)}.1`;

/** Its text; undefined where there is none yet. */
export function lockText(flake: string): string | undefined {
  const file = lockOf(flake);
  try {
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  } catch (error) {
    throw permission(file, "read", error);
  }
}

/**
 * Puts a new lock file in the place of the old one, whole or not at all, and keeps that as its backup; an older backup
 * is kept beside it. Throws `refused` when it is no longer what it was, and `permission`.
 */
export function replaceLock(flake: string, before: string | undefined, after: string): void {
  const file = lockOf(flake);
  if (lockText(flake) !== before) {
    throw new HomelabError(
      "refused",
      `${file} was changed by somebody else meanwhile, and is left as it is`,
      {
        hint: "run it again: it begins with what is there now",
      },
    );
  }
  try {
    if (before !== undefined) {
      if (existsSync(backupOf(flake))) renameSync(backupOf(flake), olderOf(flake));
      write(backupOf(flake), before, file);
    }
    write(file, after, before === undefined ? undefined : file);
  } catch (error) {
    throw permission(file, "written", error);
  }
}

/**
 * Writes a file with the owner and the mode of another one, or the owner of its directory: who runs this as root does not
 * take it away from anybody.
 */
function write(named: string, text: string, like: string | undefined): void {
  // One that leads elsewhere goes on doing so.
  const path = existsSync(named) ? realpathSync(named) : named;
  const draft = `${path}.${process.pid}`;
  const { uid, gid, mode } = statSync(like ?? dirname(path));
  try {
    writeFileSync(draft, text);
    if (process.getuid?.() === 0) chownSync(draft, uid, gid);
    if (like !== undefined) chmodSync(draft, mode & 0o666);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

const permission = (file: string, what: string, error: unknown): HomelabError => {
  const { code } = error as NodeJS.ErrnoException;
  return new HomelabError(
    code === "EACCES" || code === "EPERM" ? "permission" : "step-failed",
    `${file} cannot be ${what} (${code})`,
    { hint: `look whose it is, and whether there is room: \`ls -l ${file}; df ${dirname(file)}\`` },
  );
};
