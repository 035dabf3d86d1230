import { now } from "../../clock.ts";
import { runDocument } from "../../report/json.ts";
import { printable } from "../../report/style.ts";
import { phasesFor } from "../../run/host/modes.ts";
import { prepareHosts } from "../../run/host/phases.ts";
import { planLines } from "../../run/host/plan-lines.ts";
import { waveLines, wavesOf } from "../../run/host/waves.ts";
import { type HostWork, isSame } from "../../run/host/work.ts";
import { conclude } from "../../run/steps.ts";
import { type Context, print } from "../context.ts";
import type { HostOptions } from "../host.ts";
import { runLocked } from "../session.ts";
import { canariesOf, openFlake } from "./work.ts";

export const run = (context: Context, words: string[], options: HostOptions): Promise<void> =>
  showDiffs(context, words, options);

/** What deploying hosts would change. The systems are built and copied into their stores; nothing that runs is touched. */
export async function showDiffs(
  context: Context,
  words: readonly string[],
  options: Pick<HostOptions, "build-on" | "canary">,
): Promise<void> {
  const hosts = await openFlake(context, words, options);
  const order = { stages: hosts.stages, canaries: canariesOf(options.canary, hosts) };
  const waves = () =>
    wavesOf(
      hosts.works.filter((work) => work.comparison && !isSame(work)).map(({ recipe }) => recipe),
      order,
    );
  await runLocked(
    context,
    hosts.root,
    async (session) => {
      const times = { at: Date.now(), began: now() };
      const request = { ...session, ...hosts, leavesGarbage: context.options.dryRun };
      const { steps } = await prepareHosts(request, phasesFor("standard"), times.began);
      return conclude(session, hosts.root, steps, times);
    },
    (report) => ({ ...runDocument(report), hosts: hosts.works.flatMap(diffDocument), waves: waves() }),
  );
  if (context.options.json) return;
  const lines = [...waveLines(waves()), ...hosts.works.flatMap((work) => diffLines(work))];
  print(lines.map((line) => `${printable(line)}\n`).join(""));
}

function diffLines(work: HostWork): string[] {
  const { recipe, state, system } = work;
  if (!state || system === undefined) return [];
  if (isSame(work)) return [`${recipe.name} runs ${system}: nothing would change`];
  if (!work.comparison) return [];
  const own = state.system === system ? [] : planLines(work);
  const only = state.system === system ? ["it runs that system, but boots another one"] : [];
  return [`${recipe.name}: ${state.system} → ${system}`, ...[...own, ...only].map((line) => `  ${line}`)];
}

export function diffDocument(work: HostWork) {
  const { recipe, state, system, comparison, firewall, blockers = [], findings } = work;
  if (!state || system === undefined || !(comparison || isSame(work))) return [];
  return [
    {
      host: recipe.name,
      before: state.system,
      after: system,
      same: isSame(work),
      comparison: comparison ?? null,
      firewall: firewall ?? null,
      blockers,
      findings,
    },
  ];
}
