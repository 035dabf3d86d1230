import { HomelabError } from "../../errors.ts";
import { type Change, closureDiff, summary } from "../../nix/diff.ts";
import type { Machine } from "../../process/machine.ts";
import { BOOT_PARTS, parseSums, rebootFor, type UnitDiff, unitDiff } from "./closure.ts";
import { parseChanges, type UnitChanges } from "./lines.ts";

const DEADLINE_MS = 120_000;
const KEEP_BYTES = 4 * 1024 * 1024;
const MOST_NAMES = 12;

/** What a switch from one system to another comes to. */
export interface Comparison {
  readonly before: string;
  readonly after: string;
  readonly packages: readonly Change[];
  /** Unit files that are not the same. */
  readonly units: UnitDiff;
  /** What the activation would do. */
  readonly activation: UnitChanges;
  /** Parts that only a reboot brings into force: kernel, initrd, kernel-modules. */
  readonly reboot: readonly string[];
}

interface CompareOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whether the new one is to be put into force, and not only booted. */
  readonly activates: boolean;
}

/** Compares two systems that are both in the store of a host. Changes nothing. */
export async function compareSystems(
  machine: Machine,
  [before, after]: readonly [string, string],
  { activates, ...options }: CompareOptions,
): Promise<Comparison> {
  const all = { ...options, deadline: DEADLINE_MS, root: true, keep: KEEP_BYTES };
  const sums = async (system: string) => {
    const top = `${system}/etc/systemd/system`;
    // Of a directory that is not there, there is nothing to be said.
    const argv = ["find", "-L", top, "-maxdepth", "2", "-type", "f", "-exec", "sha256sum", "{}", "+"];
    return parseSums((await machine.run(argv, all)).stdout, top);
  };
  const parts = ["/run/booted-system", before, after].flatMap((system) =>
    BOOT_PARTS.map((part) => `${system}/${part}`),
  );
  const packages = await closureDiff(machine, [before, after], {
    ...options,
    deadline: DEADLINE_MS,
    root: true,
  });
  const units = unitDiff(await sums(before), await sums(after));
  const { stdout: links } = await machine.run(["readlink", "-m", ...parts], all);
  const activation = parseChanges(activates ? await dryActivate(machine, after, options) : "");
  return { before, after, packages, units, activation, reboot: rebootFor(links.trim().split("\n")) };
}

/** What switch-to-configuration says that it would do. Throws when it refuses. */
export async function dryActivate(
  machine: Machine,
  system: string,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<string> {
  const argv = [`${system}/bin/switch-to-configuration`, "dry-activate"];
  const result = await machine.run(argv, { ...options, deadline: DEADLINE_MS, root: true, keep: KEEP_BYTES });
  const text = `${result.stdout}${result.stderr}`;
  if (result.exitCode === 0) return text;
  const said = text.trim().split("\n").at(-1) || `exit code ${result.exitCode}`;
  throw new HomelabError("step-failed", `${machine.name} cannot be switched to ${system}: ${said}`, {
    hint: `see \`${argv.join(" ")}\` there, as root`,
  });
}

/** A comparison in lines for people: what it comes to first. */
export function comparisonLines(comparison: Comparison): string[] {
  const { packages } = comparison;
  const version = (versions: readonly string[]) => versions.map((each) => each || "-").join(", ") || "∅";
  const shown = packages.slice(0, MOST_NAMES).map(({ name, before, after }) => {
    const same = before.length === 0 && after.length === 0;
    return same ? `  ${name}` : `  ${name}: ${version(before)} → ${version(after)}`;
  });
  const rest = packages.length - shown.length;
  return [
    summary(packages),
    ...shown,
    ...(rest > 0 ? [`  and ${rest} more`] : []),
    ...effectLines(comparison),
  ];
}

/** What it comes to apart from packages. */
export function effectLines({ units, activation, reboot }: Comparison): string[] {
  const { stop, start, restart, reload, leave, systemd } = activation;
  const line = (what: string, names: readonly string[]) =>
    names.length > 0 ? [`${what}: ${named(names)}`] : [];
  return [
    ...line("new units", units.added),
    ...line("units that go", units.removed),
    ...line("changed units", units.changed),
    ...line("stops", stop),
    ...line("starts", start),
    ...line("restarts", restart),
    ...line("reloads", reload),
    ...line("left as they run", leave),
    ...(systemd ? ["systemd itself is started anew"] : []),
    ...line("in force only after a reboot", reboot),
  ];
}

const named = (names: readonly string[]): string =>
  names.length > MOST_NAMES
    ? `${names.slice(0, MOST_NAMES).join(", ")} and ${names.length - MOST_NAMES} more`
    : names.join(", ");
