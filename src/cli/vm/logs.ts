import type { Context } from "../context.ts";
import { runLogs } from "../logs.ts";
import type { VmOptions } from "../vm.ts";
import { openVms } from "./book.ts";

/** What the journal has of MicroVMs and their helpers. */
export async function run(context: Context, words: string[], options: VmOptions): Promise<void> {
  const { vms } = await openVms(context, words);
  await runLogs(
    context,
    vms.map(({ name }) => name),
    options,
  );
}
