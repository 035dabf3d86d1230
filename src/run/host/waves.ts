import type { HostRecipe } from "../../book/types.ts";
import type { StepReport } from "../../plan/types.ts";

/** Hosts that are switched at once. */
export interface Wave {
  /** The stage that its hosts have in common; undefined where they have none. */
  readonly stage: string | undefined;
  /** Hosts of it that go before the others of their stage, to find out on few what would hit all. */
  readonly canary: boolean;
  readonly hosts: readonly string[];
}

/** What stages are called everywhere, by how little it matters when one of their hosts breaks. */
const EARLY = [["development", "dev"], ["test", "testing"], ["staging"]] as const;
const LATE = [["canary"], ["production", "prod"]] as const;

export interface WaveOptions {
  /** All stages in the order in which the recipes name them. */
  readonly stages?: readonly string[] | undefined;
  /** Names of hosts that go first in their stage. */
  readonly canaries?: readonly string[] | undefined;
}

/**
 * The order in which hosts are switched: a wave for each stage, those that are known by name where they belong, others
 * between staging and production as the recipes name them, and hosts without a stage with production. Canaries of a
 * stage are a wave of their own before it.
 */
export function wavesOf(
  hosts: readonly Pick<HostRecipe, "name" | "stage">[],
  { stages = [], canaries = [] }: WaveOptions,
): Wave[] {
  const written = [...new Set([...stages, ...hosts.flatMap(({ stage }) => stage ?? [])])];
  const byPlace = Map.groupBy(hosts, ({ stage }) => placeOf(stage, written));
  const ordered = [...byPlace].toSorted(([a], [b]) => a - b).map(([, members]) => members);
  return ordered.flatMap((members) => {
    const [first, rest] = [true, false].map((wanted) =>
      members.filter(({ name }) => canaries.includes(name) === wanted),
    );
    return [wave(first ?? [], true), wave(rest ?? [], false)].filter((each) => each.hosts.length > 0);
  });
}

/** No order: a host that cannot be put back keeps no other one from that. */
export const allAtOnce = (hosts: readonly Pick<HostRecipe, "name">[]): Wave[] => [
  { stage: undefined, canary: false, hosts: hosts.map(({ name }) => name) },
];

function wave(members: readonly Pick<HostRecipe, "name" | "stage">[], canary: boolean): Wave {
  const stages = new Set(members.map(({ stage }) => stage));
  const [only] = stages;
  return {
    stage: stages.size === 1 ? only : undefined,
    canary: canary || only === "canary",
    hosts: members.map(({ name }) => name),
  };
}

/** Where a stage comes among all. */
function placeOf(stage: string | undefined, written: readonly string[]): number {
  const among = (known: readonly (readonly string[])[]) =>
    known.findIndex((names) => names.includes((stage ?? "production").toLowerCase()));
  const [early, late] = [among(EARLY), among(LATE)];
  if (early >= 0) return early;
  const between = EARLY.length + written.length;
  return late >= 0 ? between + late : EARLY.length + written.indexOf(stage ?? "");
}

/** The step between a wave and the next one. */
export const pauseId = (at: number): string => `pause after wave ${at + 1}`;

/** What each host waits for: all of the wave before, or the pause after that, which waits for them. */
export function orderOf(waves: readonly Wave[], pausing: boolean): Map<string, readonly string[]> {
  const order = new Map<string, readonly string[]>();
  waves.forEach(({ hosts }, at) => {
    const before = waves[at - 1]?.hosts;
    if (before && pausing) order.set(pauseId(at - 1), before);
    for (const host of hosts) order.set(host, before && pausing ? [pauseId(at - 1)] : (before ?? []));
  });
  return order;
}

/** Hosts that were switched in a wave of which something failed. */
export function switchedInVain(
  waves: readonly Wave[],
  reports: readonly Pick<StepReport, "id" | "result">[],
): string[] {
  const results = new Map(reports.map(({ id, result }) => [id, result]));
  return waves.flatMap(({ hosts }, at) => {
    const ended = [...hosts, pauseId(at)].map((id) => results.get(id));
    const broke = ended.some((result) => result === "failed" || result === "timed-out");
    return broke ? hosts.filter((host) => results.get(host) === "changed") : [];
  });
}

/** `wave 2 of 3 (production): p620, razer`; nothing where all go at once. */
export function waveLines(waves: readonly Wave[]): string[] {
  if (waves.length < 2) return [];
  return waves.map(
    (each, at) => `wave ${at + 1} of ${waves.length}${kindOf(each)}: ${each.hosts.join(", ")}`,
  );
}

function kindOf({ stage, canary }: Wave): string {
  const words = [
    ...(stage === undefined ? [] : [stage]),
    ...(canary && stage !== "canary" ? ["canary"] : []),
  ];
  return words.length > 0 ? ` (${words.join(", ")})` : "";
}
