import type { Context } from "../context.ts";
import { runEnsure } from "../ensure.ts";
import { showPlan } from "../plan.ts";
import { openVms } from "./book.ts";

/** Restarts MicroVMs, each with the system that is in place. */
export async function run(context: Context, words: string[]): Promise<void> {
  const { vms } = await openVms(context, words);
  const request = { words: vms.map(({ name }) => name), force: false, restart: true, withNeeds: false };
  if (context.options.dryRun) await showPlan(context, request, false);
  else await runEnsure(context, request);
}
