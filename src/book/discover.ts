import { type Dirent, readdirSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import { errorCode, unreadable } from "./read.ts";

const COMPOSE_FILES = new Set(["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"]);

/** What is in a directory. */
export interface Listing {
  /** Absolute path, links resolved. */
  readonly path: string;
  readonly files: ReadonlySet<string>;
  /** Those of them that are neither plain files nor directories: links, pipes, devices. */
  readonly special: ReadonlySet<string>;
}

/** What stands under `services/`. All paths are relative to the root. */
export interface Discovery {
  /** Directories that hold a compose file, sorted. */
  readonly composeDirs: ReadonlyMap<string, Listing>;
  /** Symbolic links that lead out of the root. */
  readonly outside: ReadonlySet<string>;
  readonly warnings: readonly string[];
}

/** Looks for compose files in `services/<a>` and `services/<a>/<b>`, with one directory listing for each. */
export function discover(root: string): Discovery {
  const found: [string, Listing][] = [];
  const outside = new Set<string>();
  const warnings: string[] = [];
  const context = { root, outside, warnings };
  const services = entriesOf(context, "services");
  const real = services ? realpathSync(join(root, "services")) : "";
  for (const { name, path } of services ? directories(context, "services", real, services) : []) {
    const dir = `services/${name}`;
    const entries = entriesOf(context, dir);
    if (!entries) continue;
    const isService = hasComposeFile(entries);
    if (isService) found.push([dir, listing(path, entries)]);
    for (const instance of directories(context, dir, path, entries)) {
      const instanceDir = `${dir}/${instance.name}`;
      // Beside a compose file, what cannot be read is the service's data.
      const inner = entriesOf(isService ? { ...context, warnings: [] } : context, instanceDir);
      if (inner && hasComposeFile(inner)) found.push([instanceDir, listing(instance.path, inner)]);
    }
  }
  found.sort(([a], [b]) => (a < b ? -1 : 1));
  return { composeDirs: new Map(found), outside, warnings };
}

interface Context {
  readonly root: string;
  readonly outside: Set<string>;
  readonly warnings: string[];
}

function entriesOf({ root, outside, warnings }: Context, dir: string): Dirent[] | undefined {
  try {
    if (dir === "services" && leadsOutside(root, dir)) {
      outside.add(dir);
      warnings.push("`services` is a link that leads out of the root and is left alone");
      return undefined;
    }
    return readdirSync(join(root, dir), { withFileTypes: true });
  } catch (error) {
    if (errorCode(error) !== "ENOENT") warnings.push(unreadable(dir, error).message);
    return undefined;
  }
}

/** The directories among the entries, links to directories inside the root included, with their real paths. */
function directories(
  { root, outside, warnings }: Context,
  parent: string,
  realParent: string,
  entries: readonly Dirent[],
): { name: string; path: string }[] {
  const found: { name: string; path: string }[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    if (entry.isDirectory()) found.push({ name: entry.name, path: `${realParent}/${entry.name}` });
    if (!entry.isSymbolicLink()) continue;
    const dir = `${parent}/${entry.name}`;
    const target = kindOf(join(root, dir));
    if (target === "unknown" && parent === "services")
      warnings.push(`\`${dir}\` is a link that cannot be followed, and is left alone`);
    if (target !== "directory") continue;
    if (!leadsOutside(root, dir)) {
      found.push({ name: entry.name, path: realpathSync(join(root, dir)) });
      continue;
    }
    outside.add(dir);
    if (parent === "services")
      warnings.push(`\`${dir}\` is a link that leads out of the root and is left alone`);
  }
  return found;
}

function hasComposeFile(entries: readonly Dirent[]): boolean {
  return entries.some((entry) => COMPOSE_FILES.has(entry.name) && !entry.isDirectory());
}

const NONE: ReadonlySet<string> = new Set();

function listing(path: string, entries: readonly Dirent[]): Listing {
  const special = entries.filter((entry) => !entry.isFile() && !entry.isDirectory());
  return {
    path,
    files: new Set(entries.map((entry) => entry.name)),
    special: special.length > 0 ? new Set(special.map((entry) => entry.name)) : NONE,
  };
}

/** What is in a directory somewhere inside of the root, if it holds a compose file. */
export function composeListing(root: string, dir: string): Listing | undefined {
  try {
    const entries = readdirSync(join(root, dir), { withFileTypes: true });
    return hasComposeFile(entries) ? listing(realpathSync(join(root, dir)), entries) : undefined;
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

/** Whether links on the way lead out of the root. What is not there leads nowhere. */
export function leadsOutside(root: string, dir: string): boolean {
  try {
    const way = relative(realpathSync(root), realpathSync(join(root, dir)));
    return way === ".." || way.startsWith("../") || isAbsolute(way);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return false;
    throw error;
  }
}

function kindOf(path: string): "directory" | "other" | "unknown" {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? "directory" : "other";
  } catch {
    // A circle of links, or a way that this user may not go.
    return "unknown";
  }
}
