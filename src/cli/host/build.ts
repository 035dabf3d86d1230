import { now } from "../../clock.ts";
import type { StepReport } from "../../plan/types.ts";
import { prepareHosts } from "../../run/host/phases.ts";
import { isGood } from "../../run/schedule.ts";
import { conclude } from "../../run/steps.ts";
import type { Context } from "../context.ts";
import { print } from "../context.ts";
import type { HostOptions } from "../host.ts";
import { runLocked } from "../session.ts";
import { openFlake } from "./work.ts";

/** Builds the systems of hosts. Nothing is copied anywhere, and no host is asked. */
export async function run(context: Context, words: string[], options: HostOptions): Promise<void> {
  const hosts = await openFlake(context, words, options);
  let done: readonly StepReport[] = [];
  await runLocked(context, hosts.root, async (session) => {
    const times = { at: Date.now(), began: now() };
    const { steps } = await prepareHosts({ ...session, ...hosts }, ["evaluate", "build"], times.began);
    done = steps;
    return conclude(session, hosts.root, steps, times);
  });
  if (context.options.json) return;
  const built = hosts.works.flatMap(({ recipe: { name }, system }) => {
    const good = done.some(({ id, result }) => id === `build ${name}` && isGood(result));
    return good && system ? [[name, system]] : [];
  });
  // A script that names one host wants its path alone.
  print(
    built
      .map(([name, path]) => (words.length === 1 && built.length === 1 ? path : `${name} ${path}`))
      .map((line) => `${line}\n`)
      .join(""),
  );
}
