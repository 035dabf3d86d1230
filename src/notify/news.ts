import type { Action, StepReport } from "../plan/types.ts";
import { systemName } from "../report/host.ts";
import { ending, wentWrong } from "../report/wording.ts";
import { commandId, ENGINE_STEP, type Told } from "../store/notices.ts";

/** Something that failed: a step, or a whole command that could not begin. */
export interface Failing {
  readonly id: string;
  readonly code: string;
  /** "failed after 31 s: tdarr-app-1 exited with code 3" */
  readonly ending: string;
  readonly hint?: string | undefined;
  readonly log: readonly string[];
  /** Of a host. */
  readonly move?: Move | undefined;
}

/** What a host was, or was to be, switched from and to: names of systems. */
export interface Move {
  readonly from: string;
  readonly to: string;
  /** How much is better known. */
  readonly warnings: number;
}

/** What a step did to a host; undefined for what is none. */
export const moveOf = ({ host, warnings = [] }: StepReport): Move | undefined =>
  host && {
    from: systemName(host.from.system),
    to: systemName(host.to.system),
    warnings: warnings.length,
  };

/** What a run saw. */
export interface Sight {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Undefined for a command that could not begin. */
  readonly run?: string | undefined;
  readonly failing: readonly Failing[];
  readonly blocked: readonly string[];
  /** Seen to be ready. */
  readonly good: readonly string[];
  readonly changed: readonly StepReport[];
}

/** What a channel is to be told. */
export interface News {
  /** New, or failing in another way than was told. */
  readonly failed: readonly Failing[];
  readonly blocked: readonly string[];
  /** Told before, seen again. */
  readonly still: readonly Told[];
  readonly recovered: readonly Told[];
  readonly changed: readonly StepReport[];
  /** Runs whose changes could not be delivered. */
  readonly owed: readonly string[];
}

/** Actions after which a step that succeeded is ready. One that was stopped has not recovered. */
const READY: ReadonlySet<Action> = new Set<Action>([
  "none",
  "adopt",
  "create",
  "start",
  "update",
  "recreate",
  "restart",
  "repair",
  "run",
  "activate",
  "rollback",
]);

/** What is down already, or was put back to an earlier release, is left alone: there `none` does not mean ready. */
const LEFT_ALONE: ReadonlySet<string> = new Set(["down", "rolled-back"]);

const isReady = ({ result, action, reason }: StepReport): boolean =>
  (result === "changed" || result === "unchanged") && READY.has(action) && !LEFT_ALONE.has(reason.code);

/** What a run that came to an end saw: its steps, and that the command as such works. */
export function sightOf(command: string, run: string, steps: readonly StepReport[], at: number): Sight {
  const wrong = steps.filter(wentWrong);
  const blocked = steps.filter(({ result }) => result === "blocked");
  // What is blocked follows from what failed, unless nothing did: then it is what there is to say.
  const failing = wrong.length > 0 ? wrong : blocked;
  return {
    at,
    run,
    failing: failing.map((step) => ({
      id: step.id,
      code: step.reason.code,
      ending: ending(step),
      hint: step.hint,
      log: step.log ?? [],
      move: moveOf(step),
    })),
    blocked: wrong.length > 0 ? blocked.map(({ id }) => id) : [],
    // A command that could not go on is among what failed, by its own name.
    good: [
      ...(wrong.some(({ id }) => id === commandId(command)) ? [] : [commandId(command)]),
      ...engineOf(steps),
      ...steps.filter(isReady).map(({ id }) => id),
    ],
    changed: steps.filter(({ result }) => result === "changed"),
  };
}

/** The engine, where services were seen to be ready through it to the end. */
const engineOf = (steps: readonly StepReport[]): string[] =>
  steps.some(({ id }) => id === ENGINE_STEP) ||
  !steps.some((step) => step.kind === "service" && isReady(step))
    ? []
    : [ENGINE_STEP];

/** What a command that ended before its run began comes to. */
export function sightOfError(
  command: string,
  { code, message, hint }: { code: string; message: string; hint?: string | undefined },
  at: number,
): Sight {
  const failing = { id: commandId(command), code, ending: `failed: ${message}`, hint, log: [] };
  return { at, failing: [failing], blocked: [], good: [], changed: [] };
}

export interface Decision {
  /** Undefined when there is nothing to say. */
  readonly news?: News | undefined;
  /** What the channel knows when it was told, and when it could not be. */
  readonly delivered: readonly Told[];
  readonly undelivered: readonly Told[];
}

/** Compares what a run saw with what a channel knows. A run speaks only of the steps that it covered. */
export function decideNews(sight: Sight, told: readonly Told[], on: "failure" | "change"): Decision {
  const known = new Map(told.filter(({ kind }) => kind === "failed").map((row) => [row.id, row]));
  const owed = on === "change" ? told.filter(({ kind }) => kind === "owed") : [];
  const failed = sight.failing.filter(({ id, code }) => known.get(id)?.code !== code);
  const good = new Set(sight.good);
  const recovered = [...known.values()].filter(({ id }) => good.has(id));
  const still = sight.failing
    .map(({ id, code }) => (known.get(id)?.code === code ? known.get(id) : undefined))
    .filter((row) => row !== undefined);
  const changed = on === "change" ? sight.changed : [];
  const silent = failed.length + recovered.length + changed.length + owed.length === 0;
  const seen = new Set([...failed.map(({ id }) => id), ...recovered.map(({ id }) => id)]);
  const delivered: Told[] = [
    ...[...known.values()].filter(({ id }) => !seen.has(id)),
    ...failed.map(
      ({ id, code }): Told => ({ kind: "failed", id, code, since: known.get(id)?.since ?? sight.at }),
    ),
  ];
  const late: Told[] =
    changed.length > 0 && sight.run !== undefined
      ? [{ kind: "owed", id: sight.run, code: "", since: sight.at }]
      : [];
  return {
    news: silent
      ? undefined
      : { failed, blocked: sight.blocked, still, recovered, changed, owed: owed.map(({ id }) => id) },
    delivered,
    undelivered: [...known.values(), ...owed, ...late],
  };
}
