import type { HostRecipe } from "../../book/types.ts";
import { delay, now, withGrace } from "../../clock.ts";
import { HomelabError } from "../../errors.ts";
import type { Machine } from "../../process/machine.ts";
import type { StepContext } from "../driver.ts";
import type { Probing } from "../probe.ts";
import { said, type Told, told } from "./ending.ts";
import { shownErrors } from "./errors.ts";
import { parseChanges, parseUnitList, type UnitChanges } from "./lines.ts";
import { busyBetween, type Measure, takeMeasure } from "./measure.ts";
import { secretsOfSystems } from "./secrets.ts";
import { isEnd, NOTES, type SupervisorState } from "./state.ts";
import { Supervisor, type Switch } from "./supervise.ts";
import { Seen, unhealthy } from "./verify.ts";

/** How long a new system must stay well, and how long it may take until it is, unless the recipe says otherwise. */
const STABLE_MS = 3_000;
const WITHIN_MS = 30_000;
/** Judging a system and telling the host of it takes some time itself. */
const SLACK_MS = 30_000;
const AGAIN_MS = 1_000;
/** What is decided has to reach the host before it goes back by itself: share of its patience, and milliseconds. */
const RESERVE = 0.05;
const MOST_RESERVE_MS = 5_000;

export interface HostSwitch extends Switch {
  readonly machine: Machine;
  readonly recipe: HostRecipe;
  readonly probing: Probing;
  /** `least`: judged by its failed and its critical units alone, and nothing is measured. Default: all. */
  readonly looks?: "all" | "least" | undefined;
  /** Whether it must stay well for a while before it is confirmed. Default: yes. */
  readonly soak?: boolean | undefined;
}

/** What was measured of a switch. */
export interface Measures {
  readonly before: Measure | undefined;
  /** At its end, whichever system runs then. */
  readonly after: Measure | undefined;
  /** Share of its processors that was busy while it was watched. */
  readonly busy: number | null;
  readonly phases: readonly { readonly name: string; readonly durationMs: number }[];
  /** What the activation did to units; undefined when it did not come to its end. */
  readonly changes: UnitChanges | undefined;
  /** What was decided came over a new connection. */
  readonly reached: boolean;
  readonly warnings: readonly string[];
}

export type HostSwitched = Told & { readonly measures: Measures };

/** How long a new system is watched at least before it is confirmed, in milliseconds. */
export const soakOf = ({ ready }: Pick<HostRecipe, "ready">): number => ready?.stable ?? STABLE_MS;

/** For how long a host waits to be told that its new system is good, in seconds, when nobody says otherwise. */
export const patienceFor = (recipe: Pick<HostRecipe, "ready">): number =>
  Math.max(120, Math.ceil(((recipe.ready?.within ?? WITHIN_MS) + soakOf(recipe) + SLACK_MS) / 1000));

/**
 * Switches a host, judges what runs then, and makes it what boots. At every instant the host is on its way to the
 * new system or back to the old one by itself: what happens here, to the connection or to this process decides only
 * which of the two it is.
 */
export async function switchHost(wanted: HostSwitch, context: StepContext): Promise<HostSwitched> {
  const { machine, recipe, looks = "all" } = wanted;
  const supervisor = new Supervisor(machine, wanted);
  const watch = new StopWatch();
  context.progress("changing", "begins the switch");
  const seen = new Seen(
    looks === "all" ? await takeMeasure(machine, { what: "all" }, recipe.critical) : undefined,
  );
  watch.start("activate");
  await supervisor.start();
  return followSwitch(supervisor, wanted, context, { seen, watch });
}

/** What is known of a switch besides what its supervisor says. */
interface Watched {
  readonly seen: Seen;
  readonly watch: StopWatch;
}

/**
 * The rest of a switch that goes on. Meanwhile the host knows that somebody waits for it. Of one that somebody else
 * began, nothing was measured before it.
 */
export async function followSwitch(
  supervisor: Supervisor,
  wanted: HostSwitch,
  context: StepContext,
  watched: Watched = { seen: new Seen(undefined), watch: new StopWatch() },
): Promise<HostSwitched> {
  const over = new AbortController();
  const attending = supervisor.attend(over.signal);
  try {
    return await toItsEnd(supervisor, wanted, context, watched);
  } finally {
    over.abort();
    await attending;
  }
}

async function toItsEnd(
  supervisor: Supervisor,
  wanted: HostSwitch,
  context: StepContext,
  { seen, watch }: Watched,
): Promise<HostSwitched> {
  const { limit, patience } = wanted;
  const most = (limit * 4 + patience + 60) * 1000;
  const see = (state: SupervisorState | undefined, trouble?: HomelabError) =>
    context.progress(
      "changing",
      trouble ? `not reached (${trouble.message})` : (NOTES[state?.state ?? ""] ?? ""),
    );
  const reached = await supervisor.until(["waiting"], most, see, context.abort);
  let judged: Judged = { reached: false };
  if (reached?.state === "waiting") {
    watch.start("verify");
    judged = await judge(supervisor, reached, wanted, seen, context);
    watch.start(judged.trouble === undefined ? "confirm" : "go back");
  } else if (!reached && context.abort.aborted) await abandon(supervisor);
  // From here on the host is on its way to an end, and what it is is worth some waiting.
  const toEnd = () => withGrace(context.abort, SLACK_MS, (late) => supervisor.until([], most, see, late));
  // One that was not reached for all the time that it takes is not waited for as long again.
  const waits = reached !== undefined || context.abort.aborted;
  const end = reached && isEnd(reached) ? reached : waits ? await toEnd() : undefined;
  watch.stop();
  const outcome = await told(supervisor, { end, ...judged }, wanted, seen, context);
  const after = end && (await lastLook(wanted, seen));
  const measures: Measures = {
    ...{ before: seen.before, after, phases: watch.phases },
    busy: busyBetween(seen.first, seen.last),
    changes: judged.log === undefined ? undefined : parseChanges(judged.log),
    reached: judged.reached,
    warnings: after ? seen.warnings(after) : [],
  };
  return { ...outcome, measures };
}

/** How a host fares at the end; undefined when it does not say: what is decided is decided. */
async function lastLook({ machine, before, after }: HostSwitch, seen: Seen): Promise<Measure | undefined> {
  if (!seen.before) return undefined;
  const look = await said(takeMeasure(machine, { what: "end", before: seen.before }, []));
  if (!look || look.errors.length === 0) return look;
  const mask = await said(secretsOfSystems(machine, [before, after]));
  return { ...look, errors: shownErrors(look.errors, mask) };
}

/** Takes the time of one phase after the other. */
class StopWatch {
  readonly phases: { readonly name: string; readonly durationMs: number }[] = [];
  private open: { readonly name: string; readonly began: number } | undefined;

  start(name: string): void {
    this.stop();
    this.open = { name, began: now() };
  }

  stop(): void {
    const { open } = this;
    if (open) this.phases.push({ name: open.name, durationMs: Math.round(now() - open.began) });
    this.open = undefined;
  }
}

/** Has it go back. Where that does not reach it, it does so by itself. */
async function abandon(supervisor: Supervisor): Promise<void> {
  try {
    await supervisor.decide("abandoned");
  } catch (error) {
    if (!(error instanceof HomelabError)) throw error;
  }
}

/** What became of the judging. */
interface Judged {
  /** What speaks against the new system. */
  readonly trouble?: string | undefined;
  /** What the host goes by: it may have decided by itself before it was told. */
  readonly decided?: string | undefined;
  /** What the activation said until then. */
  readonly log?: string | undefined;
  /** The host could be told what was decided. */
  readonly reached: boolean;
}

/** Finds out whether the new system is good, and tells the host, for as long as it waits. */
async function judge(
  supervisor: Supervisor,
  { code }: SupervisorState,
  { machine, recipe, probing, patience, looks = "all", soak = true }: HostSwitch,
  seen: Seen,
  context: StepContext,
): Promise<Judged> {
  const over = now() + patience * 1000;
  const within = recipe.ready?.within ?? WITHIN_MS;
  const stable = soak ? soakOf(recipe) : 0;
  const progress = (note: string) => context.progress("verifying", note);
  let [unreached, log]: (string | undefined)[] = [];
  while (now() < over) {
    progress("failed units, critical units, probes");
    try {
      const failed = parseUnitList(await supervisor.failedBefore());
      log = await supervisor.log();
      // It may wait since long ago: somebody else began it, or it could not be reached.
      const left = await supervisor.left();
      if (left === undefined) return { log, reached: true };
      const until = now() + left * 1000 - Math.min(MOST_RESERVE_MS, patience * 1000 * RESERVE);
      const checks = { machine, recipe, probing, looks, code, log, failed, stable, within, until };
      const trouble = await unhealthy(checks, seen, { signal: context.abort, progress });
      progress(trouble ?? "confirms it over a new connection");
      const decided = await supervisor.decide(
        context.abort.aborted ? "abandoned" : trouble === undefined ? "commit" : "unhealthy",
      );
      return { trouble, decided, log, reached: true };
    } catch (error) {
      // What cannot be reached now may be in a moment; when it cannot, the host goes back.
      if (!(error instanceof HomelabError)) throw error;
      progress(error.message);
      unreached = error.message;
      await delay(AGAIN_MS, context.abort);
    }
  }
  return { trouble: unreached, log, reached: false };
}
