import type { Resolve } from "../book.ts";
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
  const { vms, resolve } = await openVms(context, words);
  if (vms.length === 0) return context.messages.info("there are no MicroVMs here");
  const request = {
    ...{ words, force, withNeeds: false },
    ...(restart ? { resolve, vms: "deploy" as const } : { resolve: unheld(resolve), vms: "update" as const }),
  };
  if (context.options.dryRun) await showPlan(context, request, false);
  else await runEnsure(context, { ...request, fetchFirst: true });
}

/** Nothing is started: what is stopped on purpose can be given a new system, and stays stopped. */
const unheld =
  (resolve: Resolve): Resolve =>
  (book, words) => {
    const { names } = resolve(book, words);
    return { names, outright: new Set(names) };
  };
