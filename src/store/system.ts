import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readShared, sharedDirectory, writeShared } from "./shared.ts";
import type { Store } from "./store.ts";

/** A switch of the system, as it stands beside the repository's own data. */
interface Switched {
  readonly revision: string;
  readonly at: number;
  /** A repository may be copied to another machine with all that is beside it. */
  readonly machine: string;
}

/**
 * The commit that this machine's system was last switched to; undefined when nobody knows. Root switches it, and the
 * admin, who has another state directory, has to know.
 */
export function systemRevision(store: Store, root: string): string | undefined {
  const own = store.with<{ revision: string; at: number } | null>(null, (database) =>
    database
      .query<{ revision: string; at: number }, [string]>("SELECT revision, at FROM system WHERE root = ?")
      .get(root),
  );
  const path = file(root);
  const shared = path === undefined ? undefined : readShared<Record<string, Switched>>(path)?.[root];
  if (shared?.machine !== machineId()) return own?.revision;
  return own && own.at > shared.at ? own.revision : shared.revision;
}

export function recordSystem(store: Store, root: string, revision: string, at: number): void {
  store.with(undefined, (database) => {
    database.run("INSERT OR REPLACE INTO system (root, revision, at) VALUES (?, ?, ?)", [root, revision, at]);
  });
  const path = file(root);
  if (path === undefined) return;
  const switched: Switched = { revision, at, machine: machineId() };
  try {
    writeShared(path, { ...readShared<Record<string, Switched>>(path), [root]: switched });
  } catch {
    // A repository that cannot be written: this user's own state knows it, others ask root to switch once more.
  }
}

function file(root: string): string | undefined {
  const dir = sharedDirectory(root);
  return dir && join(dir, "system.json");
}

function machineId(): string {
  try {
    return readFileSync("/etc/machine-id", "utf8").trim();
  } catch {
    // No systemd, no NixOS.
    return "";
  }
}
