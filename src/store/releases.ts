import type { Store } from "./store.ts";

/**
 * What a service was made from: hashes of its files (paths relative to its directory; null: not there) and of
 * the variables that its compose files take from outside `.env` (null: not set). Contents are not kept.
 */
export interface Manifest {
  readonly files: readonly (readonly [path: string, hash: string | null])[];
  readonly variables: readonly (readonly [name: string, hash: string | null])[];
}

/** One container of a release, as it was when it was seen ready. */
export interface ReleasedContainer {
  readonly service: string;
  readonly id: string;
  /** Image reference as the compose file has it. */
  readonly image: string;
  readonly imageId: string;
  /** `running`: it stays up. `completed`: a one-shot that exited with 0. */
  readonly kind: "running" | "completed";
  /** Whether it has a health check. */
  readonly health: boolean;
  /** Epoch milliseconds, by the engine's clock. */
  readonly startedAt: number;
  readonly restarts: number;
}

/** What was last seen ready of a service. */
export interface Release {
  readonly project: string;
  /** The compose file's own name, if it has one. */
  readonly composeName?: string | undefined;
  /** The directory it runs from, absolute. */
  readonly dir: string;
  readonly gitRevision?: string | undefined;
  readonly manifest: Manifest;
  readonly containers: readonly ReleasedContainer[];
}

/** Releases that are kept per service. */
const KEPT = 10;

/** The newest release of every service of a root. */
export function latestReleases(store: Store, root: string): Map<string, Release> {
  return store.with(new Map<string, Release>(), (database) => {
    const rows = database
      .query<{ name: string; data: string }, [string]>(
        "SELECT name, data FROM release WHERE id IN (SELECT max(id) FROM release WHERE root = ? GROUP BY name)",
      )
      .all(root);
    return new Map(rows.map((row) => [row.name, JSON.parse(row.data) as Release]));
  });
}

/** Records a release. One that only continues the newest (same files, same images) replaces it. */
export function recordRelease(store: Store, root: string, name: string, release: Release, at: number): void {
  store.with(undefined, (database) => {
    const newest = database
      .query<{ id: number; data: string }, [string, string]>(
        "SELECT id, data FROM release WHERE root = ? AND name = ? ORDER BY id DESC LIMIT 1",
      )
      .get(root, name);
    if (newest && identity(JSON.parse(newest.data) as Release) === identity(release)) {
      database.run("UPDATE release SET at = ?, data = ? WHERE id = ?", [
        at,
        JSON.stringify(release),
        newest.id,
      ]);
      return;
    }
    database.run("INSERT INTO release (root, name, at, data) VALUES (?, ?, ?, ?)", [
      root,
      name,
      at,
      JSON.stringify(release),
    ]);
    database.run(
      `DELETE FROM release WHERE root = ?1 AND name = ?2 AND id NOT IN
        (SELECT id FROM release WHERE root = ?1 AND name = ?2 ORDER BY id DESC LIMIT ${KEPT})`,
      [root, name],
    );
  });
}

function identity(release: Release): string {
  const images = release.containers.map((container) => [container.service, container.imageId]);
  return JSON.stringify([release.project, release.manifest, images]);
}
