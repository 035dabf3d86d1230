import type { Need } from "../book/types.ts";
import { now } from "../clock.ts";
import type { HostReport } from "../plan/host-report.ts";
import type { Action, Plan, Reason, Result, Step, StepReport } from "../plan/types.ts";
import type { Level } from "../units/driver.ts";

/** How a step went, before it is known how its needs end. */
export interface Outcome {
  readonly result: Result;
  /** Set when it was another one than planned. */
  readonly action?: Action | undefined;
  readonly reason: Reason;
  readonly detail: string;
  readonly hint?: string | undefined;
  readonly log?: readonly string[] | undefined;
  /** What is no reason to stop, and better known; a line each. */
  readonly warnings?: readonly string[] | undefined;
  /** What was measured of the switch of a host. */
  readonly host?: HostReport | undefined;
  /** It failed, and what ran before serves again. */
  readonly stands?: boolean | undefined;
}

export interface ScheduleOptions {
  readonly plan: Plan;
  /** Needs of each step, with what each waits for. Those outside the plan do not count. */
  readonly needs: ReadonlyMap<string, readonly Need[]>;
  /** Does one step. `opened` lets those go on that wait for less than its end. Must not throw. */
  readonly execute: (step: Step, opened: (level: Level) => void) => Promise<Outcome>;
  /** Fires when no further step is to begin. */
  readonly stop: AbortSignal;
  readonly finished: (step: Step, report: StepReport) => void;
  /** How a step stands to what it waits for, in words; default "needs". */
  readonly relation?: string | undefined;
}

interface Track {
  readonly step: Step;
  readonly started: PromiseWithResolvers<boolean>;
  readonly healthy: PromiseWithResolvers<boolean>;
  readonly done: PromiseWithResolvers<StepReport>;
}

/**
 * Runs the steps of a plan, each once and as soon as its needs allow. A failed step blocks what needs it, and
 * nothing else. Knows steps, not what they do. Reports come back in the order of the plan.
 */
export async function schedule(options: ScheduleOptions): Promise<StepReport[]> {
  const tracks = new Map<string, Track>();
  for (const step of options.plan.steps) {
    tracks.set(step.id, {
      step,
      started: Promise.withResolvers(),
      healthy: Promise.withResolvers(),
      done: Promise.withResolvers(),
    });
  }
  const stopped = whenAborted(options.stop);
  const one = async (track: Track) => {
    const report = await runOne(track, tracks, options, stopped);
    const ok = serves(report);
    track.started.resolve(ok);
    track.healthy.resolve(ok);
    track.done.resolve(report);
    options.finished(track.step, report);
    return report;
  };
  return Promise.all([...tracks.values()].map(one));
}

async function runOne(
  track: Track,
  tracks: ReadonlyMap<string, Track>,
  options: ScheduleOptions,
  stopped: Promise<void>,
): Promise<StepReport> {
  const { step } = track;
  const needs = (options.needs.get(step.id) ?? []).filter((need) => tracks.has(need.name));
  const hard = new Set(needs.map((need) => need.name));
  const soft = step.needs.filter((id) => !hard.has(id)).map((id) => tracks.get(id)?.done.promise);
  const ready = await Promise.race([
    Promise.all([...needs.map((need) => reached(tracks.get(need.name), need)), ...soft]).then(() => true),
    stopped.then(() => false),
  ]);
  const failedBefore = await firstFailure(needs, tracks);
  if (failedBefore) return report(step, blocked(failedBefore, false, options.relation), 0);
  if (!ready || options.stop.aborted) return report(step, cancelled(), 0);
  const began = now();
  const outcome = await options.execute(step, (level) => {
    track.started.resolve(true);
    if (level === "healthy") track.healthy.resolve(true);
  });
  const durationMs = now() - began;
  if (!isGood(outcome.result)) return report(step, outcome, durationMs);
  // Gates open before the last word is spoken: what it was built on has to be good in the end as well.
  await Promise.all(needs.map((need) => tracks.get(need.name)?.done.promise));
  const failedSince = await firstFailure(needs, tracks);
  return report(step, failedSince ? blocked(failedSince, true) : outcome, durationMs);
}

/** Resolves when a need has come as far as `need.when` asks, or has ended. */
async function reached(track: Track | undefined, need: Need): Promise<void> {
  if (need.when === "started") await track?.started.promise;
  else if (need.when === "healthy") await track?.healthy.promise;
  else await track?.done.promise;
}

const PENDING = Symbol("pending");

/** The first need that has ended badly so far. */
async function firstFailure(
  needs: readonly Need[],
  tracks: ReadonlyMap<string, Track>,
): Promise<StepReport | undefined> {
  for (const need of needs) {
    const ended = await Promise.race([tracks.get(need.name)?.done.promise, Promise.resolve(PENDING)]);
    // What is still in the plan beside a held need was found to be up without it.
    const blocks = (report: StepReport) =>
      !serves(report) && report.result !== "cancelled" && report.result !== "held";
    if (typeof ended === "object" && blocks(ended)) return ended;
  }
  return undefined;
}

function report(step: Step, outcome: Outcome, durationMs: number): StepReport {
  const { id, kind } = step;
  const action = outcome.action ?? step.action;
  return { id, kind, ...outcome, action, durationMs: Math.round(durationMs) };
}

const WORDS: Partial<Record<Result, string>> = {
  failed: "failed",
  blocked: "is blocked",
  held: "is held",
  "timed-out": "ran out of time",
};

export function blocked(need: StepReport, started: boolean, relation = "needs"): Outcome {
  const text = started
    ? `${need.id}, which it needs, ${WORDS[need.result] ?? need.result} after this had been started`
    : `${relation} ${need.id}, which ${WORDS[need.result] ?? need.result}`;
  return { result: "blocked", reason: { code: "need-failed", text }, detail: text };
}

export function cancelled(): Outcome {
  const text = "not begun: the run was stopped";
  return { result: "cancelled", reason: { code: "interrupted", text }, detail: text };
}

/** Whether what a step stands for can be built upon. */
export const serves = ({ result, stands }: Outcome): boolean => isGood(result) || stands === true;

export const isGood = (result: Result): boolean => result === "unchanged" || result === "changed";

function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
