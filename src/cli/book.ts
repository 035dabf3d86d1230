import { loadBook } from "../book/load.ts";
import { nearest } from "../book/nearest.ts";
import { position } from "../book/position.ts";
import { readSources } from "../book/read.ts";
import type { Book } from "../book/types.ts";
import { HomelabError } from "../errors.ts";
import { findCycle } from "../graph/graph.ts";
import { resolveTargets, targetNames } from "../graph/targets.ts";
import type { Context } from "./context.ts";
import { findRoot } from "./root.ts";

/** Whether a text stands anywhere in the recipe files of the homelab at hand: much cheaper than reading the book. */
export function isWritten(context: Context, text: string): boolean {
  try {
    return readSources(findRoot(context)).sources.some((source) => source.text.includes(text));
  } catch (error) {
    if (error instanceof HomelabError) return false;
    throw error;
  }
}

/** The recipe book of the homelab at hand, without cycles. Warnings of the reading go to standard error. */
export async function openBook(context: Context): Promise<Book> {
  const { book, cycle } = await readBook(context);
  if (cycle) throw await cycleError(book, cycle);
  return context.completeBook ? context.completeBook(book) : book;
}

/** The same for what can be done with a book that has a cycle: showing it. */
export async function readBook(context: Context): Promise<{ book: Book; cycle: string[] | undefined }> {
  const book = await loadBook(findRoot(context));
  if (!context.options.quiet) for (const warning of book.warnings) context.messages.warn(warning);
  return { book, cycle: findCycle(book.recipes) };
}

/** The recipes that the words of a command line stand for. Throws `unknown-target` for a word that is none. */
export const targetsOf = (book: Book, words: readonly string[]): string[] => resolveWords(book, words).names;

/** Finds the recipes that words stand for, and those of them that were typed outright rather than meant by a group. */
export type Resolve = (
  book: Book,
  words: readonly string[],
) => { readonly names: string[]; readonly outright: ReadonlySet<string> };

/** The same, with the names that were typed outright rather than meant by a group or family. */
export function resolveWords(book: Book, words: readonly string[]): ReturnType<Resolve> {
  const resolved = resolveTargets(book, words);
  if ("names" in resolved) return resolved;
  const close = nearest(resolved.unknown, targetNames(book));
  throw new HomelabError("unknown-target", `unknown target \`${resolved.unknown}\``, {
    hint: close ? `did you mean \`${close}\`?` : "`homelab list` shows all recipes and groups",
  });
}

async function cycleError(book: Book, cycle: readonly string[]): Promise<HomelabError> {
  const [last, first] = cycle.slice(-2);
  const recipe = book.recipes.get(last ?? "");
  const index = recipe?.needs.findIndex((need) => need.name === first) ?? -1;
  return new HomelabError("cycle", `recipes need each other in a circle: ${cycle.join(" → ")}`, {
    position: await position(book.root, recipe?.origin, ["needs", index, "name"]),
    hint: "take one of these needs out",
  });
}

/** The book for a suggestion: none when there is no homelab here, or its recipes are broken. */
export async function bookIfAny(context: Context): Promise<Book | undefined> {
  try {
    return await openBook(context);
  } catch (error) {
    if (error instanceof HomelabError) return undefined;
    throw error;
  }
}
