import type { Store } from "./store.ts";

/** The commit that this machine's system was last switched to; undefined when nobody knows. */
export function systemRevision(store: Store, root: string): string | undefined {
  return store.with<string | undefined>(
    undefined,
    (database) =>
      database.query<{ revision: string }, [string]>("SELECT revision FROM system WHERE root = ?").get(root)
        ?.revision,
  );
}

export function recordSystem(store: Store, root: string, revision: string, at: number): void {
  store.with(undefined, (database) => {
    database.run("INSERT OR REPLACE INTO system (root, revision, at) VALUES (?, ?, ?)", [root, revision, at]);
  });
}
