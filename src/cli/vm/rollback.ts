import type { Context } from "../context.ts";
import { runRollback } from "../rollback.ts";
import { openVms } from "./book.ts";

/** Puts MicroVMs back to the system before. */
export async function run(context: Context, words: string[]): Promise<void> {
  const { vms } = await openVms(context, words);
  await runRollback(
    context,
    vms.map(({ name }) => name),
    undefined,
  );
}
