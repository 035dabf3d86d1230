import { expect, test } from "bun:test";
import type { UnitState } from "../../../../src/systemd/show.ts";
import { chooseUnit, unitStatus } from "../../../../src/units/systemd/decide.ts";
import { isFinished, judgeUnit } from "../../../../src/units/systemd/judge.ts";
import { isForgotten } from "../../../../src/units/systemd/look.ts";
import { between, failed, NOW, running, unit } from "./states.ts";

const once = (change: Partial<UnitState> = {}) => unit({ type: "oneshot", ...change });
const finished = once({ ran: true });

test.each<[UnitState, { up?: number; again?: number }, string, string]>([
  [running(), {}, "ready", "up 5 s"],
  [running(60, { memory: 432013312 }), {}, "ready", "up 5 s"],
  [running(), { up: 2_999 }, "waiting", "up, not for long yet"],
  [running(), { up: 100, again: 1 }, "waiting", "up again after it ended"],
  // Up for long enough: how often it had ended before does not count any more.
  [running(), { again: 5 }, "ready", "up 5 s"],
  [running(60, { sub: "exited", type: "oneshot", remains: true }), { up: 0 }, "ready", "active"],
  [running(60, { sub: "waiting", type: "" }), { up: 0 }, "ready", "active"],
  [running(60, { active: "reloading" }), {}, "waiting", "reloading"],
  [running(60, { active: "refreshing" }), {}, "waiting", "reloading"],
  [unit({ active: "activating", sub: "start", queued: true }), {}, "waiting", "starting"],
  [unit({ active: "deactivating", sub: "stop-sigterm" }), {}, "waiting", "stopping"],
  [between(), {}, "waiting", "ended (exit code 7), systemd restarts it"],
  [between({ result: "signal", exit: 9 }), { again: 1 }, "waiting", "ended (signal 9), systemd restarts it"],
  [between(), { again: 2 }, "failed", "keeps ending (exit code 7): systemd restarted it 2 times"],
  [unit({ queued: true }), {}, "waiting", "systemd is about to start it"],
  [unit({ ran: true, queued: true }), { again: 1 }, "waiting", "systemd is about to start it"],
  [failed({ queued: true }), {}, "waiting", "systemd is about to start it"],
  [
    unit({ ran: true, queued: true }),
    { again: 2 },
    "failed",
    "keeps ending (exit code 0): systemd restarted it 2 times",
  ],
  [failed(), {}, "failed", "failed (exit code 7)"],
  [failed({ result: "signal", exit: 11 }), {}, "failed", "failed (signal 11)"],
  [failed({ result: "core-dump", exit: 6 }), {}, "failed", "failed (signal 6)"],
  [failed({ result: "start-limit-hit" }), {}, "failed", "failed too often in a row (exit code 7)"],
  [failed({ result: "timeout" }), {}, "failed", "failed: it took too long to start or stop"],
  [failed({ result: "oom-kill" }), {}, "failed", "failed: the kernel ended it for want of memory"],
  [failed({ result: "watchdog" }), {}, "failed", "failed: it did not answer its watchdog"],
  [failed({ result: "resources", ran: false }), {}, "failed", "failed before it was started"],
  [unit(), {}, "down", "not started"],
  [unit({ ran: true }), {}, "down", "stopped (exit code 0)"],
  [unit({ condition: false }), {}, "down", "not started: a condition of the unit is not met"],
  [finished, {}, "ready", "finished with exit code 0"],
  [once({ ran: true, remains: true }), {}, "down", "stopped (exit code 0)"],
])("%#: %j %j is %s", (state, { up = 5_000, again = 0 }, verdict, detail) => {
  expect(judgeUnit(state, { up, stable: 3_000, again })).toEqual({ state: verdict, detail } as never);
});

const LOOK = { stable: 3_000, now: NOW };

test.each<[UnitState, boolean, string, string, boolean]>([
  [running(), false, "none", "up 60 s", true],
  [running(1), false, "none", "up, not for long yet", false],
  [running(), true, "restart", "asked for", false],
  [unit(), false, "start", "not started", false],
  [unit(), true, "start", "not started", false],
  [failed(), false, "start", "failed (exit code 7)", false],
  [failed(), true, "restart", "asked for", false],
  // What systemd restarts by itself is watched; how often it did so before is no verdict yet.
  [between({ restarts: 40 }), false, "none", "ended (exit code 7), systemd restarts it", false],
  [unit({ active: "deactivating" }), false, "start", "it is being stopped", false],
  [finished, false, "none", "finished with exit code 0", true],
  [finished, true, "start", "asked for", false],
])("%#: %j, again %p: %s", (state, again, action, text, settled) => {
  const choice = chooseUnit(state, { ...LOOK, again });
  expect([choice.action, choice.reason.text, choice.settled]).toEqual([action, text, settled]);
  expect(choice.verb as string | undefined).toBe(action === "none" ? undefined : action);
});

test.each([
  ["not-found", "systemd has no unit `a.service`"],
  ["masked", "`a.service` is masked: systemd starts it for nobody"],
  ["bad-setting", "systemd cannot load `a.service` (bad-setting)"],
  ["error", "systemd cannot load `a.service` (error)"],
])("a unit that is %s is refused, asked for or not", (load, message) => {
  for (const again of [false, true]) {
    const choice = chooseUnit(unit({ load }), { ...LOOK, again });
    expect(choice).toMatchObject({ action: "blocked", settled: false });
    expect(choice.problem).toMatchObject({ code: "refused", message });
  }
  expect(unitStatus(unit({ load }), LOOK).state).toBe(load === "not-found" ? "missing" : "failed");
});

test.each<[UnitState, string, string]>([
  [running(), "ready", "up 60 s"],
  [running(1), "starting", "up, not for long yet"],
  [between(), "starting", "ended (exit code 7), systemd restarts it"],
  [between({ restarts: 40 }), "failed", "keeps ending (exit code 7): systemd restarted it 40 times"],
  [running(60, { restarts: 40 }), "ready", "up 60 s"],
  [failed(), "failed", "failed (exit code 7)"],
  [unit(), "stopped", "not started"],
  [finished, "ready", "finished with exit code 0"],
  // Of a machine whose clock is ahead.
  [running(-600), "starting", "up, not for long yet"],
])("%#: status of %j is %s", (state, is, detail) => {
  expect(unitStatus(state, LOOK)).toEqual({ state: is, detail } as never);
});

test("a oneshot that is down and of which nothing is known may have been forgotten", () => {
  expect(isForgotten(once())).toBe(true);
  const others = [
    finished,
    unit(),
    once({ remains: true }),
    once({ queued: true }),
    once({ load: "masked" }),
  ];
  expect(others.map(isForgotten)).toEqual([false, false, false, false, false]);
  expect([once(), finished].map(isFinished)).toEqual([false, true]);
});
