import { HomelabError } from "../../errors.ts";
import { formatBytes } from "../../os/bytes.ts";
import type { Machine } from "../../process/machine.ts";
import { formatDate } from "../../report/duration.ts";
import { table } from "../../report/table.ts";
import { bytesOf, largest } from "../../units/microvm/orphans.ts";
import { findOrphans, type Orphan, type Search } from "../../units/microvm/orphans-find.ts";
import { type Context, print, printJson } from "../context.ts";
import { openNamed } from "./book.ts";

/** Shows MicroVMs that no configuration names. */
export async function run(context: Context): Promise<void> {
  const { book, hosts } = await openNamed(context);
  const { orphans, trouble } = await searchAll(hosts);
  const { options, out: s } = context;
  const unasked = trouble.map(({ machine, error }) => ({ host: machine.name, reason: error.message }));
  if (options.json)
    return printJson({ version: 1, root: book.root, orphans: orphans.map(document), unreachable: unasked });
  for (const { error } of trouble) context.messages.warn(error.message);
  if (orphans.length === 0) {
    const part = trouble.length > 0 ? " on the machines that answered" : "";
    return context.messages.info(`there are no orphans${part}: every MicroVM is named by a configuration`);
  }
  const several = hosts.size > 1;
  const paint = { orphan: s.yellow, unknown: s.dim };
  const rows = orphans.map((orphan) => [
    orphan.name,
    paint[orphan.belongs.is](WORDS[orphan.belongs.is]),
    orphan.running !== undefined ? s.green("running") : "stopped",
    sizeOf(orphan),
    lastOf(orphan),
    ...(several ? [orphan.machine.name] : []),
    orphan.belongs.why,
  ]);
  const headings = ["VM", "", "STATE", "SIZE", "LAST RAN", ...(several ? ["HOST"] : []), ""];
  print(`${table(rows, { style: s, headings })}${summary(orphans)}\n`);
}

const WORDS = { orphan: "orphan", unknown: "not known" } as const;

export const sizeOf = ({ files }: Orphan): string =>
  files === undefined ? "not known" : formatBytes(bytesOf(files));

const lastOf = ({ running, lastRan }: Orphan): string =>
  running !== undefined ? "now" : lastRan === undefined ? "not seen" : formatDate(new Date(lastRan));

function summary(all: readonly Orphan[]): string {
  const orphans = all.filter(({ belongs }) => belongs.is === "orphan");
  const bytes = orphans.reduce((sum, { files = [] }) => sum + bytesOf(files), 0);
  const open = all.length - orphans.length;
  const parts = [
    `${orphans.length} ${orphans.length === 1 ? "orphan" : "orphans"} of ${formatBytes(bytes)}`,
    ...(open > 0 ? [`${open} not known`] : []),
  ];
  return `${parts.join(", ")}${orphans.length > 0 ? ": `homelab vm prune` takes orphans away" : ""}`;
}

const document = (orphan: Orphan) => ({
  id: orphan.name,
  host: orphan.machine.name,
  orphan: orphan.belongs.is === "orphan" ? true : null,
  reason: orphan.belongs.why,
  running: orphan.running !== undefined,
  bytes: orphan.files === undefined ? null : bytesOf(orphan.files),
  files: orphan.files === undefined ? null : largest(orphan.files, orphan.files.length),
  lastRan: orphan.lastRan ?? null,
  flake: orphan.flake ?? null,
});

export interface All {
  readonly orphans: Orphan[];
  readonly named: ReadonlyMap<string, string>;
  /** Machines that could not be asked, and why. */
  readonly trouble: readonly { readonly machine: Machine; readonly error: HomelabError }[];
}

/** Looks on all machines. When none of them answers, that is an error. */
export async function searchAll(hosts: ReadonlyMap<Machine, ReadonlySet<string>>): Promise<All> {
  const trouble: { machine: Machine; error: HomelabError }[] = [];
  const anywhere = new Set([...hosts.values()].flatMap((names) => [...names]));
  const searches = await Promise.all(
    [...hosts].map(async ([machine, recipes]): Promise<Search | undefined> => {
      try {
        return await findOrphans(machine, { recipes, anywhere });
      } catch (error) {
        // Of this machine without a recipe it is no trouble that it is no hypervisor.
        if (!(error instanceof HomelabError)) throw error;
        if (machine.remote || recipes.size > 0 || hosts.size === 1) trouble.push({ machine, error });
        return undefined;
      }
    }),
  );
  const [first] = trouble;
  const found = searches.filter((search) => search !== undefined);
  if (found.length === 0 && first) throw first.error;
  const named = new Map(found.flatMap((search) => [...search.named]));
  return { orphans: found.flatMap(({ orphans }) => orphans), named, trouble };
}
