import type { Book, Recipe, RecipeKind } from "../book/types.ts";
import { now } from "../clock.ts";
import { makeRollbackPlan, restoringDriver } from "../plan/rollback.ts";
import type { RunReport } from "../plan/types.ts";
import type { HoldBook } from "../store/held.ts";
import type { Driver, RestorePoint } from "../units/driver.ts";
import { repairSharers } from "./ensure.ts";
import { waitForLeftovers } from "./leftovers.ts";
import { released } from "./released.ts";
import { conclude, failed, type RunOptions, runSteps } from "./steps.ts";

export interface RollbackRequest extends RunOptions {
  readonly book: Book;
  readonly targets: readonly string[];
  /** Id of the release to go back to; default: the one before. */
  readonly to: number | undefined;
  readonly drivers: ReadonlyMap<RecipeKind, Driver>;
  readonly holds: HoldBook;
}

/**
 * Puts the targets back to an earlier release, and leaves all else as it is. Whether each can be is proven before the
 * first of them is touched. The caller holds the lock.
 */
export async function rollback(request: RollbackRequest): Promise<RunReport> {
  const times = { at: Date.now(), began: now() };
  const { book, targets, drivers, stop, holds, listener } = request;
  await waitForLeftovers(request, book.root);
  const { plan, needs, releases } = await makeRollbackPlan(request);
  for (const driver of drivers.values()) await driver.prepare();
  const steps = await runSteps(request, {
    plan,
    needs,
    began: times.began,
    execute: async (step, context, slots) => {
      const driver = restoringDriver(book.recipes.get(step.id) as Recipe, drivers);
      const release = releases.get(step.id) as RestorePoint;
      const applied = await slots.use(() => driver.rollback(step.id, release.id, context));
      const result = applied.ok ? await driver.verify(step.id, context) : applied;
      if (!result.ok) return failed(result, stop, context);
      if (applied.ok && applied.changed)
        return { result: "changed", reason: step.reason, detail: result.detail };
      const text = `nothing had to be changed for ${release.text}`;
      // Somebody asked for it: silence would look like success.
      listener.message(`${step.id}: ${text}`);
      return { result: "unchanged", reason: { code: "same", text }, detail: result.detail };
    },
  });
  // What shares the network of a target has lost it, and is not among what was asked for.
  const broken = [...drivers.values()].flatMap((each) => each.fallout(new Set(targets)));
  const names = broken.map(({ name }) => name);
  const sharers = names.length > 0 ? await repairSharers(request, names, times.began) : [];
  const kept = holds.drop(released(steps, drivers));
  if (kept) listener.message(`warning: ${kept}`);
  return conclude(request, book.root, [...steps, ...sharers], times);
}
