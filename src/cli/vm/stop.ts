import type { Context } from "../context.ts";
import { runStop } from "../stop.ts";
import { openVms } from "./book.ts";

/** Stops MicroVMs, and first what runs and needs them. */
export async function run(context: Context, words: string[]): Promise<void> {
  const { vms } = await openVms(context, words);
  await runStop(
    context,
    vms.map(({ name }) => name),
    true,
  );
}
