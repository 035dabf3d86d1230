import { type Going, LOOK_AT_SWITCH, parseGoing } from "../units/host/going.ts";

/** One built system, as a link of the host names it. */
export interface SystemFacts {
  /** Store path. */
  readonly path: string;
  /** What it calls itself: `25.11.20251110.abcdef0`. */
  readonly version: string | undefined;
  /** Version of its kernel, as `uname -r` says it. */
  readonly kernel: string | undefined;
  /** Store paths of what is loaded at boot only. */
  readonly atBoot: Readonly<Record<BootPart, string>>;
}

export const BOOT_PARTS = ["kernel", "initrd", "modules"] as const;
export type BootPart = (typeof BOOT_PARTS)[number];

export interface Disk {
  /** What it was asked for: `/`, `/nix/store`, `/boot`. */
  readonly path: string;
  /** Bytes. */
  readonly total: number;
  readonly free: number;
}

/** What a host says of itself. */
export interface HostFacts {
  readonly nixos: boolean;
  /** `NixOS 25.11 (Xantusia)`. */
  readonly os: string;
  readonly hostname: string;
  /** The system in force, the one that was booted, and the one that its profile names. */
  readonly systems: {
    readonly current?: SystemFacts;
    readonly booted?: SystemFacts;
    readonly profile?: SystemFacts;
  };
  /** Number of the generation that the profile names. */
  readonly generation: number | undefined;
  /** The profile's generations by number: store paths of the system, and of its specialisations. */
  readonly generations: ReadonlyMap<number, readonly string[]>;
  /** The last switch to another system since it booted. */
  readonly lastSwitch: Going | undefined;
  /** running, degraded, starting, maintenance …; empty where systemd does not answer. */
  readonly systemd: string;
  /** Names of the units that have failed. */
  readonly failed: readonly string[];
  /** The units that were asked for, and what systemd calls their state: active, inactive, failed … */
  readonly asked: ReadonlyMap<string, string>;
  /** Seconds. */
  readonly uptime: number | undefined;
  /** Averages of the last 1, 5 and 15 minutes. */
  readonly load: readonly number[];
  readonly cores: number | undefined;
  /** Bytes. */
  readonly memory: { readonly total: number; readonly available: number } | undefined;
  /** Each file system once. */
  readonly disks: readonly Disk[];
}

/** Stands in front of each section's name, and in nothing that a program prints. */
const MARK = "\x1e";

/**
 * Asks all in one go, so that a host far away is as quick as one at hand. POSIX sh; its words are the
 * units whose state is asked for. Changes nothing. The login's PATH may lack what NixOS has.
 */
export const QUESTION = String.raw`
exec 2>/dev/null
export LC_ALL=C PATH="$PATH:/run/current-system/sw/bin:/usr/sbin:/usr/bin:/sbin:/bin"
section() { printf '\036%s\n' "$1"; }
section nixos; test -e /etc/NIXOS && echo yes
section os; cat /etc/os-release
section hostname; uname -n
section systems
for each in current=/run/current-system booted=/run/booted-system profile=/nix/var/nix/profiles/system; do
  path=$(readlink -e "${"$"}{each#*=}") || continue
  printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "${"$"}{each%%=*}" "$path" "$(cat "$path/nixos-version")" \
    "$(ls "$path/kernel-modules/lib/modules" | head -n 1)" "$(readlink -e "$path/kernel")" \
    "$(readlink -e "$path/initrd")" "$(readlink -e "$path/kernel-modules")"
done
section profile; readlink /nix/var/nix/profiles/system
section generations; find /nix/var/nix/profiles -maxdepth 1 -name 'system-*-link' -printf '%f\t%l\n'
section specialisations
for each in /nix/var/nix/profiles/system-*-link/specialisation/*; do
  link=${"$"}{each%/specialisation/*}
  test -e "$each" && printf '%s\t%s\n' "${"$"}{link##*/}" "$(readlink -e "$each")"
done
section switch; ${LOOK_AT_SWITCH}
section systemd; systemctl is-system-running
section failed; systemctl list-units --state=failed --plain --no-legend --no-pager --full
section asked; for each; do printf '%s\t%s\n' "$each" "$(systemctl is-active -- "$each")"; done
section uptime; cat /proc/uptime
section load; cat /proc/loadavg
section cores; nproc
section memory; cat /proc/meminfo
section disks
for each in / /nix/store /boot; do
  printf '%s\t%s\n' "$each" "$(df -B1 --output=size,avail,source "$each" | tail -n 1)"
done
section end
`;

/** What a script printed between its marks, by the name of each section; undefined when it was cut off. */
export function sectionsOf(text: string): ((name: string) => string) | undefined {
  const sections = new Map(
    text
      .split(MARK)
      .slice(1)
      .map((section): [string, string] => {
        const [name = "", ...lines] = section.split("\n");
        return [name, lines.join("\n").trimEnd()];
      }),
  );
  return sections.has("end") ? (name) => sections.get(name) ?? "" : undefined;
}

/** Reads what the question printed; undefined when it was cut off. What its login printed before is skipped. */
export function parseFacts(text: string): HostFacts | undefined {
  const said = sectionsOf(text);
  if (!said) return undefined;
  return {
    nixos: said("nixos") === "yes",
    os: osName(said("os")),
    hostname: said("hostname"),
    systems: parseSystems(said("systems")),
    generation: generationOf(said("profile")),
    generations: parseLinks(said("generations"), said("specialisations")),
    lastSwitch: parseGoing(said("switch")),
    systemd: said("systemd"),
    failed: parseFailed(said("failed")),
    asked: new Map(pairs(said("asked"))),
    uptime: firstNumber(said("uptime")),
    load: (said("load").match(/[\d.]+/g) ?? []).slice(0, 3).map(Number),
    cores: firstNumber(said("cores")),
    memory: parseMemory(said("memory")),
    disks: parseDisks(said("disks")),
  };
}

/** The name for people in os-release(5). */
function osName(text: string): string {
  const value = /^PRETTY_NAME=(.*)$/m.exec(text)?.[1] ?? "";
  return value.replace(/^(["'])(.*)\1$/, "$2").replace(/\\(["'$`\\])/g, "$1");
}

function parseSystems(text: string): HostFacts["systems"] {
  const found: Record<string, SystemFacts> = {};
  for (const line of text.split("\n")) {
    const [name = "", path = "", version = "", release = "", kernel = "", initrd = "", modules = ""] =
      line.split("\t");
    if (path === "") continue;
    const atBoot = { kernel, initrd, modules };
    found[name] = { path, version: version || undefined, kernel: release || kernelName(kernel), atBoot };
  }
  return found;
}

/** `6.12.5` of `/nix/store/…-linux-6.12.5/bzImage`, where the system has no modules. */
const kernelName = (path: string): string | undefined => /-linux-([^/]+)/.exec(path)?.[1];

/** The number in `system-42-link`, by itself or at the end of a path. */
export function generationOf(link: string): number | undefined {
  const number = /(?:^|\/)system-(\d+)-link$/.exec(link)?.[1];
  return number === undefined ? undefined : Number(number);
}

function parseLinks(systems: string, specialisations: string): Map<number, string[]> {
  const links = new Map<number, string[]>();
  for (const [name, path] of [...pairs(systems), ...pairs(specialisations)]) {
    const number = generationOf(name);
    if (number !== undefined) links.set(number, [...(links.get(number) ?? []), path]);
  }
  return new Map([...links].sort(([a], [b]) => a - b));
}

/** Lines of two words with a tab between them. */
const pairs = (text: string): [string, string][] =>
  text.split("\n").flatMap((line): [string, string][] => {
    const [first = "", second = ""] = line.split("\t");
    return first === "" ? [] : [[first, second]];
  });

/** Names of `systemctl list-units`, with or without the dot in front. */
const parseFailed = (text: string): string[] =>
  text.split("\n").flatMap((line) => /^[●*×]?\s*(\S+\.[a-z]+)\s/u.exec(line)?.[1] ?? []);

export function firstNumber(text: string): number | undefined {
  const number = /^\d+(?:\.\d+)?/.exec(text)?.[0];
  return number === undefined ? undefined : Number(number);
}

/** What /proc/meminfo says. */
export function parseMemory(text: string): HostFacts["memory"] {
  const bytes = (key: string) =>
    Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(text)?.[1] ?? Number.NaN) * 1024;
  const [total, available] = [bytes("MemTotal"), bytes("MemAvailable")];
  return Number.isNaN(total + available) ? undefined : { total, available };
}

/** Lines of a path, a tab, and what `df` says of it. */
export function parseDisks(text: string): Disk[] {
  const seen = new Set<string>();
  const disks: Disk[] = [];
  for (const line of text.split("\n")) {
    const [, path = "", total, free, source] = /^(\S+)\t\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    // The store is mostly the root's file system, mounted once more. What is free changes while it is asked.
    const same = `${source} ${total}`;
    if (path === "" || seen.has(same)) continue;
    seen.add(same);
    disks.push({ path, total: Number(total), free: Number(free) });
  }
  return disks;
}
