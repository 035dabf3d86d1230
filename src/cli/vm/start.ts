import type { Context } from "../context.ts";
import { runEnsure } from "../ensure.ts";
import { showPlan } from "../plan.ts";
import { seeAllVms } from "./book.ts";

/** Brings MicroVMs and all that they need to ready, as `ensure` does; also those that no recipe names. */
export async function run(context: Context, words: string[]): Promise<void> {
  const request = { words, resolve: seeAllVms(context, words), force: false, withNeeds: true };
  if (context.options.dryRun) await showPlan(context, request, false);
  else await runEnsure(context, request);
}
