import type { HostRecipe, Ready } from "../../book/types.ts";
import { delay, now } from "../../clock.ts";
import type { Machine } from "../../process/machine.ts";
import { hasProbe, type Probing } from "../probe.ts";
import { probeFrom } from "../probe-from.ts";
import { spanWords } from "../span.ts";
import { idleUnit, lostNetwork, Restarts, warningsOf } from "./health.ts";
import { verdict } from "./judge.ts";
import { parseFailed } from "./lines.ts";
import { type Measure, takeMeasure } from "./measure.ts";

/** Between two looks; longer where it is watched for long, so that being watched is no work. */
const PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;
const LOOKS = 60;

/** What a host is judged by after its switch. */
export interface Checks {
  readonly machine: Machine;
  readonly recipe: Pick<HostRecipe, "ready" | "critical">;
  readonly probing: Probing;
  /** `least`: by its failed and its critical units alone. */
  readonly looks: "all" | "least";
  /** Exit code of the activation, and what it said. */
  readonly code: number;
  readonly log: string;
  /** Units that had failed before. */
  readonly failed: readonly string[];
  /** Milliseconds that it must stay well, and that it may be unwell without being given up. */
  readonly stable: number;
  readonly within: number;
  /** When it has to be decided; what is left until then may be less than `stable`. */
  readonly until: number;
}

/** When what is not well is given up, and what is well has been so for long enough. */
export class Watch {
  private readonly begun: number;
  private well: number | undefined;
  private lost: number | undefined;

  constructor(
    private readonly times: Pick<Checks, "stable" | "within" | "until">,
    at: number,
  ) {
    this.begun = at;
  }

  /** Takes in that it is well. Gives for how much longer it has to stay so. */
  good(at: number): number {
    const { stable, until } = this.times;
    this.lost = undefined;
    // After it was unwell for a moment there may be no time left to watch it for as long once more.
    this.well ??= Math.min(at, until - stable);
    return Math.max(0, stable - (at - this.well));
  }

  /** Takes in that it is not. `lasting`: it would not pass by itself. Gives whether there is nothing to wait for. */
  bad(at: number, lasting: boolean): boolean {
    const { within, until } = this.times;
    this.well = undefined;
    this.lost ??= at;
    return at >= until || at - (lasting ? this.begun : this.lost) >= within;
  }
}

/** What was seen of a host, from before its switch on. */
export class Seen {
  readonly restarts: Restarts;
  /** With the new system. */
  first: Measure | undefined;
  last: Measure | undefined;
  private blamed: ReadonlySet<string> = new Set();

  /** Nothing was seen before where only the least is looked at. */
  constructor(readonly before: Measure | undefined) {
    this.restarts = new Restarts(before);
  }

  /** Takes a look in. Gives what is missing of what was there before, and whether a service has crashed. */
  take(look: Measure): { readonly text: string; readonly crash: boolean } | undefined {
    this.first ??= look;
    this.last = look;
    const [crashed] = this.restarts.see(look.services);
    const idle = idleUnit(look);
    const crash = this.before !== undefined && crashed !== undefined;
    const text =
      idle ?? (crash ? this.restarts.clause(crashed) : this.before && lostNetwork(this.before, look));
    return text === undefined ? undefined : { text, crash };
  }

  /** The units that what went wrong is explained by: those that failed, crashed, or are critical and did not run. */
  blame(failed: readonly string[]): string[] {
    const idle = [...(this.last?.asked.values() ?? [])].filter(({ active }) => active !== "active");
    this.blamed = new Set([...failed, ...this.restarts.crashed(), ...idle.map(({ unit }) => unit)]);
    return [...this.blamed];
  }

  /** What is better known at the end; not what was said to have gone wrong. */
  warnings(end: Measure): string[] {
    return this.before ? warningsOf(this.before, end, this.restarts, this.blamed) : [];
  }
}

/** What speaks for how long against a new system, as a clause; undefined when it has been well for long enough. */
export async function unhealthy(
  checks: Checks,
  seen: Seen,
  { signal, progress }: { readonly signal: AbortSignal; readonly progress: (note: string) => void },
): Promise<string | undefined> {
  const { machine, recipe, looks, code, failed, log, stable } = checks;
  const pause = Math.min(LONGEST_PAUSE_MS, Math.max(PAUSE_MS, stable / LOOKS));
  const watch = new Watch(checks, now());
  for (;;) {
    const look = await takeMeasure(machine, { what: looks, before: seen.before }, recipe.critical);
    const gone = seen.take(look);
    const broken = verdict({ code, before: failed, after: look.failed, said: parseFailed(log) });
    // A unit that has failed does not come back by itself; what is only not there yet may come.
    if (broken !== undefined) return broken;
    const missing = gone?.text ?? (await silent(checks));
    if (missing === undefined) {
      const left = watch.good(now());
      if (left === 0) return undefined;
      progress(`failed units, critical units, probes: well, watched for ${spanWords(roughly(left))} more`);
    } else {
      if (watch.bad(now(), gone?.crash ?? false)) return missing;
      progress(missing);
    }
    if (signal.aborted) return missing ?? "it was broken off";
    await delay(pause, signal);
  }
}

/** A note is told anew when it changes, which is not worth it every second of a long time. */
const roughly = (milliseconds: number): number => {
  const grain = milliseconds > 20_000 ? 10_000 : 1_000;
  return Math.ceil(milliseconds / grain) * grain;
};

/** A probe that does not answer. */
const silent = async ({ machine, recipe, probing, looks }: Checks): Promise<string | undefined> =>
  looks === "all" && hasProbe(recipe.ready) ? probeFrom(machine, recipe.ready as Ready, probing) : undefined;
