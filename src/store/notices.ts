import type { Store } from "./store.ts";

/** Something that a channel was told, or is still to be told. */
export interface Told {
  /** `failed`: told, and not yet told to be over. `owed`: changes of a run that could not be delivered. */
  readonly kind: "failed" | "owed";
  /** The step; the command line for a run that could not begin; the run for what is owed. */
  readonly id: string;
  /** Of the failure; empty for what is owed. */
  readonly code: string;
  /** Epoch milliseconds of the first run that saw it. */
  readonly since: number;
}

/** The name of a command line among those of steps, which have no blanks. */
export const commandId = (command: string): string => `homelab ${command}`;

/** The step that stands for an engine that went away in the middle of a run. */
export const ENGINE_STEP = "docker engine";

/** Whether a channel waits for word of one of these, or is owed some. Asked by every run, so it is one short query. */
export function isAwaited(store: Store, root: string, ids: ReadonlySet<string>): boolean {
  return store.with(false, (database) =>
    database
      .query<Pick<Told, "kind" | "id">, [string]>("SELECT DISTINCT kind, id FROM notice WHERE root = ?")
      .all(root)
      .some(({ kind, id }) => kind === "owed" || ids.has(id)),
  );
}

/** What each channel knows of a root. */
export function toldOf(store: Store, root: string): Map<string, Told[]> {
  return store.with(new Map<string, Told[]>(), (database) => {
    const rows = database
      .query<Told & { channel: string }, [string]>(
        "SELECT channel, kind, id, code, since FROM notice WHERE root = ? ORDER BY channel, since, id",
      )
      .all(root);
    const told = new Map<string, Told[]>();
    for (const { channel, ...row } of rows) {
      const known = told.get(channel);
      if (known) known.push(row);
      else told.set(channel, [row]);
    }
    return told;
  });
}

/** Puts what a channel knows of a root in place of what it knew. */
export function rememberTold(store: Store, root: string, channel: string, told: readonly Told[]): void {
  store.with(undefined, (database) => {
    database.transaction(() => {
      database.run("DELETE FROM notice WHERE root = ? AND channel = ?", [root, channel]);
      for (const { kind, id, code, since } of told) {
        database.run("INSERT INTO notice (root, channel, kind, id, code, since) VALUES (?, ?, ?, ?, ?, ?)", [
          root,
          channel,
          kind,
          id,
          code,
          since,
        ]);
      }
    })();
  });
}
