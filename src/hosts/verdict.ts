import { formatBytes } from "../os/bytes.ts";
import { type Going, isOpen, UNSEEN_S } from "../units/host/going.ts";
import { NOTES } from "../units/host/state.ts";
import { BOOT_PARTS, type BootPart, type HostFacts, type SystemFacts } from "./facts.ts";

/** `foreign`: it answers, and runs something else than NixOS. */
export type HostState = "ready" | "starting" | "degraded" | "foreign" | "refused" | "unreachable";

/** What a reboot, and nothing else, would bring into force. */
export interface Reboot {
  readonly parts: readonly BootPart[];
  /** Versions of the kernel that runs and of the one that waits, where they differ. */
  readonly kernel: { readonly from: string; readonly to: string } | undefined;
}

/**
 * How the system in force is not the one that the profile names: it is no generation at all, as after
 * `nixos-rebuild test`; or another generation, because one was made for the next boot, or one was gone back to.
 */
export interface Waiting {
  readonly kind: "test" | "newer" | "older";
  /** Generation in force; undefined when it is none. */
  readonly running: number | undefined;
  /** Generation of the profile, which the next boot starts. */
  readonly next: number | undefined;
}

export interface Verdict {
  readonly state: HostState;
  /** What keeps it from being ready; empty when it is. */
  readonly faults: readonly string[];
  readonly reboot: Reboot | undefined;
  readonly waiting: Waiting | undefined;
  /** A switch to another system that goes on. */
  readonly going: Going | undefined;
}

/** With less than this, a switch fails in the middle: of a file system that has the store, and of /boot. */
const LEAST_FREE = 1e9;
const LEAST_BOOT = 64e6;
const UP = ["active", "reloading", "refreshing"];

/** What the facts mean. */
export function judge(facts: HostFacts): Verdict {
  const { nixos, os, systems } = facts;
  const reboot = rebootOf(systems.booted, systems.current);
  const waiting = waitingOf(facts);
  const more = { reboot, waiting, going: goingOf(facts) };
  const faults = [...unitFaults(facts), ...askedFaults(facts), ...facts.disks.flatMap(diskFault)];
  if (!nixos) return { state: "foreign", faults: [`${os || "it"} is not NixOS`, ...faults], ...more };
  const starting = facts.systemd === "initializing" || facts.systemd === "starting";
  const state = faults.length > 0 ? "degraded" : starting ? "starting" : "ready";
  return { state, faults: starting ? [...faults, "it is still booting"] : faults, ...more };
}

function unitFaults({ systemd, failed }: HostFacts): string[] {
  if (failed.length > 0) return [`failed: ${failed.join(", ")}`];
  if (systemd === "" || systemd === "offline" || systemd === "unknown") return ["systemd does not answer"];
  if (systemd === "maintenance") return ["it is in rescue or emergency mode"];
  return systemd === "stopping" ? ["it is shutting down"] : [];
}

/** Units that the recipe calls critical; those that have failed are told already. */
const askedFaults = ({ asked, failed }: HostFacts): string[] =>
  [...asked].flatMap(([unit, state]) => {
    const told = failed.some((each) => each === unit || each === `${unit}.service`);
    return told || UP.includes(state) ? [] : [`${unit} is ${state || "unknown"}`];
  });

function diskFault({ path, free }: HostFacts["disks"][number]): string[] {
  const least = path === "/boot" ? LEAST_BOOT : LEAST_FREE;
  return free < least ? [`only ${formatBytes(free)} free on ${path}`] : [];
}

/** Undefined when all that is loaded at boot is what the system in force has. */
function rebootOf(booted: SystemFacts | undefined, current: SystemFacts | undefined): Reboot | undefined {
  if (!booted || !current) return undefined;
  const parts = BOOT_PARTS.filter((part) => booted.atBoot[part] !== current.atBoot[part]);
  if (parts.length === 0) return undefined;
  const [from, to] = [booted.kernel, current.kernel];
  const kernel = from !== undefined && to !== undefined && from !== to ? { from, to } : undefined;
  return { parts, kernel };
}

function waitingOf({
  systems: { current, profile },
  generation,
  generations,
}: HostFacts): Waiting | undefined {
  if (!current || !profile || current.path === profile.path) return undefined;
  const running = generationWith(generations, current.path, generation);
  // A specialisation of it.
  if (running !== undefined && running === generation) return undefined;
  if (running === undefined || generation === undefined) return { kind: "test", running, next: generation };
  return { kind: running < generation ? "newer" : "older", running, next: generation };
}

/** The number of a system among the generations: the profile's own, else the newest that is the same system. */
export function generationWith(
  generations: HostFacts["generations"],
  path: string,
  preferred: number | undefined,
): number | undefined {
  if (preferred !== undefined && generations.get(preferred)?.includes(path)) return preferred;
  return [...generations].findLast(([, paths]) => paths.includes(path))?.[0];
}

/** What waits on a host, in words: the shorter the better, as they stand in a table. */
export function pendingText({
  reboot,
  waiting,
  going,
}: Pick<Verdict, "reboot" | "waiting" | "going">): string[] {
  // While it is switched it runs what no generation is.
  const system = going ? [goingText(going)] : waiting ? [waitingText(waiting)] : [];
  return [...system, ...(reboot ? [rebootText(reboot)] : [])];
}

/** `returning` is no more to be brought to a good end, but still goes on. */
const goingOf = ({ lastSwitch }: HostFacts): Going | undefined =>
  lastSwitch && (isOpen(lastSwitch) || lastSwitch.state.state === "returning") ? lastSwitch : undefined;

function goingText(going: Going): string {
  const { holder, state, unseen } = going;
  const left = isOpen(going) && unseen >= UNSEEN_S ? ", and nobody waits for it" : "";
  return `is being switched by ${holder}: it ${NOTES[state.state]}${left}`;
}

function rebootText({ parts, kernel }: Reboot): string {
  const names = parts.map((part) =>
    part === "kernel" && kernel ? `kernel ${kernel.from} → ${kernel.to}` : part,
  );
  return `needs a reboot: ${names.join(", ")}`;
}

function waitingText({ kind, running, next }: Waiting): string {
  const boot =
    next === undefined ? "the next boot starts another" : `the next boot starts generation ${next}`;
  if (kind === "test") return `runs a system that is no generation, and ${boot}`;
  return `runs generation ${running}, and ${boot}${kind === "older" ? ", an older one" : ""}`;
}
