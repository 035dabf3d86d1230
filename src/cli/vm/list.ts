import { formatBytes } from "../../os/bytes.ts";
import type { Style } from "../../report/style.ts";
import { table } from "../../report/table.ts";
import { MicrovmDriver } from "../../units/microvm/driver.ts";
import { storeHash, storeName } from "../../units/microvm/state.ts";
import type { VmView } from "../../units/microvm/types.ts";
import { type Context, print, printJson } from "../context.ts";
import { statePaint } from "../status.ts";
import { openVms } from "./book.ts";
import { exitOf, summaryOf } from "./list-summary.ts";

/** Shows MicroVMs: state, memory, address, and what is to be done about each. Evaluates nothing. */
export async function run(context: Context, words: string[]): Promise<void> {
  const { book, machines, vms } = await openVms(context, words);
  const { env, options, out } = context;
  const world = { machineOf: (host: string | undefined) => machines.of(host), env, root: book.root };
  const driver = new MicrovmDriver(world);
  await driver.observe(vms);
  const views = await Promise.all(vms.map(({ name }) => driver.view(name)));
  context.exitCode = exitOf(views);
  const address = (name: string): string | undefined => vms.find((vm) => vm.name === name)?.address;
  if (options.json) {
    const all = views.map((view) => document(view, address(view.name)));
    return printJson({ version: 1, root: book.root, vms: all });
  }
  if (views.length === 0)
    return context.messages.info(
      "there are no MicroVMs here: `microvms:` in a recipe file names some, or /var/lib/microvms has them",
    );
  const several = new Set(views.map(({ machine }) => machine)).size > 1;
  const rows = views.map((view) => row(view, address(view.name), several, out));
  const headings = ["VM", "STATE", "MEMORY", "ADDRESS", ...(several ? ["HOST"] : []), "PENDING", ""];
  print(`${table(rows, { style: out, headings })}${summaryOf(views)}\n`);
  for (const hint of hintsOf(views)) context.messages.info(`→ ${hint}`);
}

/** What to do about hosts that could not be asked: once for each. */
const hintsOf = (views: readonly VmView[]): Set<string> =>
  new Set(views.flatMap(({ asked, seen }) => (!asked && seen.problem?.hint) || []));

function row(view: VmView, address: string | undefined, several: boolean, s: Style): string[] {
  const { name, machine, seen, memory, pending } = view;
  return [
    name,
    statePaint(s)[seen.state](seen.state),
    memory === undefined ? "" : formatBytes(memory),
    address ?? "",
    ...(several ? [machine] : []),
    pending ?? "",
    seen.detail,
  ];
}

const document = (
  { name, machine, asked, seen, dir, memory, pending }: VmView,
  address: string | undefined,
) => ({
  id: name,
  host: machine,
  reachable: asked,
  state: seen.state,
  detail: seen.detail,
  kind: dir === undefined ? null : dir.declarative ? "declarative" : "imperative",
  memory: memory ?? null,
  address: address ?? null,
  pending: pending ?? null,
  current: runner(dir?.runners.current),
  booted: runner(dir?.runners.booted),
  before: runner(dir?.runners.old),
});

const runner = (link: { path: string; system: string | undefined } | undefined) =>
  link
    ? {
        path: link.path,
        system: link.system ?? null,
        name: storeName(link.system ?? link.path),
        hash: storeHash(link.system ?? link.path),
      }
    : null;
