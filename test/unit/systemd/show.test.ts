import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { byName, parseShow, systemdTrouble, type UnitState } from "../../../src/systemd/show.ts";

/** What systemd 257 printed for these, in this order. */
const TEXT = readFileSync(join(import.meta.dir, "../../fixtures/systemctl-show.txt"), "utf8");
const UNITS = [
  ...["run", "fail", "again", "stays", "gone", "nowhere", "other"].map((name) => `${name}.service`),
  ...["tick.timer", "dbus.socket", "tmp.mount"],
  ...["bad", "killed", "slow", "behind"].map((name) => `${name}.service`),
];
const SINCE = 1795258213000;

const shown = parseShow(TEXT, UNITS);

test.each<[string, Partial<UnitState>]>([
  [
    "run.service",
    {
      ...{ load: "loaded", active: "active", sub: "running", result: "success", type: "simple" },
      ...{ remains: false, condition: true, ran: true, exit: 0, restarts: 0, queued: false },
      ...{ life: "45746153038347c58f5e80fcf30b7eed", since: SINCE, memory: 200704 },
    },
  ],
  [
    "fail.service",
    { active: "failed", sub: "failed", result: "exit-code", exit: 7, ran: true, memory: undefined },
  ],
  ["again.service", { active: "activating", sub: "auto-restart", result: "exit-code", exit: 3, ran: true }],
  ["stays.service", { active: "active", sub: "exited", type: "oneshot", remains: true, ran: true }],
  ["gone.service", { load: "masked", active: "inactive", type: "", life: "", since: undefined, ran: false }],
  ["nowhere.service", { load: "not-found", active: "inactive", condition: true }],
  // An alias: systemd answers with the name of the unit behind it.
  ["other.service", { unit: "other.service", load: "loaded", active: "inactive", ran: false }],
  [
    "tick.timer",
    { active: "active", sub: "waiting", type: "", exit: 0, restarts: 0, remains: false, since: SINCE },
  ],
  ["dbus.socket", { active: "active", sub: "running", type: "" }],
  ["tmp.mount", { active: "active", sub: "mounted", type: "tmpfs", condition: true }],
  ["bad.service", { load: "bad-setting", active: "inactive" }],
  ["killed.service", { active: "failed", result: "signal", exit: 9 }],
  ["slow.service", { active: "activating", sub: "start", queued: true, type: "notify" }],
  ["behind.service", { active: "inactive", sub: "dead", queued: true, life: "" }],
])("%s", (unit, expected) => {
  expect(shown.get(unit)).toMatchObject(expected as Record<string, unknown>);
});

test("times are told as our clock has them, whatever that of the machine says", () => {
  expect(parseShow(TEXT, UNITS, 3_600_000).get("run.service")?.since).toBe(SINCE - 3_600_000);
  expect(byName(TEXT, -60_000).get("run.service")?.since).toBe(SINCE + 60_000);
  expect(byName(TEXT, 60_000).get("gone.service")?.since).toBeUndefined();
});

test("what systemd did not answer for is no unit, and nothing is made up for it", () => {
  const states = parseShow("", ["a.service", "b.service"]);
  expect([...states.keys()]).toEqual(["a.service", "b.service"]);
  expect(states.get("b.service")).toEqual({
    ...{ unit: "b.service", load: "", active: "", sub: "", result: "", type: "", remains: false },
    ...{ condition: true, ran: false, exit: 0, restarts: 0, queued: false, life: "" },
    ...{ since: undefined, memory: undefined },
  });
});

test("a count of memory that is none is left out", () => {
  const memory = (text: string) => parseShow(`MemoryCurrent=${text}`, ["a"]).get("a")?.memory;
  expect(["[not set]", "18446744073709551615", "", "4096"].map(memory)).toEqual([
    undefined,
    undefined,
    undefined,
    4096,
  ]);
});

test.each([
  [
    "System has not been booted with systemd as init system (PID 1). Can't operate.",
    "systemd does not run on p620",
  ],
  ["Failed to connect to bus: No such file or directory", "systemd does not run on p620"],
  ["bash: line 1: systemctl: command not found", "systemd does not run on p620"],
  ["sh: 1: systemctl: not found", "systemd does not run on p620"],
  [
    "Failed to get properties: Connection timed out",
    "systemd on p620 does not answer: Failed to get properties: Connection timed out",
  ],
  ["", "systemd on p620 does not answer: it said nothing"],
])("%j", (stderr, message) => {
  expect(systemdTrouble({ name: "p620" }, stderr)).toMatchObject({ code: "unavailable", message });
});

test("what was asked for by pattern is told apart by its id", () => {
  const text = `Id=microvm@vm1.service
LoadState=loaded
ActiveState=active
SubState=running

Id=microvm@vm2.service
LoadState=loaded
ActiveState=failed

LoadState=loaded
`;
  const units = byName(text);
  expect([...units.keys()]).toEqual(["microvm@vm1.service", "microvm@vm2.service"]);
  expect(units.get("microvm@vm1.service")).toMatchObject({
    load: "loaded",
    active: "active",
    sub: "running",
  });
  expect(units.get("microvm@vm2.service")?.active).toBe("failed");
  expect([...byName("")]).toEqual([]);
});
