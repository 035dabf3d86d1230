import type { Database } from "bun:sqlite";
import { KEPT_RELEASES } from "./images.ts";
import type { Store } from "./store.ts";

/**
 * What a service was made from: hashes of its files (paths relative to its directory; null: not there) and of
 * the variables that its compose files take from outside `.env` (null: not set). Contents are not kept.
 */
export interface Manifest {
  readonly files: readonly (readonly [path: string, hash: string | null])[];
  readonly variables: readonly (readonly [name: string, hash: string | null])[];
  /** `COMPOSE_FILE` in `.env` names its compose files: others in the directory are not taken up. */
  readonly chosen?: boolean | undefined;
}

/** How often the engine had restarted a container at a moment at which it was ready (epoch milliseconds). */
export interface Sight {
  readonly at: number;
  readonly restarts: number;
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
  /** The last times that it was seen ready, the oldest first. */
  readonly sights?: readonly Sight[] | undefined;
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
  /** Its own compose files as the manifest names them, in the order in which they are merged. */
  readonly compose: readonly string[];
  readonly containers: readonly ReleasedContainer[];
  /** Names of containers whose network its compose files say that its own share; not there when there are none. */
  readonly lenders?: readonly string[] | undefined;
}

/** Releases that are kept per service, each once or twice. */
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

/** A release by its id; undefined when it is not kept any more. */
export function releaseWith(store: Store, id: number): Release | undefined {
  return store.with<Release | undefined>(undefined, (database) => {
    const row = database.query<{ data: string }, [number]>("SELECT data FROM release WHERE id = ?").get(id);
    return row ? (JSON.parse(row.data) as Release) : undefined;
  });
}

/** A compose file of a release: its path as the manifest names it. */
export interface ComposeText {
  readonly path: string;
  readonly text: string;
}

/** A release as it is kept. */
export interface StoredRelease {
  readonly id: number;
  /** Epoch milliseconds of when it was last seen ready. */
  readonly at: number;
  readonly release: Release;
}

/** The releases of one service, the newest first. */
export function listReleases(store: Store, root: string, name: string): StoredRelease[] {
  return store.with<StoredRelease[]>([], (database) =>
    database
      .query<{ id: number; at: number; data: string }, [string, string]>(
        "SELECT id, at, data FROM release WHERE root = ? AND name = ? ORDER BY id DESC",
      )
      .all(root, name)
      .map(({ data, ...row }) => ({ ...row, release: JSON.parse(data) as Release })),
  );
}

/** Image ids of the current and the previous release of every service of a root, and what the images are called. */
export interface ReleasedImages {
  readonly ids: Set<string>;
  readonly names: Set<string>;
}

/** The images that releases need, by root. */
export function imagesOfReleases(store: Store): Map<string, ReleasedImages> {
  const counted = new Map<string, Set<string>>();
  const images = new Map<string, ReleasedImages>();
  for (const { root, name, data } of allReleases(store)) {
    const own = counted.get(`${root}\n${name}`) ?? new Set();
    counted.set(`${root}\n${name}`, own);
    const release = JSON.parse(data) as Release;
    const which = identity(release);
    if (own.size === KEPT_RELEASES || own.has(which)) continue;
    own.add(which);
    const { ids, names } = images.get(root) ?? { ids: new Set(), names: new Set() };
    images.set(root, { ids, names });
    for (const { image, imageId } of release.containers) {
      ids.add(imageId);
      names.add(image);
    }
  }
  return images;
}

/** The newest first. */
const allReleases = (store: Store): { root: string; name: string; data: string }[] =>
  store.with<{ root: string; name: string; data: string }[]>([], (database) =>
    database
      .query<{ root: string; name: string; data: string }, []>(
        "SELECT root, name, data FROM release ORDER BY id DESC",
      )
      .all(),
  );

/** The compose files of a release, in their order; none when they could not be kept. */
export function releaseFiles(store: Store, id: number): ComposeText[] {
  return store.with<ComposeText[]>([], (database) =>
    database
      .query<ComposeText, [number]>("SELECT path, text FROM release_file WHERE release = ? ORDER BY number")
      .all(id),
  );
}

/**
 * Records a release with its compose files. One that only continues the newest (same files, same images) takes its
 * place. Returns its id; undefined when the state cannot be used.
 */
export function recordRelease(
  store: Store,
  root: string,
  name: string,
  release: Release,
  files: readonly ComposeText[],
  at: number,
): number | undefined {
  return store.with<number | undefined>(undefined, (database) => {
    const newest = database
      .query<{ id: number; data: string }, [string, string]>(
        "SELECT id, data FROM release WHERE root = ? AND name = ? ORDER BY id DESC LIMIT 1",
      )
      .get(root, name);
    const data = JSON.stringify(release);
    if (newest && identity(JSON.parse(newest.data) as Release) === identity(release)) {
      database.run("UPDATE release SET at = ?, data = ? WHERE id = ?", [at, data, newest.id]);
      return newest.id;
    }
    const add = database.transaction(() => {
      const words = "INSERT INTO release (root, name, at, data) VALUES (?, ?, ?, ?)";
      const id = Number(database.run(words, [root, name, at, data]).lastInsertRowid);
      for (const [number, { path, text }] of files.entries()) {
        const values = "INSERT INTO release_file (release, number, path, text) VALUES (?, ?, ?, ?)";
        database.run(values, [id, number, path, text]);
      }
      prune(database, root, name);
      return id;
    });
    return add();
  });
}

/**
 * Keeps the newest releases. Of one that was put back there are copies: the newest is what runs, and the oldest says
 * what came before it.
 */
function prune(database: Database, root: string, name: string): void {
  const copies = new Map<string, number[]>();
  const words = "SELECT id, data FROM release WHERE root = ? AND name = ? ORDER BY id DESC";
  for (const { id, data } of database
    .query<{ id: number; data: string }, [string, string]>(words)
    .all(root, name)) {
    const which = identity(JSON.parse(data) as Release);
    copies.set(which, [...(copies.get(which) ?? []), id]);
  }
  const gone = [...copies.values()].flatMap((ids, index) => (index < KEPT ? ids.slice(1, -1) : ids));
  for (const id of gone) {
    database.run("DELETE FROM release WHERE id = ?", [id]);
    database.run("DELETE FROM release_file WHERE release = ?", [id]);
  }
}

/** What makes two releases the same one: files and images, in whatever order the containers were made. */
export function identity(release: Release): string {
  const images = release.containers.map(({ service, imageId }) => `${service} ${imageId}`).sort();
  return JSON.stringify([release.project, release.manifest, images]);
}
