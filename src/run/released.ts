import type { RecipeKind } from "../book/types.ts";
import type { StepReport } from "../plan/types.ts";
import type { Driver } from "../units/driver.ts";
import { isGood } from "./schedule.ts";

/**
 * Of the steps of a run, those whose recipes are not held any more: they were brought up, or have done what they are
 * there for. A MicroVM may only have been given another system, and then it is as much stopped as before.
 */
export const released = (
  steps: readonly StepReport[],
  drivers: ReadonlyMap<RecipeKind, Pick<Driver, "isUp">>,
): string[] =>
  steps
    .filter(({ id, kind, result }) => isGood(result) && (kind !== "microvm" || drivers.get(kind)?.isUp(id)))
    .map(({ id }) => id);
