import { HomelabError } from "../errors.ts";
import type { Machine } from "../process/machine.ts";
import { needsRoot } from "./reader.ts";
import { systemdTrouble } from "./show.ts";

/** A change of a unit may take as long as the unit's own time limits, which nobody here knows: this ends what hangs. */
const MOST_MS = 10 * 60_000;
const JOURNAL_MS = 15_000;

export interface ChangeOptions {
  /** Milliseconds left of the whole run. */
  readonly deadline: number;
  /** Ends the waiting; systemd goes on with what it was asked for. */
  readonly signal?: AbortSignal | undefined;
}

export type Changed =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: string; readonly said: string };

/** Starts, stops or restarts a unit and waits for systemd's answer. */
export async function changeUnit(
  machine: Machine,
  verb: "start" | "stop" | "restart",
  unit: string,
  { deadline, signal }: ChangeOptions,
): Promise<Changed> {
  const run = (words: readonly string[]) =>
    machine.run(["systemctl", "--no-ask-password", ...words, "--", unit], {
      deadline: Math.min(deadline, MOST_MS),
      signal,
      root: true,
    });
  // One that failed too often in a row would be refused a start, whoever asks.
  if (verb !== "stop") await run(["reset-failed"]);
  const { exitCode, timedOut, cancelled, stderr } = await run([verb]);
  if (exitCode === 0) return { ok: true };
  if (cancelled)
    return {
      ok: false,
      code: "interrupted",
      said: `not waited for any more; systemd goes on with \`${verb} ${unit}\``,
    };
  if (timedOut)
    return {
      ok: false,
      code: "timeout",
      said: `\`systemctl ${verb} ${unit}\` takes too long; systemd goes on with it`,
    };
  refuseWithoutRights(machine, stderr);
  if (/not been booted with systemd/.test(stderr)) throw systemdTrouble(machine, stderr);
  return { ok: false, code: `${verb}-failed`, said: firstLine(stderr) };
}

function refuseWithoutRights({ name }: Machine, stderr: string): void {
  if (!/[Aa]ccess denied|authentication (?:is )?required|Permission denied/.test(stderr)) return;
  throw new HomelabError("permission", `this needs root on ${name}: ${firstLine(stderr)}`, {
    hint: "run it with `sudo`, or as root",
  });
}

const firstLine = (text: string): string => text.trim().split("\n")[0] || "it said nothing";

/** Whose lines are meant: units by name or pattern, or one life of a unit by its id. */
export type Lines =
  | { readonly units: readonly string[]; readonly since?: string }
  | { readonly life: string };

/** The last lines in the journal, oldest first. Empty where it cannot be read. */
export async function journalTail(machine: Machine, whose: Lines, lines: number): Promise<string[]> {
  const words = ["journalctl", "--no-pager", "--quiet", "--all", "--output=cat", `--lines=${lines}`];
  try {
    const options = { deadline: JOURNAL_MS, root: await needsRoot(machine) };
    const { exitCode, stdout } = await machine.run([...words, ...matches(whose)], options);
    return exitCode === 0 ? stdout.split("\n").filter((line) => line.trim() !== "") : [];
  } catch (error) {
    // It is only to explain something else that went wrong.
    if (error instanceof HomelabError) return [];
    throw error;
  }
}

/** systemd.journal-fields(7): what a unit says has the one field, what systemd says of it the other. */
const matches = (whose: Lines): string[] =>
  "life" in whose
    ? [`_SYSTEMD_INVOCATION_ID=${whose.life}`, "+", `INVOCATION_ID=${whose.life}`]
    : [
        ...(whose.since === undefined ? [] : [`--since=${whose.since}`]),
        ...whose.units.flatMap((unit) => ["--unit", unit]),
      ];
