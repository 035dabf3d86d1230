import type { RunReport } from "../plan/types.ts";
import type { Store } from "./store.ts";

/** One row of the history. */
export interface RunRecord {
  readonly id: string;
  /** Epoch milliseconds of the (last) start. */
  readonly at: number;
  /** As typed: "ensure media". */
  readonly command: string;
  readonly report: RunReport;
  /** How many runs in a row this row stands for: runs without a change are folded into one. */
  readonly repeats: number;
}

/** Runs that are kept per root. */
const KEPT = 500;

/**
 * Adds a run to the history. A run that changed nothing right after another such run of the same command takes
 * its place, so that a timer of every minute does not push out what matters.
 */
export function recordRun(store: Store, root: string, run: Omit<RunRecord, "repeats">): void {
  store.with(undefined, (database) => {
    const { id, at, command, report } = run;
    let repeats = 1;
    if (report.outcome === "unchanged") {
      const last = database
        .query<{ id: string; command: string; outcome: string; repeats: number }, [string]>(
          "SELECT id, command, outcome, repeats FROM run WHERE root = ? ORDER BY at DESC, id DESC LIMIT 1",
        )
        .get(root);
      if (last?.outcome === "unchanged" && last.command === command) {
        repeats = last.repeats + 1;
        database.run("DELETE FROM run WHERE id = ?", [last.id]);
      }
    }
    database.run(
      "INSERT INTO run (id, root, at, command, outcome, repeats, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
      [id, root, at, command, report.outcome, repeats, JSON.stringify(report)],
    );
    if (repeats > 1) return;
    database.run(
      `DELETE FROM run WHERE root = ?1 AND id NOT IN
        (SELECT id FROM run WHERE root = ?1 ORDER BY at DESC LIMIT ${KEPT})`,
      [root],
    );
  });
}

/** The newest runs of a root, newest first. */
export function recentRuns(store: Store, root: string, limit: number): RunRecord[] {
  return store.with<RunRecord[]>([], (database) =>
    database
      .query<{ id: string; at: number; command: string; repeats: number; data: string }, [string, number]>(
        "SELECT id, at, command, repeats, data FROM run WHERE root = ? ORDER BY at DESC, id DESC LIMIT ?",
      )
      .all(root, limit)
      .map(({ data, ...row }) => ({ ...row, report: JSON.parse(data) as RunReport })),
  );
}

/** A run's id: sortable by time, unique enough within a root. */
export function newRunId(at: number): string {
  const random = crypto.getRandomValues(new Uint8Array(3));
  const time = new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
  return `${time}-${Buffer.from(random).toString("hex")}`;
}
