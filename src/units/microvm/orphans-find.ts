import { HomelabError } from "../../errors.ts";
import { configurations } from "../../nix/flake.ts";
import type { Machine } from "../../process/machine.ts";
import { journalLines } from "../../systemd/journal.ts";
import { askSystemd, showUnits, systemdTrouble } from "../../systemd/show.ts";
import { unitOf } from "./driver.ts";
import { foregroundUnit } from "./foreground.ts";
import { directoryOf, readFlake } from "./install.ts";
import {
  type Belonging,
  belongingOf,
  type DataFile,
  type FlakeNames,
  FOREGROUND_UNIT,
  type Found,
  INSTALL_UNIT,
  isAtWork,
  type Named,
  parseFiles,
  unitNames,
  VM_UNIT,
} from "./orphans.ts";
import { readVmDirs } from "./state.ts";

const DEADLINE_MS = 60_000;
const EVALUATION_MS = 10 * 60_000;
const MOST_BYTES = 16 * 1024 * 1024;

/** A MicroVM that no configuration names, or of which that cannot be said. */
export interface Orphan extends Found {
  readonly machine: Machine;
  readonly belongs: Exclude<Belonging, { is: "named" }>;
  /** The unit that is at work for it; undefined when it is stopped. */
  readonly running: string | undefined;
  /** Files of its state directory; undefined where they could not be looked at. */
  readonly files: readonly DataFile[] | undefined;
  /** When its journal has its last line, as ISO; undefined where it has none. */
  readonly lastRan: string | undefined;
}

export interface Search {
  readonly orphans: readonly Orphan[];
  /** The others, and what names each. */
  readonly named: ReadonlyMap<string, string>;
}

/** Looks for MicroVMs of a machine that no configuration names. Each flake is evaluated once. */
export async function findOrphans(
  machine: Machine,
  { recipes, anywhere }: Pick<Named, "recipes" | "anywhere">,
): Promise<Search> {
  const [dirs, units, foreground, installs] = await Promise.all([
    readVmDirs(machine),
    namesOf(machine, ["list-units", "--all", "--", "microvm@*.service"], VM_UNIT),
    namesOf(machine, ["list-units", "--all", "--", foregroundUnit("*")], FOREGROUND_UNIT),
    namesOf(machine, ["list-unit-files", "--", "install-microvm-*.service"], INSTALL_UNIT),
  ]);
  const running = await unitsAtWork(machine, [...new Set([...units, ...foreground])]);
  // A unit that is only known by name, because somebody asked for it, is nothing.
  const names = new Set([...dirs.keys(), ...running.keys()]);
  const open = [...names].filter((name) => !recipes.has(name) && !installs.has(name));
  const flakes = await readFlakes(
    machine,
    open.filter((name) => dirs.get(name)?.hasFlake),
  );
  const known = await evaluateFlakes(machine, new Set(flakes.values()));
  const named = new Map<string, string>();
  const orphans: Omit<Orphan, "files" | "lastRan">[] = [];
  for (const name of [...names].sort()) {
    const found = { name, dir: dirs.get(name), flake: flakes.get(name) };
    const belongs = belongingOf(found, { recipes, anywhere, declared: installs, flakes: known });
    if (belongs.is === "named") named.set(name, belongs.by);
    else orphans.push({ ...found, machine, belongs, running: running.get(name) });
  }
  const files = await filesOf(machine, orphans);
  const all = orphans.map(async (each) => ({
    ...each,
    files: files && (files.get(each.name) ?? []),
    lastRan: await lastRan(machine, each.name),
  }));
  return { orphans: await Promise.all(all), named };
}

/** Of MicroVMs, the unit of each that is at work: its own, or the one of a run in the foreground. */
export async function unitsAtWork(machine: Machine, names: readonly string[]): Promise<Map<string, string>> {
  const states = await showUnits(
    machine,
    names.flatMap((name) => [unitOf(name), foregroundUnit(name)]),
  );
  const isBusy = (unit: string): boolean => {
    const state = states.get(unit);
    return state !== undefined && isAtWork(state);
  };
  return new Map(
    names.flatMap((name): [string, string][] => {
      const unit = [unitOf(name), foregroundUnit(name)].find(isBusy);
      return unit === undefined ? [] : [[name, unit]];
    }),
  );
}

async function namesOf(machine: Machine, words: readonly string[], pattern: RegExp): Promise<Set<string>> {
  const { exitCode, stdout, stderr } = await askSystemd(machine, ["--plain", "--no-legend", ...words]);
  // Where no unit file matches, that is an error of the newer ones, without a word.
  if (exitCode !== 0 && stderr.trim() !== "") throw systemdTrouble(machine, stderr);
  return unitNames(stdout, pattern);
}

/** What the `flake` files say; one that cannot be read is left out. */
async function readFlakes(machine: Machine, names: readonly string[]): Promise<Map<string, string>> {
  const read = names.map(async (name): Promise<[string, string][]> => {
    try {
      return [[name, await readFlake(machine, name)]];
    } catch (error) {
      if (!(error instanceof HomelabError) || error.code !== "refused") throw error;
      return [];
    }
  });
  return new Map((await Promise.all(read)).flat());
}

/** One after the other: an evaluation takes a core, and memory by the gigabyte. */
async function evaluateFlakes(
  machine: Machine,
  flakes: ReadonlySet<string>,
): Promise<Map<string, FlakeNames>> {
  const known = new Map<string, FlakeNames>();
  for (const flake of flakes) {
    try {
      const evaluated = await configurations(machine, flake, { deadline: EVALUATION_MS });
      known.set(
        flake,
        evaluated.ok
          ? { names: new Set(evaluated.value) }
          : { trouble: `its flake cannot be evaluated: ${evaluated.detail}` },
      );
    } catch (error) {
      if (!(error instanceof HomelabError)) throw error;
      known.set(flake, { trouble: `its flake cannot be evaluated: ${error.message}` });
    }
  }
  return known;
}

/** What is in the directories: guests write some of it, so only root may look everywhere. */
async function filesOf(
  machine: Machine,
  orphans: readonly { readonly name: string; readonly dir: unknown }[],
): Promise<Map<string, DataFile[]> | undefined> {
  const names = orphans.filter(({ dir }) => dir !== undefined).map(({ name }) => name);
  if (names.length === 0) return new Map();
  const places = names.map(directoryOf);
  const argv = ["find", ...places, "-type", "f", "-printf", "%b\\t%H\\t%P\\0"];
  try {
    const { exitCode, stdout } = await machine.run(argv, {
      deadline: DEADLINE_MS,
      keep: MOST_BYTES,
      root: true,
    });
    return exitCode === 0 ? parseFiles(stdout) : undefined;
  } catch (error) {
    if (!(error instanceof HomelabError)) throw error;
    return undefined;
  }
}

async function lastRan(machine: Machine, name: string): Promise<string | undefined> {
  try {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    for await (const { time } of journalLines(machine, [unitOf(name)], { tail: "1", signal })) return time;
  } catch (error) {
    // It is told without it.
    if (!(error instanceof HomelabError)) throw error;
  }
  return undefined;
}
