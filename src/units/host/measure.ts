import {
  type Disk,
  firstNumber,
  generationOf,
  type HostFacts,
  parseDisks,
  parseMemory,
  sectionsOf,
} from "../../hosts/facts.ts";
import { askAll } from "../../hosts/look.ts";
import type { JournalErrors } from "../../plan/host-report.ts";
import type { Machine } from "../../process/machine.ts";
import { parseShow, type UnitState } from "../../systemd/show.ts";
import { newErrors } from "./errors.ts";
import { parseUnitList } from "./lines.ts";
import SCRIPT from "./measure.sh" with { type: "text" };

/** A service that systemd has in memory. */
export interface ServiceLook {
  readonly active: string;
  readonly sub: string;
  /** Of its last life: success, exit-code, signal, timeout, oom-kill … */
  readonly result: string;
  /** How often systemd restarted it since somebody started it. */
  readonly restarts: number;
  /** When its main process was started last, in seconds of the host's clock. */
  readonly started: number | undefined;
  /** Bytes: what it uses, and what it may; where systemd counts, and limits, that. */
  readonly memory: number | undefined;
  readonly most: number | undefined;
}

/** One look at a host. What was not asked for is empty. */
export interface Measure {
  /** Seconds of its own clock, with a fraction. */
  readonly at: number;
  /** running, degraded, starting, maintenance …; empty where systemd does not answer. */
  readonly systemd: string;
  readonly failed: readonly string[];
  /** The units that were asked for. */
  readonly asked: ReadonlyMap<string, UnitState>;
  readonly services: ReadonlyMap<string, ServiceLook>;
  /** Whether it has a default route, of each family. */
  readonly route: boolean;
  readonly route6: boolean;
  /** Whether it finds the addresses of a name. */
  readonly resolves: boolean;
  /** `Running` when it is connected; undefined where there is none. */
  readonly tailscale: string | undefined;
  readonly load: readonly number[];
  readonly cores: number | undefined;
  /** Time that its processors have spent since it was booted. */
  readonly cpu: { readonly busy: number; readonly all: number } | undefined;
  readonly memory: HostFacts["memory"];
  readonly disks: readonly Disk[];
  /** Store paths of the system that runs and of the one that its profile names. */
  readonly current: string;
  readonly profile: string;
  /** Number of the profile's generation. */
  readonly generation: number | undefined;
  /** When the oldest generation was made, in seconds. */
  readonly oldest: number | undefined;
  /** As they stand in the journal: what is secret in them is not masked. */
  readonly errors: readonly JournalErrors[];
}

/** What every host that builds or updates anything has to find. */
const NAME = "cache.nixos.org";

/** A look at a host: at units that failed and those that are named, at all, or at the errors in its journal as well. */
export interface Asked {
  readonly what: "least" | "all" | "end";
  /** What was seen before: since then errors are new, and what it could not find is not waited for again. */
  readonly before?: Pick<Measure, "at" | "resolves"> | undefined;
}

/** Looks at a host, in one go. Throws `unavailable` when it does not answer, and what `Machine.run` does. */
export const takeMeasure = (
  machine: Machine,
  { what, before }: Asked,
  units: readonly string[],
): Promise<Measure> => {
  const name = before?.resolves === false ? "-" : NAME;
  const argv = ["sh", "-c", SCRIPT, "sh", what, (before?.at ?? 0).toFixed(6), name, ...units];
  return askAll(machine, argv, (text) => parseMeasure(text, units), { root: true });
};

/** Reads what the script printed; undefined when it was cut off. */
export function parseMeasure(text: string, units: readonly string[]): Measure | undefined {
  const said = sectionsOf(text);
  if (!said) return undefined;
  const [link = "", profile = ""] = said("profile").split("\n");
  const made = said("generations").match(/^\d+$/gm) ?? [];
  return {
    at: firstNumber(said("clock")) ?? 0,
    systemd: said("systemd"),
    failed: parseUnitList(said("failed")),
    asked: units.length > 0 ? parseShow(said("asked"), units) : new Map(),
    services: parseServices(said("services")),
    route: hasRoute(said("route")),
    route6: hasRoute6(said("route6")),
    resolves: said("resolves") === "yes",
    tailscale: parseTailscale(said("tailscale")),
    load: (said("load").match(/[\d.]+/g) ?? []).slice(0, 3).map(Number),
    cores: firstNumber(said("cores")),
    cpu: parseCpu(said("cpu")),
    memory: parseMemory(said("memory")),
    disks: parseDisks(said("disks")),
    current: said("current"),
    profile,
    generation: generationOf(link),
    oldest: made.length > 0 ? Math.min(...made.map(Number)) : undefined,
    errors: newErrors(said("errors"), said("before")),
  };
}

/** Blocks of `systemctl show`, in which the properties come in any order. */
export function parseServices(text: string): Map<string, ServiceLook> {
  const services = new Map<string, ServiceLook>();
  for (const block of text.split(/\n\n+/)) {
    const values = new Map(block.split("\n").map((line) => line.split(/=(.*)/s) as [string, string]));
    const word = (key: string) => values.get(key) ?? "";
    const bytes = (key: string) => (/^\d{1,15}$/.test(word(key)) ? Number(word(key)) : undefined);
    const started = /^@(\d+)$/.exec(word("ExecMainStartTimestamp"))?.[1];
    // What supervises the switch ends with it.
    if (word("Id") === "" || word("Id").startsWith("homelab-switch-")) continue;
    services.set(word("Id"), {
      active: word("ActiveState"),
      sub: word("SubState"),
      result: word("Result"),
      restarts: bytes("NRestarts") ?? 0,
      started: started === undefined ? undefined : Number(started),
      memory: bytes("MemoryCurrent"),
      most: bytes("MemoryMax"),
    });
  }
  return services;
}

/** /proc/net/route: destination and mask of the default route are nothing but zeros, and it is up. */
export const hasRoute = (text: string): boolean =>
  text.split("\n").some((line) => {
    const [, to, , flags = "", , , , mask] = line.split("\t");
    return to === "00000000" && mask === "00000000" && (Number.parseInt(flags, 16) & 1) === 1;
  });

/** /proc/net/ipv6_route: where there is none, one that refuses everything is on `lo`. */
export const hasRoute6 = (text: string): boolean =>
  /^0{32} 00 .* (?!lo$)\S+$/m.test(text.replace(/ +$/gm, ""));

/** The state of its unit's file, and then what `tailscale status --json` says. */
function parseTailscale(text: string): string | undefined {
  if (!text.startsWith("loaded")) return undefined;
  return /"BackendState":\s*"(\w+)"/.exec(text)?.[1] ?? "not running";
}

/** The first line of /proc/stat: proc(5). Waiting for a disk is no work. */
function parseCpu(text: string): Measure["cpu"] {
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = (
    /^cpu +([\d ]+)$/m.exec(text)?.[1] ?? ""
  )
    .split(" ")
    .map(Number);
  const busy = user + nice + system + irq + softirq + steal;
  const all = busy + idle + iowait;
  return all > 0 ? { busy, all } : undefined;
}

/** Share of the time between two looks that its processors were busy. */
export function busyBetween(first: Measure | undefined, last: Measure | undefined): number | null {
  const [before, after] = [first?.cpu, last?.cpu];
  if (!before || !after || after.all <= before.all) return null;
  return Math.min(1, Math.max(0, (after.busy - before.busy) / (after.all - before.all)));
}
