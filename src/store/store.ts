import { Database } from "bun:sqlite";
import { accessSync, constants, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

export const SYSTEM_DIR = "/var/lib/homelab";

/**
 * Tables: `release` (what was last seen ready, several per service), `release_file` (its compose files, in their
 * order), `pin` (services that were put back to an earlier release), `run` (history, newest kept), `intent`
 * (changes in hand: a row is there while compose works on a service), `system` (the commit that the machine's system
 * was last switched to), `notice` (what notifications told of), `registry_limit` (registries that refuse pulls for a
 * while). Times are epoch milliseconds.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS release (
    id INTEGER PRIMARY KEY, root TEXT NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL, data TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS release_by_name ON release (root, name, id);
  CREATE TABLE IF NOT EXISTS run (
    id TEXT PRIMARY KEY, root TEXT NOT NULL, at INTEGER NOT NULL, command TEXT NOT NULL, outcome TEXT NOT NULL,
    repeats INTEGER NOT NULL DEFAULT 1, data TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS run_by_root ON run (root, at);
  CREATE TABLE IF NOT EXISTS intent (
    root TEXT NOT NULL, name TEXT NOT NULL, pid INTEGER NOT NULL, started TEXT NOT NULL, action TEXT NOT NULL,
    PRIMARY KEY (root, name));
  CREATE TABLE IF NOT EXISTS release_file (
    release INTEGER NOT NULL, number INTEGER NOT NULL, path TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (release, number));
  CREATE TABLE IF NOT EXISTS pin (
    root TEXT NOT NULL, name TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (root, name));
  CREATE TABLE IF NOT EXISTS system (root TEXT PRIMARY KEY, revision TEXT NOT NULL, at INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS notice (
    root TEXT NOT NULL, channel TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, code TEXT NOT NULL,
    since INTEGER NOT NULL, PRIMARY KEY (root, channel, kind, id));
  CREATE TABLE IF NOT EXISTS registry_limit (registry TEXT PRIMARY KEY, until INTEGER NOT NULL);
`;

/** The state directory: $HOMELAB_STATE_DIR, else the system's if it is writable, else the user's own. */
export function stateDirectory(env: Environment): string {
  if (env.HOMELAB_STATE_DIR) return env.HOMELAB_STATE_DIR;
  if (writable(SYSTEM_DIR) || (!existsSync(SYSTEM_DIR) && writable("/var/lib"))) return SYSTEM_DIR;
  return join(env.XDG_STATE_HOME || join(env.HOME ?? "/root", ".local/state"), "homelab");
}

function writable(dir: string): boolean {
  try {
    accessSync(dir, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Lets readers and a writer work side by side; the file remembers it. */
function writeAhead(database: Database): void {
  try {
    database.run("PRAGMA journal_mode = WAL");
  } catch (error) {
    // Another process has the file open for the first time as well, and does the same. SQLite does not wait here.
    if ((error as { code?: string }).code !== "SQLITE_BUSY") throw error;
  }
}

/**
 * The state on disk. It helps, and nothing depends on it: when it cannot be opened, read or written, `warn` is
 * told once, and from then on every read gives the fallback and every write is dropped.
 */
export class Store {
  private database: Database | undefined;

  private constructor(
    readonly directory: string,
    readonly warn: (text: string) => void,
    private readonly readonly: boolean,
  ) {}

  /** Opens the state for a run that may change it; makes the directory (0700) and the tables. */
  static open(env: Environment, warn: (text: string) => void): Store {
    const store = new Store(stateDirectory(env), warn, false);
    store.guard(() => {
      mkdirSync(store.directory, { recursive: true, mode: 0o700 });
      const path = join(store.directory, "homelab.db");
      // Reports hold what services said; secrets are masked, but it is nobody else's business all the same.
      if (!existsSync(path)) writeFileSync(path, "", { mode: 0o600, flag: "a" });
      const database = new Database(path, { create: true });
      store.database = database;
      database.run("PRAGMA busy_timeout = 2000");
      writeAhead(database);
      database.run("PRAGMA synchronous = NORMAL");
      database.run(SCHEMA);
    });
    return store;
  }

  /** Opens the state for a command that only reads: nothing is made when there is nothing. */
  static openReadonly(env: Environment, warn: (text: string) => void): Store {
    const store = new Store(stateDirectory(env), warn, true);
    const path = join(store.directory, "homelab.db");
    if (existsSync(path)) {
      store.guard(() => {
        store.database = new Database(path, { readonly: true });
        store.database.run("PRAGMA busy_timeout = 2000");
      });
    }
    return store;
  }

  /** Runs `use` on the database; gives `fallback` when there is none or it fails. */
  with<T>(fallback: T, use: (database: Database) => T): T {
    const { database } = this;
    if (!database) return fallback;
    let result = fallback;
    this.guard(() => {
      result = use(database);
    });
    return result;
  }

  close(): void {
    this.database?.close();
    this.database = undefined;
  }

  private guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      // Written by a version that had fewer tables; the next run that changes something adds them.
      if (this.readonly && /^no such table/.test((error as Error).message)) return;
      this.database = undefined;
      const why = error instanceof Error ? error.message : String(error);
      this.warn(
        `the state directory ${this.directory} cannot be used (${why}): this run goes on without memory of earlier ones`,
      );
    }
  }
}
