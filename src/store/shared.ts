import { chownSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Replaces a file that users share as a whole; root gives it to the owner of the repository, who has to be able to
 * change it. Throws the system's error.
 */
export function replaceShared(path: string, data: unknown): void {
  const dir = dirname(path);
  if (mkdirSync(dir, { recursive: true, mode: 0o755 }) !== undefined) giveToOwner(dir);
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, `${JSON.stringify(data, null, 2)}\n`, { mode: 0o644 });
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
