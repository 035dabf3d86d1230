import type { Book, Recipe, RecipeKind } from "../book/types.ts";
import { now } from "../clock.ts";
import { HomelabError } from "../errors.ts";
import { topologicalOrder } from "../graph/graph.ts";
import type { Plan, RunReport, StepReport } from "../plan/types.ts";
import type { HoldBook } from "../store/held.ts";
import type { Driver } from "../units/driver.ts";
import { ensureSteps } from "./ensure.ts";
import { waitForLeftovers } from "./leftovers.ts";
import { isGood } from "./schedule.ts";
import { conclude, failed, type RunOptions, runSteps } from "./steps.ts";

export interface RollbackRequest extends RunOptions {
  readonly book: Book;
  readonly targets: readonly string[];
  /** Id of the release to go back to; default: the one before. */
  readonly to: number | undefined;
  readonly drivers: ReadonlyMap<RecipeKind, Driver>;
  readonly holds: HoldBook;
}

/** Puts the targets back to an earlier release, and leaves all else as it is. The caller holds the lock. */
export async function rollback(request: RollbackRequest): Promise<RunReport> {
  const times = { at: Date.now(), began: now() };
  const { book, targets, to, drivers, stop, holds } = request;
  await waitForLeftovers(request, book.root);
  const names = new Set(targets);
  const recipes = topologicalOrder(book.recipes, names).flatMap((name) => book.recipes.get(name) ?? []);
  for (const recipe of recipes) requireDriver(recipe, drivers);
  for (const [kind, driver] of drivers) {
    await driver.observe(recipes.filter((recipe) => recipe.kind === kind));
    await driver.prepare();
  }
  const plan = rollbackPlan(book.root, recipes, names);
  const steps = await runSteps(request, {
    plan,
    needs: new Map(recipes.map(({ name, needs }) => [name, needs])),
    began: times.began,
    execute: async (step, context, slots) => {
      const driver = requireDriver(book.recipes.get(step.id) as Recipe, drivers);
      const applied = await slots.use(() => driver.rollback(step.id, to, context));
      const result = applied.ok ? await driver.verify(step.id, context) : applied;
      if (!result.ok) return failed(result, stop, context);
      return { result: "changed", reason: step.reason, detail: result.detail };
    },
  });
  const sharers = await repairSharers(request, names, times.began);
  const kept = holds.drop(steps.filter((step) => isGood(step.result)).map((step) => step.id));
  if (kept) request.listener.message(`warning: ${kept}`);
  return conclude(request, book.root, [...steps, ...sharers], times);
}

/** What shares the network of a target has lost it, and is not among what was asked for: it is repaired all the same. */
async function repairSharers(
  request: RollbackRequest,
  names: ReadonlySet<string>,
  began: number,
): Promise<StepReport[]> {
  const broken = [...request.drivers.values()].flatMap((driver) => driver.fallout(names));
  if (broken.length === 0) return [];
  const targets = broken.map(({ name }) => name);
  const asked = { targets, outright: new Set<string>(), force: false, withNeeds: false };
  return ensureSteps({ ...request, ...asked }, began);
}

function rollbackPlan(root: string, recipes: readonly Recipe[], names: ReadonlySet<string>): Plan {
  const steps = recipes.map(({ name: id, kind, needs }) => ({
    id,
    kind,
    action: "rollback" as const,
    reason: { code: "asked", text: "asked for with `rollback`" },
    effect: "write" as const,
    needs: needs.map((need) => need.name).filter((name) => names.has(name)),
  }));
  return { root, targets: [...names], steps };
}

function requireDriver(
  { name, kind }: Recipe,
  drivers: ReadonlyMap<RecipeKind, Driver>,
): Driver & Required<Pick<Driver, "rollback">> {
  const driver = drivers.get(kind);
  if (driver?.rollback) return driver as Driver & Required<Pick<Driver, "rollback">>;
  throw new HomelabError("unsupported", `\`${name}\` is a ${kind}, which keeps no releases to go back to`, {
    hint: "name services, families or groups of services",
  });
}
