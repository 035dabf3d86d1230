import type { Change } from "../nix/diff.ts";
import { storeName } from "../nix/words.ts";

/** A package that an update brings in another version than before, or for the first time. */
export interface NewPackage {
  readonly name: string;
  readonly versions: readonly string[];
  /** A unit of a host that gets it runs something of it. */
  readonly inUnit: boolean;
}

/** `firefox` of `firefox-121.0`: the version begins at the first hyphen with a digit behind it, as Nix has it. */
export const packageName = (name: string): string => name.replace(/-\d.*$/, "");

/**
 * The packages of which issues are looked for, what runs in units first. What has no version of its own (scripts,
 * configuration, the system itself) is nobody's package.
 */
export function newPackages(
  changes: readonly Change[],
  inUnits: ReadonlySet<string>,
  systems: ReadonlySet<string>,
): NewPackage[] {
  const found = new Map<string, Set<string>>();
  for (const { name, after } of changes) {
    const versions = after.filter((each) => /^\d/.test(each));
    if (versions.length === 0 || systems.has(name)) continue;
    const all = found.get(name) ?? new Set();
    for (const version of versions) all.add(version);
    found.set(name, all);
  }
  return [...found]
    .map(([name, versions]) => ({ name, versions: [...versions], inUnit: inUnits.has(name) }))
    .toSorted((a, b) => Number(b.inUnit) - Number(a.inUnit) || (a.name < b.name ? -1 : 1));
}

/** Names of the packages that paths of the store are named by. */
export const packagesOf = (paths: readonly string[]): Set<string> =>
  new Set(paths.map((path) => packageName(storeName(path))));
