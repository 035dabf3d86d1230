import { nearest } from "../../book/nearest.ts";
import type { Book, MicrovmRecipe, Recipe } from "../../book/types.ts";
import { HomelabError } from "../../errors.ts";
import type { Resolve } from "../book.ts";

export const isVm = (recipe: Recipe): recipe is MicrovmRecipe => recipe.kind === "microvm";

/** A machine whose state directories could not be read. */
export interface Unasked {
  readonly host: string;
  readonly remote: boolean;
  readonly error: HomelabError;
}

/** As targets are resolved, but of groups only their MicroVMs are meant, and of no words all that there are. */
export function resolveVms(
  book: Book,
  words: readonly string[],
  unasked: readonly Unasked[],
): ReturnType<Resolve> {
  const names = vmsOf(book, words, unasked).map(({ name }) => name);
  return { names, outright: new Set(words.filter((word) => book.recipes.has(word))) };
}

/** The MicroVMs that words name: by name, or by a group that has some. Throws `unknown-target`. */
export function vmsOf(book: Book, words: readonly string[], unasked: readonly Unasked[]): MicrovmRecipe[] {
  if (words.length === 0) return [...book.recipes.values()].filter(isVm);
  const found = new Map<string, MicrovmRecipe>();
  for (const word of words) {
    const members = book.recipes.has(word) ? [word] : (book.groups.get(word)?.members ?? []);
    const vms = members.flatMap((name) => book.recipes.get(name) ?? []).filter(isVm);
    if (vms.length === 0) throw unknownVm(book, word, unasked);
    for (const vm of vms) found.set(vm.name, vm);
  }
  return [...found.values()];
}

/** A machine that could not be asked may be the one that has it. */
function unknownVm({ recipes, groups }: Book, word: string, unasked: readonly Unasked[]): HomelabError {
  const kind = recipes.get(word)?.kind ?? (groups.has(word) ? "group without MicroVMs" : undefined);
  const names = [...recipes.values()].filter(isVm).map(({ name }) => name);
  const close = nearest(word, names);
  const message = kind ? `\`${word}\` is a ${kind}, and no MicroVM` : `unknown MicroVM \`${word}\``;
  const silent = kind ? [] : unasked;
  return new HomelabError("unknown-target", message, {
    hint: [
      close ? `did you mean \`${close}\`?` : "`homelab vm list` shows all that there are",
      ...silent.map(({ host, error }) => `${host} could not be asked: ${error.message}`),
    ].join("; "),
  });
}
