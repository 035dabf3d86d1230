import type { RunReport } from "../plan/types.ts";
import type { Store } from "./store.ts";

/** Who started a run, and from which state of the repository. */
export interface RunOrigin {
  readonly user: string;
  /** Nobody watched: cron, a timer, a pipe. */
  readonly unattended: boolean;
  /** The commit that was checked out at its end. */
  readonly revision?: string | undefined;
}

/** One row of the history. */
export interface RunRecord {
  readonly id: string;
  /** Epoch milliseconds of the (last) start. */
  readonly at: number;
  /** As typed: "ensure media". */
  readonly command: string;
  readonly report: RunReport;
  /** Not known of runs that changed nothing. */
  readonly origin?: RunOrigin | undefined;
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
    const { id, at, command, report, origin } = run;
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
      [id, root, at, command, report.outcome, repeats, JSON.stringify({ ...report, origin })],
    );
    if (repeats > 1) return;
    database.run(
      `DELETE FROM run WHERE root = ?1 AND id NOT IN
        (SELECT id FROM run WHERE root = ?1 ORDER BY at DESC LIMIT ${KEPT})`,
      [root],
    );
  });
}

interface Row {
  readonly id: string;
  readonly at: number;
  readonly command: string;
  readonly repeats: number;
  readonly data: string;
}

const COLUMNS = "id, at, command, repeats, data";

function recordOf({ data, ...row }: Row): RunRecord {
  const { origin, ...report } = JSON.parse(data) as RunReport & { origin?: RunOrigin };
  return { ...row, report, origin };
}

/** The newest runs of a root, newest first; with `since` (epoch milliseconds) only those from then on. */
export function recentRuns(store: Store, root: string, limit: number, since = 0): RunRecord[] {
  return store.with<RunRecord[]>([], (database) =>
    database
      .query<Row, [string, number, number]>(
        `SELECT ${COLUMNS} FROM run WHERE root = ? AND at >= ? ORDER BY at DESC, id DESC LIMIT ?`,
      )
      .all(root, since, limit)
      .map(recordOf),
  );
}

/** The runs of a root whose id begins with `prefix`, newest first. The whole id gives one. */
export function runsNamed(store: Store, root: string, prefix: string): RunRecord[] {
  return store.with<RunRecord[]>([], (database) =>
    database
      .query<Row, [string, string]>(
        `SELECT ${COLUMNS} FROM run WHERE root = ?1 AND substr(id, 1, length(?2)) = ?2 ORDER BY at DESC, id DESC`,
      )
      .all(root, prefix)
      .map(recordOf),
  );
}

/** The newest run that changed something or went wrong, and how many runs there were since. */
export function lastNotableRun(
  store: Store,
  root: string,
): { readonly run: RunRecord; readonly since: number } | undefined {
  return store.with<{ run: RunRecord; since: number } | undefined>(undefined, (database) => {
    const row = database
      .query<Row, [string]>(
        `SELECT ${COLUMNS} FROM run WHERE root = ? AND outcome <> 'unchanged' ORDER BY at DESC, id DESC LIMIT 1`,
      )
      .get(root);
    if (!row) return undefined;
    const since = database
      .query<{ count: number | null }, [string, number]>(
        "SELECT sum(repeats) AS count FROM run WHERE root = ? AND at > ?",
      )
      .get(root, row.at);
    return { run: recordOf(row), since: since?.count ?? 0 };
  });
}

/** A run's id: sortable by time, unique enough within a root. */
export function newRunId(at: number): string {
  const random = crypto.getRandomValues(new Uint8Array(3));
  const time = new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
  return `${time}-${Buffer.from(random).toString("hex")}`;
}
