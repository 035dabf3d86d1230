import { type Generation, readGenerations } from "../../hosts/generations.ts";
import { formatDate } from "../../report/duration.ts";
import { printable } from "../../report/style.ts";
import { table } from "../../report/table.ts";
import { type Context, print, printJson } from "../context.ts";
import { openHost } from "./book.ts";

/** Of a commit, as git shortens it. */
const SHORT = 12;

/** Shows the generations of a host's system, newest first. */
export async function run(context: Context, [word = ""]: string[]): Promise<void> {
  const { machines, host } = await openHost(context, word);
  const { list, current, booted } = await readGenerations(machines.host(host));
  if (context.options.json) {
    const generations = list.map(document);
    return printJson({
      version: 1,
      id: host.name,
      current: current ?? null,
      booted: booted ?? null,
      generations,
    });
  }
  const s = context.out;
  const headings = ["GENERATION", "MADE", "NIXOS", "KERNEL", "REVISION", ""];
  const rows = list.map((generation) => {
    const { number, made, version = "", kernel = "", revision = "", specialisations } = generation;
    const marks = [...marksOf(generation), ...specialisations.map((name) => s.dim(`*${printable(name)}`))];
    return [
      String(number),
      made === undefined ? "" : formatDate(new Date(made)),
      printable(version),
      printable(kernel),
      printable(shortened(revision)),
      marks.join(" "),
    ];
  });
  print(table(rows, { style: s, headings }));
  if (current !== undefined && !list.some(({ running }) => running))
    context.messages.info(
      `${host.name} runs a system that is no generation, as after \`nixos-rebuild test\`: the next boot ends it`,
    );
}

/** A commit; `abc…-dirty` says that there was more. */
const shortened = (revision: string): string =>
  revision.replace(/^([0-9a-f]{12})[0-9a-f]{28}/, "$1").slice(0, SHORT + 6);

const marksOf = ({ running, booted, isDefault, gone }: Generation): string[] => [
  ...(running ? ["current"] : []),
  ...(booted ? ["booted"] : []),
  ...(isDefault ? ["default"] : []),
  ...(gone ? ["gone"] : []),
];

/** The names of `nixos-rebuild list-generations --json`, but for `current`: there it is the default one. */
const document = (generation: Generation) => ({
  generation: generation.number,
  date: generation.made === undefined ? null : new Date(generation.made).toISOString(),
  nixosVersion: generation.version ?? null,
  kernelVersion: generation.kernel ?? null,
  configurationRevision: generation.revision ?? null,
  specialisations: generation.specialisations,
  path: generation.path ?? null,
  current: generation.running,
  booted: generation.booted,
  default: generation.isDefault,
});
