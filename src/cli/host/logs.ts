import { showUnits } from "../../systemd/show.ts";
import type { Context } from "../context.ts";
import type { HostOptions } from "../host.ts";
import { readLogWords } from "../logs.ts";
import { showLogs } from "../logs-show.ts";
import { hostSource } from "../logs-sources.ts";
import { openHost } from "./book.ts";

/** What the journal of a host has: all of it, or that of some units. */
export async function run(
  context: Context,
  [word = "", ...units]: string[],
  options: HostOptions,
): Promise<void> {
  const { follow, filter } = readLogWords(context, options);
  const { machines, host } = await openHost(context, word);
  const machine = machines.host(host);
  // A pattern stands for what is there. The journal may still have lines of what is not.
  const exact = units.filter((unit) => !/[*?[]/.test(unit));
  for (const { unit, load } of (await showUnits(machine, exact)).values())
    if (load === "not-found") context.messages.warn(`${host.name} has no unit \`${unit}\` now`);
  const sources =
    units.length === 0
      ? [hostSource(host.name, machine)]
      : units.map((unit) => hostSource(host.name, machine, unit));
  await showLogs(context, { docker: undefined, sources, filter, follow, timestamps: false });
}
