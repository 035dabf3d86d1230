import { processStamp } from "../os/proc.ts";
import type { Store } from "./store.ts";

/** A change in hand: compose works on a service as process `pid`. */
export interface Intent {
  readonly name: string;
  readonly pid: number;
  readonly action: string;
}

export function recordIntent(store: Store, root: string, intent: Intent): void {
  store.with(undefined, (database) => {
    database.run("INSERT OR REPLACE INTO intent (root, name, pid, started, action) VALUES (?, ?, ?, ?, ?)", [
      root,
      intent.name,
      intent.pid,
      processStamp(intent.pid) ?? "",
      intent.action,
    ]);
  });
}

export function clearIntent(store: Store, root: string, name: string): void {
  store.with(undefined, (database) => {
    database.run("DELETE FROM intent WHERE root = ? AND name = ?", [root, name]);
  });
}

/** Changes that an earlier run left in hand because it was killed, and whether their process still works. */
export function leftIntents(store: Store, root: string): (Intent & { alive: boolean })[] {
  return store.with<(Intent & { alive: boolean })[]>([], (database) =>
    database
      .query<Intent & { started: string }, [string]>(
        "SELECT name, pid, started, action FROM intent WHERE root = ?",
      )
      .all(root)
      .map(({ started, ...intent }) => ({ ...intent, alive: processStamp(intent.pid) === started })),
  );
}
