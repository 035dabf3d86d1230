import type { Book, Need, Recipe, RecipeKind } from "../book/types.ts";
import { HomelabError, Problems } from "../errors.ts";
import { topologicalOrder } from "../graph/graph.ts";
import type { Driver, RestorePoint } from "../units/driver.ts";
import type { Plan, Step } from "./types.ts";

export interface RollbackQuestion {
  readonly book: Book;
  readonly targets: readonly string[];
  /** Id of the release to go back to; default: the one before. */
  readonly to: number | undefined;
  readonly drivers: ReadonlyMap<RecipeKind, Driver>;
}

export interface RollbackPlan {
  readonly plan: Plan;
  /** What each step waits for. */
  readonly needs: ReadonlyMap<string, readonly Need[]>;
  /** What is put back, by name. */
  readonly releases: ReadonlyMap<string, RestorePoint>;
}

/** A driver of things that can be put back. */
export type Restoring = Driver & Required<Pick<Driver, "restorable" | "rollback">>;

/**
 * Observes the targets and chooses the release of each that is put back. Changes nothing. Throws, with all that stands
 * in the way, when one of them cannot be: half of what was asked for would be worth less than nothing.
 */
export async function makeRollbackPlan({
  book,
  targets,
  to,
  drivers,
}: RollbackQuestion): Promise<RollbackPlan> {
  const names = new Set(targets);
  const recipes = topologicalOrder(book.recipes, names).flatMap((name) => book.recipes.get(name) ?? []);
  for (const recipe of recipes) restoringDriver(recipe, drivers);
  for (const [kind, driver] of drivers) {
    await driver.observe(recipes.filter((recipe) => recipe.kind === kind));
  }
  const releases = await provenReleases(recipes, to, drivers);
  const steps = recipes.map(
    ({ name: id, kind, needs }): Step => ({
      id,
      kind,
      action: "rollback",
      reason: { code: "asked", text: `asked for with \`rollback\`: ${releases.get(id)?.text}` },
      effect: "write",
      needs: needs.map((need) => need.name).filter((name) => names.has(name)),
    }),
  );
  const needs = new Map(recipes.map((recipe) => [recipe.name, recipe.needs]));
  return { plan: { root: book.root, targets: [...targets], steps }, needs, releases };
}

async function provenReleases(
  recipes: readonly Recipe[],
  to: number | undefined,
  drivers: RollbackQuestion["drivers"],
): Promise<Map<string, RestorePoint>> {
  const releases = new Map<string, RestorePoint>();
  const problems: HomelabError[] = [];
  for (const recipe of recipes) {
    try {
      releases.set(recipe.name, await restoringDriver(recipe, drivers).restorable(recipe.name, to));
    } catch (error) {
      if (!(error instanceof HomelabError)) throw error;
      problems.push(error);
    }
  }
  if (problems.length > 0) throw new Problems(problems);
  return releases;
}

/** The driver that puts a recipe back. Throws `unsupported` for kinds that keep no releases. */
export function restoringDriver({ name, kind }: Recipe, drivers: ReadonlyMap<RecipeKind, Driver>): Restoring {
  const driver = drivers.get(kind);
  if (driver?.restorable && driver.rollback) return driver as Restoring;
  throw new HomelabError("unsupported", `\`${name}\` is a ${kind}, which keeps no releases to go back to`, {
    hint: "name services, families, MicroVMs, or groups of them",
  });
}
