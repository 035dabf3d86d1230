import { hostname } from "node:os";
import { nearest } from "../../book/nearest.ts";
import type { Book, HostRecipe, Recipe } from "../../book/types.ts";
import { HomelabError } from "../../errors.ts";
import { flakeNames } from "../../hosts/flake.ts";
import { isNixos } from "../../nix/rebuild.ts";
import { Machines } from "../../ssh/machines.ts";
import { openBook } from "../book.ts";
import type { Context } from "../context.ts";

export interface OpenHosts {
  readonly book: Book;
  readonly machines: Machines;
  readonly hosts: readonly HostRecipe[];
}

const ADD = "add it to `hosts:` of homelab.yml";

export const isHost = (recipe: Recipe): recipe is HostRecipe => recipe.kind === "host";

/** A host that has no recipe, as one that says nothing of it: ssh reaches it by its name. */
export const bareHost = (name: string): HostRecipe => ({
  kind: "host",
  name,
  needs: [],
  after: [],
  critical: [],
});

/** What this machine calls itself, without its domain. */
export const ownName = (): string => hostname().toLowerCase().split(".")[0] ?? "";

/**
 * The hosts that words name, by name or by stage. Without words, and for `all`, those that have a recipe; where there
 * are none, this machine, if it runs NixOS. Throws `unknown-target`.
 */
export async function openHosts(context: Context, words: readonly string[]): Promise<OpenHosts> {
  const book = await openOrBare(context);
  const machines = new Machines(book, context.env);
  const written = [...book.recipes.values()].filter(isHost);
  const all = written.length === 0 && isNixos() ? [bareHost(ownName())] : written;
  if (words.length === 0) return { book, machines, hosts: all };
  const found = new Map<string, HostRecipe>();
  for (const word of words) {
    const named = all.filter(({ name, stage }) => word === "all" || name === word || stage === word);
    const hosts = named.length > 0 || word === "all" ? named : [await unwritten(context, book, word)];
    for (const host of hosts) found.set(host.name, host);
  }
  return { book, machines, hosts: [...found.values()] };
}

/** The one host that a word names. Throws `unknown-target`, and `usage` for a stage of several. */
export async function openHost(
  context: Context,
  word: string,
): Promise<Omit<OpenHosts, "hosts"> & { host: HostRecipe }> {
  const { book, machines, hosts } = await openHosts(context, [word]);
  const [host] = hosts;
  if (host && hosts.length === 1) return { book, machines, host };
  if (!host) throw new HomelabError("unknown-target", "there are no hosts", { hint: ADD });
  throw new HomelabError("usage", `\`${word}\` stands for ${hosts.length} hosts`, {
    hint: `name one: ${hosts.map(({ name }) => name).join(", ")}`,
  });
}

/** A host that no recipe names: this machine, or one of the flake. */
async function unwritten({ env }: Context, book: Book, word: string): Promise<HostRecipe> {
  const kind = book.recipes.get(word)?.kind ?? (book.groups.has(word) ? "group" : undefined);
  if (kind !== undefined) {
    throw new HomelabError("unknown-target", `\`${word}\` is a ${kind}, and no host`, {
      hint: kind === "microvm" ? `\`homelab vm\` is for MicroVMs` : "`homelab host list` shows all hosts",
    });
  }
  if (word === ownName()) return bareHost(word);
  const read = await flakeNames(book.root, env);
  const configured = "names" in read ? read.names : [];
  if (configured.includes(word)) return bareHost(word);
  const names = [...book.recipes.values()].filter(isHost).map(({ name }) => name);
  const close = nearest(word, [...names, ...configured]);
  throw new HomelabError("unknown-target", `unknown host \`${word}\``, {
    hint: close ? `did you mean \`${close}\`?` : `\`homelab host list\` shows all hosts; ${ADD}`,
  });
}

/** Where there is no homelab, this machine and the flake in /etc/nixos can be looked at all the same. */
async function openOrBare(context: Context): Promise<Book> {
  try {
    return await openBook(context);
  } catch (error) {
    if (!(error instanceof HomelabError) || error.code !== "no-root" || context.options.root) throw error;
    return { root: "/", shipped: false, recipes: new Map(), groups: new Map(), warnings: [] };
  }
}
