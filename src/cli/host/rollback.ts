import { HomelabError } from "../../errors.ts";
import { rollbackHosts } from "../../run/host/deploy.ts";
import { findGeneration } from "../../units/host/generation.ts";
import { type Context, print, printJson } from "../context.ts";
import type { HostOptions } from "../host.ts";
import { runLocked } from "../session.ts";
import { asker, openWorks, withinOf } from "./work.ts";

/** Puts a host back to the generation before, or to the one that is named. */
export async function run(context: Context, words: string[], options: HostOptions): Promise<void> {
  const within = withinOf(options.within);
  const to = numberOf(options.to);
  const hosts = await openWorks(context, words);
  const names = hosts.works.map(({ recipe }) => recipe.name).join(", ");
  if (context.options.dryRun) {
    const found = await Promise.all(hosts.works.map(({ machine }) => findGeneration(machine, to)));
    if (context.options.json) return printJson({ version: 1, host: names, ...found[0] });
    return print(
      found.map((each) => `${names}: to generation ${each.generation}, ${each.system}\n`).join(""),
    );
  }
  await runLocked(context, hosts.root, (session) =>
    rollbackHosts({
      ...session,
      ...hosts,
      within,
      goal: options.boot ? "boot" : "switch",
      find: ({ machine }) => findGeneration(machine, to),
      confirm: asker(session, `Put ${names} back?`),
    }),
  );
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new HomelabError("usage", `\`--to\` takes the number of a generation, not \`${text}\``, {
    hint: "`homelab host generations HOST` shows them",
  });
}
