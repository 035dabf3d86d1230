import { now } from "../../clock.ts";
import { prepareHosts } from "../../run/host/phases.ts";
import { conclude } from "../../run/steps.ts";
import type { Context } from "../context.ts";
import { print } from "../context.ts";
import { runLocked } from "../session.ts";
import { openFlake } from "./work.ts";

/** Builds the systems of hosts. Nothing is copied anywhere, and no host is asked. */
export async function run(context: Context, words: string[]): Promise<void> {
  const hosts = await openFlake(context, words);
  await runLocked(context, hosts.root, async (session) => {
    const times = { at: Date.now(), began: now() };
    const { steps } = await prepareHosts({ ...session, ...hosts }, ["build"], times.began);
    return conclude(session, hosts.root, steps, times);
  });
  if (context.options.json) return;
  const built = hosts.works.flatMap(({ recipe, system }) => (system ? [[recipe.name, system]] : []));
  // A script that names one host wants its path alone.
  print(
    built
      .map(([name, path]) => (words.length === 1 && built.length === 1 ? path : `${name} ${path}`))
      .map((line) => `${line}\n`)
      .join(""),
  );
}
