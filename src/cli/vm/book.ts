import { nearest } from "../../book/nearest.ts";
import type { Book, MicrovmRecipe, Recipe } from "../../book/types.ts";
import { HomelabError } from "../../errors.ts";
import type { Machine } from "../../process/machine.ts";
import { Machines } from "../../ssh/machines.ts";
import { readVmDirs } from "../../units/microvm/state.ts";
import { openBook } from "../book.ts";
import type { Context } from "../context.ts";

const isVm = (recipe: Recipe): recipe is MicrovmRecipe => recipe.kind === "microvm";

/**
 * Makes all that reads the book in this context see the MicroVMs that no recipe names as well: those with a state
 * directory here, or on a host that runs one with a recipe.
 */
export function seeAllVms(context: Context): void {
  context.completeBook = withFoundVms(context);
}

/** The MicroVMs of a book, and the names that were asked for; all of them when there are none. Without a homelab, those of this machine. */
export async function openVms(
  context: Context,
  words: readonly string[],
): Promise<{ book: Book; machines: Machines; vms: MicrovmRecipe[] }> {
  seeAllVms(context);
  const book = await openOrBare(context);
  const vms = words.length === 0 ? [...book.recipes.values()].filter(isVm) : vmsOf(book, words);
  return { book, machines: new Machines(book, context.env), vms };
}

/** The MicroVMs that words name: by name, or by a group that has some. Throws `unknown-target`. */
export function vmsOf(book: Book, words: readonly string[]): MicrovmRecipe[] {
  const found = new Map<string, MicrovmRecipe>();
  for (const word of words) {
    const members = book.recipes.has(word) ? [word] : (book.groups.get(word)?.members ?? []);
    const vms = members.flatMap((name) => book.recipes.get(name) ?? []).filter(isVm);
    if (vms.length === 0) throw unknownVm(book, word);
    for (const vm of vms) found.set(vm.name, vm);
  }
  return [...found.values()];
}

function unknownVm({ recipes, groups }: Book, word: string): HomelabError {
  const kind = recipes.get(word)?.kind ?? (groups.has(word) ? "group without MicroVMs" : undefined);
  const names = [...recipes.values()].filter(isVm).map(({ name }) => name);
  const close = nearest(word, names);
  const message = kind ? `\`${word}\` is a ${kind}, and no MicroVM` : `unknown MicroVM \`${word}\``;
  return new HomelabError("unknown-target", message, {
    hint: close ? `did you mean \`${close}\`?` : "`homelab vm list` shows all that there are",
  });
}

/** Where there is no homelab, this machine's MicroVMs can be looked at all the same. */
async function openOrBare(context: Context): Promise<Book> {
  const written = await openWritten(context);
  return written.root === BARE.root ? withFoundVms(context)(written) : written;
}

const BARE: Book = { root: "/", shipped: false, recipes: new Map(), groups: new Map(), warnings: [] };

/** The book at hand, without more than it was completed by; a bare one where there is no homelab. */
async function openWritten(context: Context): Promise<Book> {
  try {
    return await openBook(context);
  } catch (error) {
    if (!(error instanceof HomelabError) || error.code !== "no-root" || context.options.root) throw error;
    return BARE;
  }
}

/** What recipes alone say: the MicroVMs that they name on each machine that may have some. */
export async function openNamed(
  context: Context,
): Promise<{ book: Book; machines: Machines; hosts: Map<Machine, Set<string>> }> {
  const book = await openWritten(context);
  if (book.root === BARE.root)
    context.messages.warn("there is no homelab here: what recipes name elsewhere is not known");
  const machines = new Machines(book, context.env);
  const hosts = new Map<Machine, Set<string>>();
  // One that runs no MicroVMs at all has none to look for either, but that is for it to say.
  hosts.set(machines.of(undefined), new Set());
  for (const { host, name } of [...book.recipes.values()].filter(isVm)) {
    const machine = machines.of(host);
    hosts.set(machine, (hosts.get(machine) ?? new Set()).add(name));
  }
  return { book, machines, hosts };
}

const withFoundVms =
  (context: Context) =>
  async (book: Book): Promise<Book> => {
    const machines = new Machines(book, context.env);
    const hosts = new Set([undefined, ...[...book.recipes.values()].filter(isVm).map(({ host }) => host)]);
    const recipes = new Map(book.recipes);
    for (const host of hosts) {
      for (const name of await namesOn(context, machines, host)) {
        if (recipes.has(name)) continue;
        recipes.set(name, { kind: "microvm", name, needs: [], after: [], host });
      }
    }
    return { ...book, recipes };
  };

/** A host that cannot be asked is told of where its own MicroVMs are looked at. */
async function namesOn(context: Context, machines: Machines, host: string | undefined): Promise<string[]> {
  try {
    return [...(await readVmDirs(machines.of(host))).keys()].toSorted();
  } catch (error) {
    if (!(error instanceof HomelabError)) throw error;
    if (host === undefined) context.messages.warn(error.message);
    return [];
  }
}
