import { Problems } from "../errors.ts";
import { BUILTIN_FILES } from "./builtin.ts";
import { discover } from "./discover.ts";
import { link } from "./links.ts";
import { Merged } from "./merge.ts";
import { readSources, type Source } from "./read.ts";
import { resolveServices } from "./resolve.ts";
import type { Book } from "./types.ts";

/**
 * Reads the recipe book of a root (an absolute path): its recipe files, or the shipped book when it has none, and the
 * compose directories that they do not name. A service without its directory is no error here; it is not `present`.
 * Throws `Problems` with everything that is wrong, each with its place where it has one.
 */
export async function loadBook(root: string): Promise<Book> {
  const read = readSources(root);
  const shipped = read.sources.length === 0 && read.faults.length === 0;
  const sources = shipped ? shippedSources() : read.sources;
  const merged = new Merged();
  merged.faults.push(...read.faults);
  if (read.faults.length > 0) merged.complete = false;
  for (const source of sources) await merged.add(source);

  const resolved = resolveServices(root, merged, discover(root));
  const linked = link(resolved.recipes, merged.groups, merged.broken);
  const faults = [...merged.faults, ...resolved.faults];
  // With names missing, most links would look broken that are not.
  if (merged.complete) faults.push(...linked.faults);
  if (faults.length > 0) {
    const { toErrors } = await import("./position.ts");
    throw new Problems(await toErrors(faults, new Map(sources.map(({ file, text }) => [file, text]))));
  }
  const { recipes, warnings } = resolved;
  return { root, shipped, recipes, groups: linked.groups, warnings };
}

/** The shipped book by itself, as if no directory were there. */
export async function shippedBook(): Promise<Book> {
  const merged = new Merged();
  for (const source of shippedSources()) await merged.add(source);
  const nowhere = { composeDirs: new Map(), outside: new Set<string>(), warnings: [] };
  const { recipes } = resolveServices("", merged, nowhere);
  return {
    root: "",
    shipped: true,
    recipes,
    groups: link(recipes, merged.groups, merged.broken).groups,
    warnings: [],
  };
}

function shippedSources(): Source[] {
  return [...BUILTIN_FILES].map(([file, text]) => ({ file, text }));
}
