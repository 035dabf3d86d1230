import { now } from "../../clock.ts";
import { findingLine } from "../../nix/finding.ts";
import { runDocument } from "../../report/json.ts";
import { printable } from "../../report/style.ts";
import { prepareHosts } from "../../run/host/phases.ts";
import { type HostWork, isSame } from "../../run/host/work.ts";
import { conclude } from "../../run/steps.ts";
import { type Context, print } from "../context.ts";
import type { HostOptions } from "../host.ts";
import { runLocked } from "../session.ts";
import { openFlake } from "./work.ts";

/** Whether a deploy could begin: the sources, the hosts themselves, and what their configurations stand for. */
export async function run(context: Context, words: string[], options: HostOptions): Promise<void> {
  const hosts = await openFlake(context, words, options);
  await runLocked(
    context,
    hosts.root,
    async (session) => {
      const times = { at: Date.now(), began: now() };
      const request = { ...session, ...hosts, goal: "switch" as const, leavesGarbage: true };
      const { steps } = await prepareHosts(request, ["lint", "check", "evaluate"], times.began);
      return conclude(session, hosts.root, steps, times);
    },
    (report) => ({ ...runDocument(report), hosts: hosts.works.map(checkDocument) }),
  );
  if (!context.options.json && !context.options.quiet)
    print(hosts.works.map((work) => checkLine(work)).join(""));
}

function checkLine(work: HostWork): string {
  const { recipe, state, system } = work;
  if (!state || system === undefined) return "";
  const text = isSame(work) ? "runs what it is to run" : `${state.system} → ${system}`;
  const lines = [
    `${recipe.name}: ${text}`,
    ...(work.condition ?? []).map((each) => `  warning: ${findingLine(each)}`),
  ];
  return lines.map((line) => `${printable(line)}\n`).join("");
}

const checkDocument = (work: HostWork) => ({
  host: work.recipe.name,
  before: work.state?.system ?? null,
  after: work.system ?? null,
  same: isSame(work),
  failed: [...(work.state?.failed ?? [])],
  findings: [...(work.condition ?? [])],
});
