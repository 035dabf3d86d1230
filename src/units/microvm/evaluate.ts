import { existsSync } from "node:fs";
import { join } from "node:path";
import { HomelabError } from "../../errors.ts";
import { asError } from "../../nix/build.ts";
import { configuredRunner } from "../../nix/flake.ts";
import type { VmWork } from "./driver.ts";
import { readFlake } from "./install.ts";

/** Evaluations at once: each takes a core, and memory by the gigabyte. */
const AT_ONCE = 2;
const DEADLINE_MS = 10 * 60_000;

/** Asks what the configurations of MicroVMs stand for; those that come with their host are left out. */
export async function evaluateAll(works: readonly VmWork[], root: string): Promise<void> {
  const open = works.filter(({ dir }) => !dir?.declarative);
  const some = async (): Promise<void> => {
    for (let work = open.shift(); work; work = open.shift()) await evaluate(work, root);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, some));
}

/** Why it cannot be said is the trouble of this one alone. */
async function evaluate(work: VmWork, root: string): Promise<void> {
  const { machine, recipe } = work;
  try {
    work.flake = await flakeOf(work, root);
    if (work.flake === undefined) return;
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
  return !machine.remote && existsSync(join(root, "flake.nix")) ? `git+file://${root}` : undefined;
}
