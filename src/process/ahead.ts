import { HomelabError } from "../errors.ts";
import { type Machine, oncePerMachine } from "./machine.ts";

const DEADLINE_MS = 30_000;

/** Milliseconds that the clock of a machine is ahead of this one's, behind where negative. Asked once. */
export const aheadOf = oncePerMachine(async (machine: Machine): Promise<number> => {
  if (!machine.remote) return 0;
  const before = Date.now();
  const { stdout, stderr } = await machine.run(["date", "+%s.%N"], { deadline: DEADLINE_MS });
  const ahead = difference(stdout, before, Date.now());
  if (ahead !== undefined) return ahead;
  const said = `${stdout}${stderr}`.trim().split("\n")[0] || "it said nothing";
  throw new HomelabError("unavailable", `${machine.name} does not tell its time: ${said}`, {
    hint: "see what `date +%s` says there",
  });
});

/**
 * How far another clock is ahead that said `text` (`1763719444.250000000`) at some time between two of this one. Zero
 * as long as both may be right: the way there takes its time, and times that are told are to be the same in every run.
 */
export function difference(text: string, before: number, after: number): number | undefined {
  // Some know no parts of a second.
  const [, seconds, fraction = ""] = /^(\d{9,11})(?:\.(\d*).*)?$/.exec(text.trim()) ?? [];
  if (seconds === undefined) return undefined;
  const first = Number(seconds) * 1000 + Number(fraction.slice(0, 3).padEnd(3, "0"));
  const last = fraction === "" ? first + 999 : first;
  if (last < before) return last - before;
  return first > after ? first - after : 0;
}
