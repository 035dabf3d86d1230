import type { Connected, HostReport, HostSystem, Resources } from "../../plan/host-report.ts";
import type { Comparison } from "../../units/host/compare.ts";
import { connected, crowded, percent, running } from "../../units/host/health.ts";
import type { Measure } from "../../units/host/measure.ts";
import type { Goal } from "../../units/host/supervise.ts";
import type { Measures } from "../../units/host/switch.ts";
import type { HostWork } from "./work.ts";

const DAY_S = 86_400;
/** From here on garbage is worth collecting: share of the store's disk in use, and days of the oldest generation. */
const FULL = 0.8;
const OLD_DAYS = 30;
const GARBAGE = "`sudo nix-collect-garbage --delete-older-than 30d`";

type Known = Pick<HostWork, "system" | "comparison" | "generation" | "times"> & {
  readonly recipe: Pick<HostWork["recipe"], "name">;
  readonly state?: Pick<NonNullable<HostWork["state"]>, "system"> | undefined;
  readonly machine: Pick<HostWork["machine"], "remote">;
};

/** What was measured of a host's switch, as it is kept with the run. */
export function reportOf(work: Known, measures: Measures, goal: Goal): HostReport {
  const { before, after, busy, phases, changes } = measures;
  const to = work.system ?? "";
  const { comparison } = work;
  return {
    ...(goal === "switch" ? {} : { goal }),
    from: { system: work.state?.system ?? "", generation: before ? generationOf(before) : null },
    to: {
      system: to,
      generation: work.generation ?? (after?.profile === to ? (after.generation ?? null) : null),
    },
    now: after ? systemOf(after) : null,
    phases: [...(work.times ?? []), ...phases],
    packages: comparison?.packages ?? [],
    units: unitsOf(comparison, changes),
    reboot: comparison?.reboot ?? [],
    resources: {
      before: before ? resources(before, null) : null,
      after: after ? resources(after, busy) : null,
    },
    services: after ? running(after.services) : null,
    connected: before && after ? connectionsOf(work, measures, before, after) : null,
    errors: after?.errors ?? [],
    recommendations: after ? recommendations(work, after, goal) : [],
  };
}

const systemOf = (look: Measure): HostSystem => ({ system: look.current, generation: generationOf(look) });

/** The number of what runs, where that is what the profile names. */
const generationOf = ({ current, profile, generation }: Measure): number | null =>
  current === profile ? (generation ?? null) : null;

const resources = ({ memory, load, cores, disks }: Measure, busy: number | null): Resources => ({
  ...{ memory: memory ?? null, load, cores: cores ?? null, busy, disks },
});

const connectionsOf = (
  { machine }: Known,
  { reached }: Measures,
  before: Measure,
  after: Measure,
): Connected => connected(before, after, machine.remote ? reached : null);

function unitsOf(comparison: Comparison | undefined, changes: Measures["changes"]): HostReport["units"] {
  const { added = [], removed = [], changed = [] } = comparison?.units ?? {};
  const { start = [], stop = [], restart = [], reload = [] } = changes ?? {};
  return { added, removed, changed, started: start, stopped: stop, restarted: restart, reloaded: reload };
}

/** What to do next, where what was measured says so. */
export function recommendations(
  { recipe: { name }, comparison, system }: Known,
  after: Measure,
  goal: Goal = "switch",
): string[] {
  const parts = after.current === system ? (comparison?.reboot ?? []) : [];
  const store = after.disks.find(({ path }) => path === "/nix/store") ?? after.disks[0];
  const used = store && store.total > 0 ? 1 - store.free / store.total : 0;
  const days = after.oldest === undefined ? 0 : Math.floor((after.at - after.oldest) / DAY_S);
  const why = [
    ...(used > FULL ? [`${store?.path} is ${percent(used)} full`] : []),
    ...(days > OLD_DAYS ? [`the oldest generation is ${days} days old`] : []),
  ];
  return [
    ...(goal === "boot" && after.profile === system && after.current !== system
      ? [`reboot ${name} to bring the new system into force`]
      : []),
    ...(parts.length > 0 ? [`reboot ${name} to bring its ${listed(parts)} into force`] : []),
    ...(why.length > 0 ? [`collect garbage, as ${why.join(" and ")}: ${GARBAGE} there`] : []),
    ...crowded(after.services).map(
      ({ unit }) => `raise MemoryMax of ${unit}, or find out what it needs so much for`,
    ),
  ];
}

/** `kernel, initrd and kernel-modules` */
const listed = (names: readonly string[]): string =>
  names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names.join("");
