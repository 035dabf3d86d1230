import type { Book, Recipe } from "../book/types.ts";

/** Services by family, in the order of the book. */
export function families(book: Book): Map<string, string[]> {
  const result = new Map<string, string[]>();
  for (const recipe of book.recipes.values()) {
    if (recipe.kind !== "service" || recipe.family === undefined) continue;
    const members = result.get(recipe.family);
    if (members) members.push(recipe.name);
    else result.set(recipe.family, [recipe.name]);
  }
  return result;
}

/** Kinds that `all` stands for: what keeps running, and no tasks or whole hosts. */
const RUNNING: readonly Recipe["kind"][] = ["service", "unit", "microvm"];

/** Whether a recipe has something to run here: the shipped book names services that a root may not have. */
export function isHere(recipe: Recipe): boolean {
  return recipe.kind !== "service" || recipe.present;
}

/** Every name that can stand where a target is asked for. */
export function targetNames(book: Book): string[] {
  return ["all", ...book.groups.keys(), ...families(book).keys(), ...book.recipes.keys()];
}

/**
 * What one target word stands for: recipe names in the order of the book, or undefined for an unknown word.
 * `all`, groups and families leave out shipped services without a directory; a recipe named outright stays.
 */
export function expandTarget(book: Book, word: string): string[] | undefined {
  const here = (names: Iterable<string>) =>
    [...names].filter((name) => {
      const recipe = book.recipes.get(name);
      return recipe !== undefined && (isHere(recipe) || !recipe.origin?.file.startsWith("builtin:"));
    });
  if (book.recipes.has(word)) return [word];
  if (word === "all") {
    return here([...book.recipes.values()].filter((r) => RUNNING.includes(r.kind)).map((r) => r.name));
  }
  const group = book.groups.get(word);
  if (group) return here(group.members);
  const family = families(book).get(word);
  return family ? here(family) : undefined;
}

/**
 * Resolves the words of a command line: each a target, or a family followed by one of its instances
 * (`sonarr shows`). Returns recipe names without repetition and which of them were named outright, rather than by a
 * group or family; or the first word that means nothing.
 */
export function resolveTargets(
  book: Book,
  words: readonly string[],
): { names: string[]; outright: Set<string> } | { unknown: string } {
  const names = new Set<string>();
  const outright = new Set<string>();
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    const instance = words[i + 1] === undefined ? undefined : `${word}-${words[i + 1]}`;
    if (instance !== undefined && book.recipes.has(instance) && !expandTarget(book, words[i + 1] ?? "")) {
      names.add(instance);
      outright.add(instance);
      i++;
      continue;
    }
    const expanded = expandTarget(book, word);
    if (!expanded) return { unknown: word };
    for (const name of expanded) names.add(name);
    if (book.recipes.has(word)) outright.add(word);
  }
  return { names: [...names], outright };
}
