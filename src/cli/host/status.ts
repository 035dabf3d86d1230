import type { HostRecipe } from "../../book/types.ts";
import { HomelabError } from "../../errors.ts";
import type { HostFacts, SystemFacts } from "../../hosts/facts.ts";
import { lookAt } from "../../hosts/look.ts";
import { generationWith, type HostState, judge, pendingText, type Verdict } from "../../hosts/verdict.ts";
import { formatBytes } from "../../os/bytes.ts";
import type { Machine } from "../../process/machine.ts";
import { printable, type Style } from "../../report/style.ts";
import { table } from "../../report/table.ts";
import { type Going, UNSEEN_S } from "../../units/host/going.ts";
import { type Context, print, printJson } from "../context.ts";
import { openHosts } from "./book.ts";
import { formatSpan } from "./span.ts";

/** A host as it was found: what it said, or why it said nothing. */
interface Seen {
  readonly host: HostRecipe;
  readonly here: boolean;
  readonly verdict: Verdict;
  readonly facts?: HostFacts | undefined;
  readonly problem?: HomelabError | undefined;
}

/** Asks hosts how they are, all at once. Exits with 3 when one is not ready. */
export async function run(context: Context, words: string[]): Promise<void> {
  const { book, machines, hosts } = await openHosts(context, words);
  const seen = await Promise.all(hosts.map((host) => see(host, machines.host(host))));
  if (context.options.json) printJson({ version: 1, root: book.root, hosts: seen.map(document) });
  else if (seen.length === 0)
    context.messages.info("there are no hosts: add them to `hosts:` of homelab.yml");
  else if (!context.options.quiet) {
    print(text(seen, context.out));
    for (const { host, problem } of seen)
      if (problem?.hint) context.messages.info(`${host.name}: ${problem.hint}`);
  }
  if (seen.some(({ verdict }) => verdict.state !== "ready")) context.exitCode = 3;
}

const NOTHING = { reboot: undefined, waiting: undefined, going: undefined };

async function see(host: HostRecipe, machine: Machine): Promise<Seen> {
  const here = !machine.remote;
  try {
    const facts = await lookAt(machine, host.critical);
    return { host, here, facts, verdict: judge(facts) };
  } catch (error) {
    if (!(error instanceof HomelabError)) throw error;
    const state = error.code === "refused" || error.code === "permission" ? "refused" : "unreachable";
    const verdict = { state, faults: [error.message], ...NOTHING } as const;
    return { host, here, verdict, problem: error };
  }
}

const paintOf = (s: Style): Readonly<Record<HostState, (text: string) => string>> => ({
  ready: s.green,
  starting: s.yellow,
  degraded: s.red,
  foreign: s.yellow,
  refused: s.red,
  unreachable: s.red,
});

function text(seen: readonly Seen[], s: Style): string {
  const paint = paintOf(s);
  const rows = seen.map(({ host, here, facts, verdict }) => [
    here ? `${host.name} ${s.dim("(here)")}` : host.name,
    paint[verdict.state](verdict.state),
    printable(facts?.systems.current?.version ?? ""),
    facts?.uptime === undefined ? "" : formatSpan(facts.uptime),
    facts?.load[0]?.toFixed(2) ?? "",
    memoryText(facts),
    diskText(facts),
    printable([...verdict.faults, ...pendingText(verdict)].join("; ")),
  ]);
  const ready = seen.filter(({ verdict }) => verdict.state === "ready").length;
  const others = seen.length - ready;
  const headings = ["HOST", "STATE", "NIXOS", "UP", "LOAD", "MEMORY", "DISK", ""];
  return `${table(rows, { style: s, headings })}${ready} ready${others > 0 ? `, ${others} not` : ""}\n`;
}

/** `38% of 16 GB`: what is in use. */
function memoryText(facts: HostFacts | undefined): string {
  if (!facts?.memory) return "";
  const { total, available } = facts.memory;
  return `${percent(total - available, total)} of ${formatBytes(total)}`;
}

/** The fullest one. */
function diskText(facts: HostFacts | undefined): string {
  const used = ({ total, free }: { total: number; free: number }) => (total === 0 ? 0 : 1 - free / total);
  const [fullest] = (facts?.disks ?? []).toSorted((a, b) => used(b) - used(a));
  return fullest ? `${percent(fullest.total - fullest.free, fullest.total)} of ${fullest.path}` : "";
}

const percent = (part: number, whole: number): string =>
  `${whole === 0 ? 0 : Math.round((100 * part) / whole)}%`;

function document({ host, here, facts, verdict, problem }: Seen) {
  const { code, message, hint } = problem ?? {};
  return {
    id: host.name,
    here,
    state: verdict.state,
    detail: [...verdict.faults, ...pendingText(verdict)].join("; "),
    problem: problem ? { code, message, hint: hint ?? null } : null,
    reboot: verdict.reboot ? { parts: verdict.reboot.parts, kernel: verdict.reboot.kernel ?? null } : null,
    waiting: verdict.waiting
      ? {
          kind: verdict.waiting.kind,
          running: verdict.waiting.running ?? null,
          next: verdict.waiting.next ?? null,
        }
      : null,
    switch: verdict.going ? switchDocument(verdict.going) : null,
    ...(facts ? said(facts) : {}),
  };
}

const switchDocument = ({ state, before, after, goal, holder, unseen }: Going) => ({
  ...{ state: state.state, from: before, to: after, goal, by: holder },
  attended: unseen < UNSEEN_S,
});

const said = (facts: HostFacts) => ({
  nixos: facts.nixos,
  os: facts.os,
  hostname: facts.hostname,
  current: system(facts, facts.systems.current),
  booted: system(facts, facts.systems.booted),
  profile: system(facts, facts.systems.profile),
  systemd: facts.systemd,
  failed: facts.failed,
  critical: Object.fromEntries(facts.asked),
  uptime: facts.uptime ?? null,
  load: facts.load,
  cores: facts.cores ?? null,
  memory: facts.memory ?? null,
  disks: facts.disks,
});

const system = ({ generations, generation }: HostFacts, of: SystemFacts | undefined) =>
  of
    ? {
        path: of.path,
        version: of.version ?? null,
        kernel: of.kernel ?? null,
        generation: generationWith(generations, of.path, generation) ?? null,
      }
    : null;
