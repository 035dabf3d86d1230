import type { Context } from "../context.ts";
import type { HostOptions } from "../host.ts";
import { deployTo } from "./deploy.ts";

/** Puts a new system into force until the host reboots. */
export const run = (context: Context, words: string[], options: HostOptions): Promise<void> =>
  deployTo(context, words, options, { goal: "test" });
