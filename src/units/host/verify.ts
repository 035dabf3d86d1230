import type { HostRecipe, Ready } from "../../book/types.ts";
import { delay, now } from "../../clock.ts";
import type { Machine } from "../../process/machine.ts";
import { askSystemd, showUnits } from "../../systemd/show.ts";
import { hasProbe, type Probing } from "../probe.ts";
import { probeFrom } from "../probe-from.ts";
import { verdict } from "./judge.ts";
import { parseFailed, parseUnitList } from "./lines.ts";

const PAUSE_MS = 500;

/** What a host is judged by after its switch. */
export interface Checks {
  readonly machine: Machine;
  readonly recipe: Pick<HostRecipe, "ready" | "critical">;
  readonly probing: Probing;
  /** Exit code of the activation, and what it said. */
  readonly code: number;
  readonly log: string;
  /** Units that had failed before. */
  readonly before: readonly string[];
  /** Milliseconds that it must stay well, and that it may take until it is. */
  readonly stable: number;
  readonly within: number;
}

/** What speaks for how long against a new system, as a clause; undefined when it has been well for long enough. */
export async function unhealthy(checks: Checks, signal: AbortSignal): Promise<string | undefined> {
  const begun = now();
  let well: number | undefined;
  for (;;) {
    const failed = await failedNow(checks);
    // A unit that has failed does not come back by itself; what is only not there yet may come.
    if (failed !== undefined) return failed;
    const missing = await notYet(checks);
    if (missing === undefined) {
      well ??= now();
      if (now() - well >= checks.stable) return undefined;
    } else {
      well = undefined;
      if (now() - begun >= checks.within) return missing;
    }
    if (signal.aborted) return missing ?? "it was broken off";
    await delay(PAUSE_MS, signal);
  }
}

async function failedNow({ machine, code, before, log }: Checks): Promise<string | undefined> {
  const { stdout } = await askSystemd(machine, ["list-units", "--state=failed", "--plain", "--no-legend"]);
  return verdict({ code, before, after: parseUnitList(stdout), said: parseFailed(log) });
}

/** A critical unit that does not run, or a probe that does not answer. */
async function notYet({ machine, recipe, probing }: Checks): Promise<string | undefined> {
  const states = await showUnits(machine, recipe.critical);
  for (const { unit, active, sub } of states.values())
    if (active !== "active") return `${unit}, which is critical, is ${active} (${sub})`;
  if (!hasProbe(recipe.ready)) return undefined;
  return probeFrom(machine, recipe.ready as Ready, probing);
}
