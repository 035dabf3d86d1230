import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { nearest } from "../book/nearest.ts";
import type { Book } from "../book/types.ts";
import { type CatalogueEntry, catalogueEntries } from "../catalogue/catalogue.ts";
import { HomelabError } from "../errors.ts";
import { closure } from "../graph/graph.ts";

/** What became of the files that were to be made; paths relative to the root. */
export interface Placed {
  readonly made: string[];
  /** They were there already, and stay as they are. */
  readonly kept: string[];
}

/** Makes a directory. Throws what is wrong with its place in words. */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const denied = code === "EACCES" || code === "EPERM";
    throw new HomelabError(denied ? "permission" : "unavailable", `${path} cannot be made (${code})`, {
      hint: denied ? "run as somebody who may, or choose another place" : "choose another place",
    });
  }
}

/** Writes files that are not there yet. Nothing that is there is ever changed. */
export function place(root: string, files: Readonly<Record<string, string>>, dryRun: boolean): Placed {
  const placed: Placed = { made: [], kept: [] };
  for (const [path, text] of Object.entries(files)) {
    const target = join(root, path);
    if (existsSync(target)) placed.kept.push(path);
    else {
      placed.made.push(path);
      if (dryRun) continue;
      makeDirectory(dirname(target));
      writeFileSync(target, text, { flag: "wx" });
    }
  }
  return placed;
}

/**
 * Entries of the catalogue that words stand for (services, families, groups, `all`) and all that they need, in the
 * order of the shipped book. Throws `usage` for a word that stands for none.
 */
export function entriesFor(shipped: Book, words: readonly string[]): CatalogueEntry[] {
  const entries = catalogueEntries();
  const wanted = words.flatMap((word) => expand(shipped, entries, word));
  const names = closure(shipped.recipes, wanted);
  return [...shipped.recipes.keys()]
    .filter((name) => names.has(name))
    .flatMap((name) => entries.get(name) ?? []);
}

function expand(
  { recipes, groups }: Book,
  entries: ReadonlyMap<string, CatalogueEntry>,
  word: string,
): readonly string[] {
  if (word === "all") return [...entries.keys()];
  if (entries.has(word)) return [word];
  const group = groups.get(word);
  if (group) return group.members;
  const family = [...recipes.values()].filter(
    (recipe) => recipe.kind === "service" && recipe.family === word,
  );
  if (family.length > 0) return family.map((recipe) => recipe.name);
  const families = [...recipes.values()].flatMap((recipe) =>
    recipe.kind === "service" ? (recipe.family ?? []) : [],
  );
  const close = nearest(word, [...entries.keys(), ...groups.keys(), ...families]);
  throw new HomelabError("usage", `the catalogue has no \`${word}\``, {
    hint: close ? `did you mean \`${close}\`?` : `it has ${[...entries.keys()].join(", ")}`,
  });
}

/** The files of entries by their paths in the root. */
export const filesOf = (entries: readonly CatalogueEntry[]): Record<string, string> =>
  Object.fromEntries(
    entries.flatMap(({ dir, files }) =>
      Object.entries(files).map(([name, text]) => [`${dir}/${name}`, text]),
    ),
  );
