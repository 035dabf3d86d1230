import type { UnitState } from "../../systemd/show.ts";
import { spanWords } from "../span.ts";

export type UnitVerdict =
  | { readonly state: "ready" | "waiting" | "failed"; readonly detail: string }
  /** Not up, and nobody brings it up. */
  | { readonly state: "down"; readonly detail: string };

/** So often may systemd restart a unit within one look at it before that is called a failure. */
const MOST_RESTARTS = 2;

export interface Watched {
  /** Milliseconds for which its present life is known to last. */
  readonly up: number;
  /** How long it must stay up to count, in milliseconds. */
  readonly stable: number;
  /** How often systemd is known to have restarted it. */
  readonly again: number;
}

/** Whether a unit is up and stays up, from what systemd says of it. */
export function judgeUnit(unit: UnitState, { up, stable, again }: Watched): UnitVerdict {
  if (unit.active !== "active" && again >= MOST_RESTARTS)
    return { state: "failed", detail: `keeps ending (${ending(unit)}): systemd restarted it ${again} times` };
  switch (unit.active) {
    case "active":
      if (!mustLast(unit) || up >= stable) return { state: "ready", detail: upWords(unit, up) };
      return { state: "waiting", detail: again > 0 ? "up again after it ended" : "up, not for long yet" };
    case "reloading":
    case "refreshing":
      return { state: "waiting", detail: "reloading" };
    case "activating":
      return unit.sub === "auto-restart"
        ? { state: "waiting", detail: `ended (${ending(unit)}), systemd restarts it` }
        : { state: "waiting", detail: "starting" };
    case "deactivating":
      return { state: "waiting", detail: "stopping" };
    case "failed":
      if (unit.queued) return QUEUED;
      return { state: "failed", detail: failedWords(unit) };
    default:
      // Between two lives, while what belongs to it is stopped and started, systemd calls it inactive.
      if (unit.queued) return QUEUED;
      if (isFinished(unit)) return { state: "ready", detail: "finished with exit code 0" };
      if (!unit.condition)
        return { state: "down", detail: "not started: a condition of the unit is not met" };
      return { state: "down", detail: unit.ran ? `stopped (${ending(unit)})` : "not started" };
  }
}

const QUEUED: UnitVerdict = { state: "waiting", detail: "systemd is about to start it" };

/** A oneshot that has done its work in this boot, and does not stay active. */
export const isFinished = ({ active, type, remains, result, ran }: UnitState): boolean =>
  active === "inactive" && type === "oneshot" && !remains && result === "success" && ran;

/** Whether being active says nothing yet, as its process may end the next moment. */
const mustLast = ({ type, sub }: UnitState): boolean => type !== "" && type !== "oneshot" && sub !== "exited";

const upWords = ({ sub }: UnitState, up: number): string =>
  sub === "running" ? `up ${spanWords(up)}` : "active";

const failedWords = (unit: UnitState): string => {
  switch (unit.result) {
    case "start-limit-hit":
      return `failed too often in a row (${ending(unit)})`;
    case "timeout":
      return "failed: it took too long to start or stop";
    case "oom-kill":
      return "failed: the kernel ended it for want of memory";
    case "watchdog":
      return "failed: it did not answer its watchdog";
    default:
      return unit.ran ? `failed (${ending(unit)})` : "failed before it was started";
  }
};

const ending = ({ result, exit }: UnitState): string =>
  result === "signal" || result === "core-dump" ? `signal ${exit}` : `exit code ${exit}`;
