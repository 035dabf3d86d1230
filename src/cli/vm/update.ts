import type { Context } from "../context.ts";
import { runEnsure } from "../ensure.ts";
import { showPlan } from "../plan.ts";
import type { VmOptions } from "../vm.ts";
import { openVms } from "./book.ts";

/** Builds what the configuration stands for and puts it in place; with `restart`, into force. */
export async function run(
  context: Context,
  words: string[],
  { restart = false, force = false }: VmOptions,
): Promise<void> {
  const { vms } = await openVms(context, words);
  if (vms.length === 0) return context.messages.info("there are no MicroVMs here");
  const names = vms.map(({ name }) => name);
  const request = { words: names, force, withNeeds: false, vms: restart ? "deploy" : "update" } as const;
  if (context.options.dryRun) await showPlan(context, request, false);
  else await runEnsure(context, { ...request, fetchFirst: true });
}
