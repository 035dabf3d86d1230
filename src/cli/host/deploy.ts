import { deployHosts } from "../../run/host/deploy.ts";
import type { Goal } from "../../units/host/supervise.ts";
import type { Context } from "../context.ts";
import type { HostOptions } from "../host.ts";
import { runLocked } from "../session.ts";
import { asker, openFlake, withinOf } from "./work.ts";

/** Builds the systems of hosts, shows what they change, and switches to them. */
export const run = (context: Context, words: string[], options: HostOptions): Promise<void> =>
  deployTo(context, words, options, options.boot ? "boot" : "switch");

const QUESTIONS: Readonly<Record<Goal, (names: string) => string>> = {
  switch: (names) => `Deploy to ${names}?`,
  test: (names) => `Try it on ${names}?`,
  boot: (names) => `Boot it next time on ${names}?`,
};

/** `test`: what boots stays as it is. A dry run shows what would change. */
export async function deployTo(
  context: Context,
  words: readonly string[],
  { within: text }: HostOptions,
  goal: Goal,
): Promise<void> {
  const within = withinOf(text);
  if (context.options.dryRun) return (await import("./diff.ts")).showDiffs(context, words);
  const hosts = await openFlake(context, words);
  const names = hosts.works.map(({ recipe }) => recipe.name).join(", ");
  const question = QUESTIONS[goal](names);
  await runLocked(context, hosts.root, (session) =>
    deployHosts({ ...session, ...hosts, goal, within, confirm: asker(session, question) }),
  );
}
