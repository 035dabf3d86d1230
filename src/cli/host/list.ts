import type { Book, HostRecipe } from "../../book/types.ts";
import { HomelabError } from "../../errors.ts";
import { type FlakeNames, flakeNames } from "../../hosts/flake.ts";
import { LocalMachine } from "../../process/machine.ts";
import { printable, type Style } from "../../report/style.ts";
import { table } from "../../report/table.ts";
import { destinationText } from "../../ssh/destination.ts";
import type { Machines } from "../../ssh/machines.ts";
import { readVmDirs } from "../../units/microvm/state.ts";
import { type Context, print, printJson } from "../context.ts";
import { bareHost, openHosts } from "./book.ts";

interface Row {
  readonly host: HostRecipe;
  readonly written: boolean;
  readonly here: boolean;
  /** Whether the flake configures it; undefined where that is not known. */
  readonly configured: boolean | undefined;
}

/** Shows hosts: those of the recipes, and those of the flake that no recipe names. Asks no host. */
export async function run(context: Context, words: string[]): Promise<void> {
  const { book, machines, hosts } = await openHosts(context, words);
  const flake = await flakeNames(book.root, context.env);
  const others = words.length === 0 ? await unwritten(context, book, hosts, flake) : [];
  const rows = [...hosts, ...others].map((host) => rowOf(host, book, machines, flake));
  if (context.options.json) {
    const why = "why" in flake ? flake.why : null;
    return printJson({
      version: 1,
      root: book.root,
      flake: { path: flake.flake ?? null, problem: why },
      hosts: rows.map(document),
    });
  }
  if (rows.length === 0) context.messages.info("there are no hosts: add them to `hosts:` of homelab.yml");
  else print(text(rows, context.out));
  if ("why" in flake && flake.flake !== undefined)
    context.messages.info(`the flake in ${flake.flake} was not read: ${flake.why}`);
}

/** What a flake configures are also MicroVMs: they are none of the hosts. */
async function unwritten(
  { env }: Context,
  { recipes }: Book,
  hosts: readonly HostRecipe[],
  flake: FlakeNames,
): Promise<HostRecipe[]> {
  const names = "names" in flake ? flake.names : [];
  if (names.length === 0) return [];
  const vms = await vmNames(env);
  const known = new Set(hosts.map(({ name }) => name));
  return names
    .filter((name) => !known.has(name) && recipes.get(name)?.kind !== "microvm" && !vms.has(name))
    .map(bareHost);
}

async function vmNames(env: Context["env"]): Promise<ReadonlySet<string>> {
  try {
    return new Set((await readVmDirs(new LocalMachine(env))).keys());
  } catch (error) {
    if (!(error instanceof HomelabError)) throw error;
    // Those that may not be looked at are shown as hosts of the flake.
    return new Set();
  }
}

function rowOf(host: HostRecipe, book: Book, machines: Machines, flake: FlakeNames): Row {
  const written = book.recipes.has(host.name);
  const here = !machines.host(host).remote;
  return { host, written, here, configured: "names" in flake ? flake.names.includes(host.name) : undefined };
}

/** How ssh is told of it. */
const reachOf = ({ host: { name, address = name, user }, here }: Row): string =>
  here ? "this machine" : destinationText({ user, address });

function text(rows: readonly Row[], s: Style): string {
  const cells = rows.map((row) => [
    row.host.name,
    reachOf(row),
    row.host.stage ?? "",
    [
      ...(row.host.description ? [printable(row.host.description)] : []),
      ...(row.written ? [] : [s.dim("no recipe")]),
      ...(row.configured === false ? [s.yellow("no entry in the flake")] : []),
    ].join("  "),
  ]);
  return table(cells, { style: s, headings: ["HOST", "REACHED AT", "STAGE", ""] });
}

const document = ({ host, written, here, configured }: Row) => ({
  id: host.name,
  recipe: written,
  here,
  address: host.address ?? null,
  user: host.user ?? null,
  stage: host.stage ?? null,
  critical: host.critical,
  description: host.description ?? null,
  flake: configured ?? null,
});
