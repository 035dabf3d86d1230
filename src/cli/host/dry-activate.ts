import { now } from "../../clock.ts";
import { runDocument } from "../../report/json.ts";
import { printable } from "../../report/style.ts";
import { prepareHosts } from "../../run/host/phases.ts";
import { conclude } from "../../run/steps.ts";
import { dryActivate } from "../../units/host/compare.ts";
import { type Context, print } from "../context.ts";
import type { HostOptions } from "../host.ts";
import { runLocked } from "../session.ts";
import { openFlake } from "./work.ts";

/** What switch-to-configuration says that it would do, in its own words. */
export async function run(context: Context, words: string[], options: HostOptions): Promise<void> {
  const hosts = await openFlake(context, words, options);
  let text = "";
  await runLocked(
    context,
    hosts.root,
    async (session) => {
      const times = { at: Date.now(), began: now() };
      const phases = ["check", "evaluate", "build", "copy"] as const;
      const { steps, good } = await prepareHosts(
        { ...session, ...hosts, leavesGarbage: context.options.dryRun },
        phases,
        times.began,
      );
      const [work] = hosts.works;
      if (good && work?.system)
        text = await dryActivate(work.machine, work.system, { signal: session.stop.abort });
      return conclude(session, hosts.root, steps, times);
    },
    (report) => ({ ...runDocument(report), lines: text.split("\n").filter((line) => line !== "") }),
  );
  if (!context.options.json) print(text.split("\n").map(printable).join("\n"));
}
