import { posix } from "node:path";
import { brief } from "./brief.ts";
import { composeListing, type Discovery, type Listing, leadsOutside } from "./discover.ts";
import { type Fault, invalid, type Place } from "./fault.ts";
import type { Draft, Merged, ServiceDraft } from "./merge.ts";
import { unreadable } from "./read.ts";
import { NAME } from "./schema.ts";
import type { Recipe, ServiceRecipe } from "./types.ts";

export interface Resolved {
  readonly recipes: Map<string, Recipe>;
  readonly warnings: readonly string[];
  readonly faults: readonly Fault[];
}

/** Gives every service its directory, and every directory that no recipe names a service. */
export function resolveServices(root: string, merged: Merged, discovery: Discovery): Resolved {
  const recipes = new Map<string, Recipe>();
  const faults: Fault[] = [];
  const taken = new Map<string, ServiceDraft>();
  for (const draft of merged.recipes.values()) {
    if (draft.kind !== "service") {
      recipes.set(draft.name, draft);
      continue;
    }
    const dir = directoryOf(draft, discovery);
    const fault = directoryFault(root, draft, dir, discovery, taken);
    if (fault) faults.push(fault);
    else taken.set(dir, draft);
    const found = fault === undefined ? find(root, dir, discovery, faults) : undefined;
    recipes.set(draft.name, {
      ...draft,
      dir,
      present: found !== undefined,
      ...(found ?? NOTHING),
      family: familyOf(dir),
    });
  }
  const warnings = [...discovery.warnings, ...addDiscovered(recipes, merged, discovery, taken)];
  return { recipes, warnings, faults };
}

/** The directory as written, else `services/<name>`, else `services/<family>/<instance>` where there is one. */
function directoryOf({ name, dir }: ServiceDraft, { composeDirs }: Discovery): string {
  if (dir !== undefined) return posix.normalize(dir).replace(/\/$/, "");
  const plain = `services/${name}`;
  if (composeDirs.has(plain)) return plain;
  for (let hyphen = name.indexOf("-"); hyphen > 0; hyphen = name.indexOf("-", hyphen + 1)) {
    const instance = `services/${name.slice(0, hyphen)}/${name.slice(hyphen + 1)}`;
    if (composeDirs.has(instance)) return instance;
  }
  return plain;
}

function directoryFault(
  root: string,
  draft: ServiceDraft,
  dir: string,
  discovery: Discovery,
  taken: ReadonlyMap<string, ServiceDraft>,
): Fault | undefined {
  const hint = "a service's directory stands inside of the homelab repository";
  if (dir === ".." || dir.startsWith("../")) {
    const message = `\`dir\` of service \`${draft.name}\` leaves the root: \`${brief(String(draft.dir))}\``;
    return invalid(message, { hint, at: dirPlace(draft) });
  }
  const outside = isListed(dir)
    ? discovery.outside.has(dir) || isBelowLink(dir, discovery)
    : linkOutside(root, dir);
  if (outside) {
    const message = `\`${dir}\` of service \`${draft.name}\` is behind a link that leads out of the root`;
    return invalid(message, { hint, at: dirPlace(draft) });
  }
  const other = taken.get(dir);
  if (!other) return undefined;
  return invalid(`services \`${other.name}\` and \`${draft.name}\` have the same directory \`${dir}\``, {
    hint: "give each its own `dir`, or keep one of the two",
    at: dirPlace(draft),
    notes: [{ text: "the other one", at: dirPlace(other) }],
  });
}

function dirPlace({ origin }: ServiceDraft): Place | undefined {
  return origin && { file: origin.file, path: [...origin.path, "dir"] };
}

/** A directory that the discovery has looked at: `services/<a>` or `services/<a>/<b>`. */
function isListed(dir: string): boolean {
  return /^services(?:\/[^/.][^/]*){1,2}$/.test(dir);
}

function isBelowLink(dir: string, { outside }: Discovery): boolean {
  return outside.size > 0 && [...outside].some((link) => dir.startsWith(`${link}/`));
}

function linkOutside(root: string, dir: string): boolean {
  try {
    return leadsOutside(root, dir);
  } catch {
    // Whether it can be read is the next question, and its answer names the path.
    return false;
  }
}

const NOTHING: Listing = { path: "", files: new Set(), special: new Set() };

function find(root: string, dir: string, { composeDirs }: Discovery, faults: Fault[]): Listing | undefined {
  if (isListed(dir)) return composeDirs.get(dir);
  try {
    return composeListing(root, dir);
  } catch (error) {
    faults.push(unreadable(dir, error));
    return undefined;
  }
}

/** Name of the family when the directory is `services/<family>/<instance>`. */
export function familyOf(dir: string): string | undefined {
  return /^services\/([^/]+)\/[^/]+$/.exec(dir)?.[1];
}

/** Adds the compose directories that no recipe names; returns a line for each that cannot be a service. */
function addDiscovered(
  recipes: Map<string, Recipe>,
  merged: Merged,
  { composeDirs }: Discovery,
  taken: ReadonlyMap<string, Draft>,
): string[] {
  const warnings: string[] = [];
  for (const [dir, found] of composeDirs) {
    if (taken.has(dir)) continue;
    const name = dir.slice("services/".length).replace("/", "-");
    const problem = nameProblem(name, recipes, merged);
    if (problem)
      warnings.push(`\`${dir}\` is left out: ${problem}; name it in homelab.yml with \`dir: ${dir}\``);
    else recipes.set(name, discovered(name, dir, found));
  }
  return warnings;
}

function nameProblem(name: string, recipes: ReadonlyMap<string, Recipe>, merged: Merged): string | undefined {
  if (!NAME.test(name) || name === "all") return `\`${name}\` is not a valid name`;
  const owner = recipes.get(name);
  if (owner)
    return `the name \`${name}\` belongs to ${owner.kind === "service" ? `\`${owner.dir}\`` : `a ${owner.kind}`}`;
  // A group of this name is a fault that the link check reports, a broken recipe one that was reported.
  return merged.broken.has(name) ? `the recipe \`${name}\` is not valid` : undefined;
}

function discovered(name: string, dir: string, found: Listing): ServiceRecipe {
  return {
    kind: "service",
    name,
    dir,
    present: true,
    ...found,
    family: familyOf(dir),
    needs: [],
    after: [],
    mounts: [],
    rollback: "manual",
    optional: [],
  };
}
