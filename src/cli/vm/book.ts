import type { Book, MicrovmRecipe } from "../../book/types.ts";
import { HomelabError, Problems } from "../../errors.ts";
import type { Machine } from "../../process/machine.ts";
import { Machines } from "../../ssh/machines.ts";
import { openBook, type Resolve } from "../book.ts";
import type { Context } from "../context.ts";
import { FoundVms } from "./found.ts";
import { isVm, resolveVms, vmsOf } from "./named.ts";

/**
 * Makes all that reads the book in this context see the MicroVMs that no recipe names as well: those with a state
 * directory here, or on a host that runs one with a recipe. Nobody is asked where recipes and groups have all `words`.
 * Gives what finds the MicroVMs that words stand for.
 */
export function seeAllVms(context: Context, words: readonly string[]): Resolve {
  const found = completing(context, words);
  return (book, asked) => resolveVms(book, asked, found.unasked);
}

function completing(context: Context, words: readonly string[]): FoundVms {
  const found = new FoundVms(context.env);
  const isWritten = ({ recipes, groups }: Book) =>
    words.length > 0 && words.every((word) => recipes.has(word) || groups.has(word));
  context.completeBook = async (book) => (isWritten(book) ? book : found.complete(book));
  return found;
}

/**
 * The MicroVMs of a book, and the names that were asked for; all of them when there are none. Without a homelab, those
 * of this machine. Throws when none is known, and not all machines could be asked.
 */
export async function openVms(
  context: Context,
  words: readonly string[],
): Promise<{ book: Book; machines: Machines; vms: MicrovmRecipe[]; resolve: Resolve }> {
  const found = completing(context, words);
  const book = await openOrBare(context);
  const vms = vmsOf(book, words, found.unasked);
  const [first] = found.unasked;
  if (vms.length === 0 && first) throw new Problems(found.unasked.map(({ error }) => error));
  // Those of other machines have recipes, and are told of with them.
  for (const { remote, error } of found.unasked) {
    const told = remote || vms.some(({ host }) => host === undefined);
    if (words.length === 0 && !told) context.messages.warn(error.message);
  }
  const resolve: Resolve = (read, asked) => resolveVms(read, asked, found.unasked);
  return { book, machines: found.machines(book), vms, resolve };
}

/** Where there is no homelab, this machine's MicroVMs can be looked at all the same. */
async function openOrBare(context: Context): Promise<Book> {
  const written = await openWritten(context);
  return written.root === BARE.root && context.completeBook ? context.completeBook(written) : written;
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
