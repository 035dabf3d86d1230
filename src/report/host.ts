import { summary } from "../nix/diff.ts";
import { formatBytes } from "../os/bytes.ts";
import type { Connected, HostReport, Resources } from "../plan/host-report.ts";
import { percent } from "../units/host/health.ts";
import { formatDuration } from "./duration.ts";

/** How many packages, and units that wrote errors, are named. */
const NAMED = 12;

/** `nixos-system-web-25.11`: a store path as people know it. */
export const systemName = (path: string): string => path.replace(/^\/nix\/store\/[0-9a-z]{32}-/, "");

/** What was measured of a host's switch, each with its name; what was not measured is left out. */
export function hostRows(host: HostReport): (readonly [label: string, text: string])[] {
  const { from, to, phases, reboot, errors, resources, services } = host;
  const rows: (readonly [string, string | undefined])[] = [
    ["system", `${systemName(from.system)} → ${systemName(to.system)}`],
    ["generation", generations(host)],
    ["at the end", atTheEnd(host)],
    ["took", phases.map(({ name, durationMs }) => `${name} ${formatDuration(durationMs)}`).join(", ")],
    ["packages", packages(host)],
    ["units", units(host)],
    // What did not stay needs none.
    [
      "reboot",
      reboot.length > 0 && host.now?.system === to.system ? `needed for ${reboot.join(", ")}` : undefined,
    ],
    ["services", services ? `${services.running} of ${services.of} run` : undefined],
    ...usage(resources),
    ["network", host.connected ? network(host.connected) : undefined],
    ...journal(host.resources.after ? errors : undefined),
  ];
  return rows.flatMap(([label, text]) => (text ? [[label, text] as const] : []));
}

function generations({ from, to }: HostReport): string | undefined {
  if (to.generation === null)
    return from.generation === null ? undefined : `${from.generation}, which still boots`;
  return from.generation === null ? String(to.generation) : `${from.generation} → ${to.generation}`;
}

/** Where it is not on what it was to be. */
function atTheEnd({ goal, from, to, now, resources }: HostReport): string | undefined {
  if (!now) return resources.before ? "it could not be asked" : undefined;
  if (now.system === to.system) return undefined;
  if (goal === "boot" && to.generation !== null && now.system === from.system)
    return `runs ${systemName(now.system)} until it reboots`;
  const again = now.system === from.system ? " again" : "";
  const number = now.generation === null ? "" : ` (generation ${now.generation})`;
  return `runs ${systemName(now.system)}${again}${number}`;
}

function packages({ packages: changes }: HostReport): string | undefined {
  if (changes.length === 0) return undefined;
  const version = (all: readonly string[]) => all.map((each) => each || "-").join(", ") || "∅";
  const named = changes
    .filter(({ before, after }) => before.length + after.length > 0)
    .slice(0, NAMED)
    .map(({ name, before, after }) => `${name} ${version(before)} → ${version(after)}`);
  return [summary(changes), ...(named.length > 0 ? [named.join(", ")] : [])].join(": ");
}

const UNITS = {
  added: "new",
  removed: "gone",
  changed: "changed",
  started: "started",
  stopped: "stopped",
  restarted: "restarted",
  reloaded: "reloaded",
} as const;

const units = ({ units }: HostReport): string =>
  (Object.keys(UNITS) as (keyof typeof UNITS)[])
    .filter((key) => units[key].length > 0)
    .map((key) => `${UNITS[key]} ${units[key].join(", ")}`)
    .join("; ");

function usage({ before, after }: HostReport["resources"]): (readonly [string, string | undefined])[] {
  if (!after) return [];
  const { memory, disks } = after;
  const was = before?.memory;
  return [
    ["memory", memory ? used(memory.total, memory.available, was?.total, was?.available) : undefined],
    ["processor", processor(before, after)],
    ...disks.map(({ path, total, free }) => {
      const old = before?.disks.find((disk) => disk.path === path);
      return [`disk ${path}`, used(total, free, old?.total, old?.free)] as const;
    }),
  ];
}

/** `8.2 GB of 16 GB in use (51 %, 49 % before)` */
function used(total: number, free: number, totalBefore = 0, freeBefore = 0): string | undefined {
  if (total === 0) return undefined;
  const before = totalBefore > 0 ? `, ${percent(1 - freeBefore / totalBefore)} before` : "";
  return `${formatBytes(total - free)} of ${formatBytes(total)} in use (${percent(1 - free / total)}${before})`;
}

/** Averages of a minute. */
function processor(before: Resources | null, { busy, load, cores }: Resources): string | undefined {
  const [now] = load;
  const [was] = before?.load ?? [];
  const parts = [
    ...(busy === null ? [] : [`${percent(busy)} busy while it was watched`]),
    ...(now === undefined ? [] : [`load ${now}${was === undefined ? "" : ` (${was} before)`}`]),
    ...(cores === null ? [] : [cores === 1 ? "1 core" : `${cores} cores`]),
  ];
  return parts.join(", ");
}

function network({ ssh, route, dns, tailscale }: Connected): string {
  const all = [
    ["ssh", ssh],
    ["default route", route],
    ["DNS", dns],
    ["Tailscale", tailscale],
  ] as const;
  const good = all.filter(([, works]) => works).map(([name]) => name);
  const bad = all.filter(([, works]) => works === false).map(([name]) => `${name} does not work`);
  return [...(good.length > 0 ? [`${good.join(", ")}: good`] : []), ...bad].join("; ");
}

function journal(errors: HostReport["errors"] | undefined): (readonly [string, string])[] {
  if (!errors) return [];
  if (errors.length === 0) return [["journal", "no new errors"]];
  return errors
    .slice(0, NAMED)
    .map(({ unit, count, lines }) => [
      "journal",
      `${unit}, ${count === 1 ? "1 new error" : `${count} new errors`}: ${lines.join(" / ")}`,
    ]);
}
