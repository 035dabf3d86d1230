import type { Context } from "../context.ts";
import { runEnsure } from "../ensure.ts";
import { showPlan } from "../plan.ts";
import { seeAllVms } from "./book.ts";

/** Restarts MicroVMs, each with the system that is in place. */
export async function run(context: Context, words: string[]): Promise<void> {
  const request = {
    words,
    resolve: seeAllVms(context, words),
    force: false,
    restart: true,
    withNeeds: false,
  };
  if (context.options.dryRun) await showPlan(context, request, false);
  else await runEnsure(context, request);
}
