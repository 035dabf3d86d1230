import { printable } from "../../report/style.ts";
import { attachTo } from "../../run/host/attach.ts";
import type { HostWork } from "../../run/host/work.ts";
import { type Context, print } from "../context.ts";
import { runLocked } from "../session.ts";
import { openHost } from "./book.ts";

/** Judges a switch that whoever began it has left, and brings it to its end; else says how the last one ended. */
export async function run(context: Context, [word = ""]: string[]): Promise<void> {
  // What goes on is told by the status, which changes nothing.
  if (context.options.dryRun) return (await import("./status.ts")).run(context, [word]);
  const { book, machines, host } = await openHost(context, word);
  const work: HostWork = { recipe: host, machine: machines.host(host), findings: [] };
  let known: string | undefined;
  await runLocked(context, book.root, async (session) => {
    const report = await attachTo({ ...session, env: context.env, root: book.root }, work);
    const [step] = report.steps;
    if (step?.result === "unchanged") known = `${host.name}: ${step.detail}`;
    return report;
  });
  // What a run did not change it does not tell.
  if (known !== undefined && !context.options.json) print(`${printable(known)}\n`);
}
