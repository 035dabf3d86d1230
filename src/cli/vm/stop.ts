import type { Context } from "../context.ts";
import { runStop } from "../stop.ts";
import { seeAllVms } from "./book.ts";

/** Stops MicroVMs, and first what runs and needs them. */
export async function run(context: Context, words: string[]): Promise<void> {
  await runStop(context, { words, resolve: seeAllVms(context, words), withDependents: true });
}
