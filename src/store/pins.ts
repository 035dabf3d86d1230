import type { Manifest } from "./releases.ts";
import type { Store } from "./store.ts";

/**
 * A service that was put back to an earlier release. It stays there as long as its files and images are those that
 * it was taken away from; any other ones are tried again.
 */
export interface Pin {
  /** Id of the release whose files and images it runs with. */
  readonly release: number;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Why: a clause for people. */
  readonly why: string;
  /** Ids of the containers that were put back; no longer known once they were seen ready, which makes a release. */
  readonly made?: readonly string[] | undefined;
  readonly refused: {
    readonly manifest: Manifest;
    /** Image references and the ids that they had. */
    readonly images: readonly (readonly [reference: string, id: string])[];
  };
}

/** The pins of a root by service. */
export function readPins(store: Store, root: string): Map<string, Pin> {
  return store.with(new Map<string, Pin>(), (database) => {
    const rows = database
      .query<{ name: string; data: string }, [string]>("SELECT name, data FROM pin WHERE root = ?")
      .all(root);
    return new Map(rows.map((row) => [row.name, JSON.parse(row.data) as Pin]));
  });
}

export function setPin(store: Store, root: string, name: string, pin: Pin): void {
  store.with(undefined, (database) => {
    database.run("INSERT OR REPLACE INTO pin (root, name, data) VALUES (?, ?, ?)", [
      root,
      name,
      JSON.stringify(pin),
    ]);
  });
}

export function dropPin(store: Store, root: string, name: string): void {
  store.with(undefined, (database) => {
    database.run("DELETE FROM pin WHERE root = ? AND name = ?", [root, name]);
  });
}
