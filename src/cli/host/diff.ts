import { now } from "../../clock.ts";
import { runDocument } from "../../report/json.ts";
import { printable } from "../../report/style.ts";
import { prepareHosts } from "../../run/host/phases.ts";
import { type HostWork, isSame } from "../../run/host/work.ts";
import { conclude } from "../../run/steps.ts";
import { comparisonLines } from "../../units/host/compare.ts";
import { type Context, print } from "../context.ts";
import { runLocked } from "../session.ts";
import { openFlake } from "./work.ts";

export const run = (context: Context, words: string[]): Promise<void> => showDiffs(context, words);

/** What deploying hosts would change. The systems are built and copied into their stores; nothing that runs is touched. */
export async function showDiffs(context: Context, words: readonly string[]): Promise<void> {
  const hosts = await openFlake(context, words);
  await runLocked(
    context,
    hosts.root,
    async (session) => {
      const times = { at: Date.now(), began: now() };
      const leavesGarbage = context.options.dryRun;
      const phases = ["check", "build", "copy", "compare"] as const;
      const { steps } = await prepareHosts({ ...session, ...hosts, leavesGarbage }, phases, times.began);
      return conclude(session, hosts.root, steps, times);
    },
    (report) => ({ ...runDocument(report), hosts: hosts.works.flatMap(diffDocument) }),
  );
  if (context.options.json) return;
  const lines = hosts.works.flatMap((work) => diffLines(work));
  print(lines.map((line) => `${printable(line)}\n`).join(""));
}

function diffLines(work: HostWork): string[] {
  const { recipe, state, system, comparison } = work;
  if (!state || system === undefined) return [];
  if (isSame(work)) return [`${recipe.name} runs ${system}: nothing would change`];
  const own = comparison && state.system !== system ? comparisonLines(comparison) : [];
  const only = state.system === system ? ["it runs that system, but boots another one"] : [];
  return [`${recipe.name}: ${state.system} → ${system}`, ...[...own, ...only].map((line) => `  ${line}`)];
}

function diffDocument(work: HostWork) {
  const { recipe, state, system, comparison } = work;
  if (!state || system === undefined) return [];
  return [
    {
      host: recipe.name,
      before: state.system,
      after: system,
      same: isSame(work),
      comparison: comparison ?? null,
    },
  ];
}
