import type { Context } from "../context.ts";

export async function run(_context: Context, _words: string[]): Promise<void> {
  throw new Error("to be written");
}
