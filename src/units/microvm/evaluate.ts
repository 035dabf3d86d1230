import { existsSync } from "node:fs";
import { join } from "node:path";
import { HomelabError } from "../../errors.ts";
import { asError } from "../../nix/build.ts";
import { configuredRunner } from "../../nix/flake.ts";
import { repositoryOf } from "../../nix/reference.ts";
import type { Machine } from "../../process/machine.ts";
import { readFlake } from "./install.ts";
import type { Repository } from "./pull.ts";
import { readVmDirs } from "./state.ts";
import type { VmWork } from "./types.ts";

/** Evaluations at once: each takes a core, and memory by the gigabyte. */
const AT_ONCE = 2;
const DEADLINE_MS = 10 * 60_000;

/** Why repositories are not what their upstreams have, by `checkoutOf`. */
type NotPulled = ReadonlyMap<string, HomelabError>;

export const checkoutOf = ({ name }: Pick<Machine, "name">, path: string): string => `${name}:${path}`;

async function unlessAway<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof HomelabError) return undefined;
    throw error;
  }
}

/** The repositories that MicroVMs are built from, without the homelab itself on this machine; each once. */
export async function repositoriesOf(
  works: readonly Pick<VmWork, "machine" | "recipe">[],
  root: string,
): Promise<Repository[]> {
  const found = new Map<string, { machine: Machine; path: string; vms: string[] }>();
  for (const [machine, there] of Map.groupBy(works, (work) => work.machine)) {
    const dirs = await unlessAway(() => readVmDirs(machine));
    if (!dirs) continue;
    for (const { recipe } of there) {
      const dir = dirs.get(recipe.name);
      // A flake that cannot be found out is the trouble of this one, where it is evaluated.
      const flake = dir?.declarative
        ? undefined
        : await unlessAway(() => flakeOf({ machine, recipe, dir }, root));
      const path = flake === undefined ? undefined : repositoryOf(flake);
      if (path === undefined || (!machine.remote && path === root)) continue;
      const place = checkoutOf(machine, path);
      const known = found.get(place) ?? { machine, path, vms: [] };
      known.vms.push(recipe.name);
      found.set(place, known);
    }
  }
  return [...found.values()];
}

/** Asks what the configurations of MicroVMs stand for; those that come with their host are left out. */
export async function evaluateAll(
  works: readonly VmWork[],
  root: string,
  notPulled: NotPulled,
): Promise<void> {
  const open = works.filter(({ dir }) => !dir?.declarative);
  const some = async (): Promise<void> => {
    for (let work = open.shift(); work; work = open.shift()) await evaluate(work, root, notPulled);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, some));
}

/** Why it cannot be said is the trouble of this one alone. */
async function evaluate(work: VmWork, root: string, notPulled: NotPulled): Promise<void> {
  const { machine, recipe } = work;
  try {
    work.flake = await flakeOf(work, root);
    if (work.flake === undefined) return;
    const problem = notPulled.get(checkoutOf(machine, repositoryOf(work.flake) ?? ""));
    if (problem) throw problem;
    const evaluated = await configuredRunner(machine, work.flake, recipe.name, { deadline: DEADLINE_MS });
    if (!evaluated.ok) throw asError(evaluated);
    work.configured = evaluated.value;
  } catch (error) {
    if (!(error instanceof HomelabError)) throw error;
    work.trouble = error;
  }
}

/** What it says itself, else its recipe, else the repository where that is a flake. */
export async function flakeOf(
  { machine, recipe, dir }: Pick<VmWork, "machine" | "recipe" | "dir">,
  root: string,
): Promise<string | undefined> {
  if (dir?.hasFlake) return readFlake(machine, recipe.name);
  if (recipe.flake !== undefined) return recipe.flake;
  return !machine.remote && existsSync(join(root, "flake.nix")) ? flakeAt(root) : undefined;
}

/** The reference of a flake in a directory of this machine. Below the top of a repository, Nix finds that by itself. */
const flakeAt = (root: string): string =>
  existsSync(join(root, ".git")) ? `git+file://${root.split("/").map(encodeURIComponent).join("/")}` : root;
