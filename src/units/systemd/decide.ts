import { HomelabError } from "../../errors.ts";
import type { UnitState } from "../../systemd/show.ts";
import type { Decided } from "../driver.ts";
import type { Seen } from "../status.ts";
import { judgeUnit } from "./judge.ts";

/** What is to be done about a unit: `verb` is what systemd is asked for, if anything. */
export interface Choice extends Decided {
  readonly verb?: "start" | "restart" | undefined;
}

export interface Look {
  /** How long it must stay up to count, in milliseconds. */
  readonly stable: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Decides what brings a unit up. `again`: stop it and start it, although it is up. */
export function chooseUnit(state: UnitState, { again, ...look }: Look & { again: boolean }): Choice {
  const problem = unusable(state);
  if (problem) {
    const reason = { code: problem.code, text: problem.message };
    return { action: "blocked", reason, effect: "read", settled: false, problem };
  }
  const verdict = judgeUnit(state, {
    up: ageOf(state, look.now),
    stable: look.stable,
    again: 0,
  });
  if (again && state.active !== "inactive") return change("restart", "asked", "asked for");
  switch (verdict.state) {
    case "ready":
      return again ? change("start", "asked", "asked for") : none(verdict.detail, true);
    case "waiting":
      return state.active === "deactivating"
        ? change("start", "stopping", "it is being stopped")
        : none(verdict.detail, false);
    default:
      return change("start", state.active === "failed" ? "failed" : "stopped", verdict.detail);
  }
}

const none = (text: string, settled: boolean): Choice => ({
  action: "none",
  reason: { code: settled ? "ready" : "not-ready", text },
  effect: "read",
  settled,
});

const change = (verb: "start" | "restart", code: string, text: string): Choice => ({
  action: verb,
  reason: { code, text },
  effect: "write",
  settled: false,
  verb,
});

/** Why systemd cannot start it at all. */
function unusable({ unit, load }: UnitState): HomelabError | undefined {
  switch (load) {
    case "loaded":
      return undefined;
    case "not-found":
      return new HomelabError("refused", `systemd has no unit \`${unit}\``, {
        hint: "`systemctl list-unit-files` shows those that there are",
      });
    case "masked":
      return new HomelabError("refused", `\`${unit}\` is masked: systemd starts it for nobody`, {
        hint: `\`sudo systemctl unmask ${unit}\` ends that`,
      });
    default:
      return new HomelabError("refused", `systemd cannot load \`${unit}\` (${load})`, {
        hint: `\`systemctl status ${unit}\` says why`,
      });
  }
}

/** What a unit is now, without its probes. */
export function unitStatus(state: UnitState, { stable, now }: Look): Seen {
  const problem = unusable(state);
  if (problem)
    return { state: state.load === "not-found" ? "missing" : "failed", detail: problem.message, problem };
  // One that is between two lives now, and not for the first time, is not just starting.
  const verdict = judgeUnit(state, { up: ageOf(state, now), stable, again: state.restarts });
  switch (verdict.state) {
    case "ready":
      return { state: "ready", detail: verdict.detail };
    case "waiting":
      return { state: "starting", detail: verdict.detail };
    case "failed":
      return { state: "failed", detail: verdict.detail };
    default:
      return { state: "stopped", detail: verdict.detail };
  }
}

const ageOf = ({ since }: UnitState, now: number): number =>
  since === undefined ? 0 : Math.max(0, now - since);
