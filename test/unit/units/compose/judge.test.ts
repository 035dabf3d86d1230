import { describe, expect, test } from "bun:test";
import type { ContainerDetails, HealthProbe } from "../../../../src/docker/types.ts";
import {
  currentProbes,
  healthDeadline,
  isOneShot,
  judge,
  probeRound,
  type Standard,
  type Verdict,
} from "../../../../src/units/compose/judge.ts";
import { details } from "./containers.ts";

const fine: Standard["crashes"] = { count: 0, since: 0, proof: 0, loop: false };
const standard: Standard = { stable: 3000, mustRun: false, mustComplete: false, crashes: fine };
/** It crashed, and keeps doing so, since five minutes before 12:00. */
const STARTED = Date.parse("2026-11-20T11:55:00Z");
const loop = (count: number, since = STARTED): Standard["crashes"] => ({
  count,
  since,
  proof: 15_000,
  loop: true,
});
const crashed: Standard["crashes"] = { ...fine, count: 1, proof: 15_000 };
const check = { Test: ["CMD", "true"] };
const S = 1e9;

function health(
  Status: string,
  ...log: [start: string, output: string][]
): Pick<ContainerDetails["State"], "Health"> {
  const Log = log.map(([Start, Output]): HealthProbe => ({ Start, End: Start, ExitCode: 1, Output }));
  return { Health: { Status, FailingStreak: log.length, Log } };
}

const CASES: [string, ContainerDetails, number, Partial<Standard>, Verdict][] = [
  [
    "healthy",
    details({ check, state: health("healthy") }),
    0,
    {},
    { state: "ready", detail: "app is healthy" },
  ],
  [
    "healthy, by probes of a former life",
    details({ check, state: health("healthy", ["2026-11-20T11:50:00Z", "an older life"]) }),
    60_000,
    {},
    { state: "waiting", detail: "app: health: starting", up: true },
  ],
  [
    "health starting",
    details({ check, state: health("starting") }),
    60_000,
    {},
    { state: "waiting", detail: "app: health: starting", up: true },
  ],
  [
    "unhealthy without a word",
    details({ check, state: health("unhealthy") }),
    60_000,
    {},
    { state: "waiting", detail: "app: unhealthy", up: true },
  ],
  [
    "unhealthy: the last line of the last probe of this life",
    details({
      check,
      state: health(
        "unhealthy",
        ["2026-11-20T11:50:00Z", "an older life"],
        ["2026-11-20T11:56:00Z", "first"],
        ["2026-11-20T11:57:00Z", "curl: (7)\nconnection refused\n"],
      ),
    }),
    60_000,
    {},
    { state: "waiting", detail: "app: unhealthy: the last probe said: connection refused", up: true },
  ],
  [
    "unhealthy, no probe of this life yet",
    details({ check, state: health("unhealthy", ["2026-11-20T11:50:00Z", "an older life"]) }),
    60_000,
    {},
    { state: "waiting", detail: "app: unhealthy", up: true },
  ],
  [
    "health check switched off, just up",
    details({ state: health("none") }),
    1000,
    {},
    { state: "waiting", detail: "app is up; watching that it stays up", up: true, recheck: 2000 },
  ],
  [
    "just up",
    details(),
    1234,
    {},
    { state: "waiting", detail: "app is up; watching that it stays up", up: true, recheck: 1766 },
  ],
  ["up for the stability window", details(), 3000, {}, { state: "ready", detail: "app is up" }],
  ["up, nothing to wait for", details(), 0, { stable: 0 }, { state: "ready", detail: "app is up" }],
  [
    "up again after a crash: dependents wait for the whole proof",
    details({ restarts: 1 }),
    4000,
    { crashes: crashed },
    {
      state: "waiting",
      detail: "app is up again after a crash; watching that it stays up for 15 s",
      up: false,
      recheck: 11_000,
    },
  ],
  [
    "up again after a crash of which the exit code is known",
    details({ restarts: 1 }),
    0,
    { crashes: crashed, lastExit: 7 },
    {
      state: "waiting",
      detail: "app is up again after exit code 7; watching that it stays up for 15 s",
      up: false,
      recheck: 15_000,
    },
  ],
  [
    "healthy again after a crash: health alone is no proof",
    details({ check, restarts: 1, state: health("healthy") }),
    4000,
    { crashes: crashed },
    {
      state: "waiting",
      detail: "app is up again after a crash; watching that it stays up for 15 s",
      up: false,
      recheck: 11_000,
    },
  ],
  [
    "the recipe asks for more than the proof",
    details({ restarts: 1 }),
    16_000,
    { crashes: crashed, stable: 60_000 },
    { state: "waiting", detail: expect.any(String), up: false, recheck: 44_000 } as never,
  ],
  [
    "crashes of an earlier time do not count",
    details({ restarts: 7 }),
    3000,
    {},
    { state: "ready", detail: "app is up" },
  ],
  [
    "a crash loop, seen while it is up",
    details({ restarts: 3 }),
    10_000,
    { crashes: loop(3), lastExit: 1 },
    { state: "failed", detail: "app keeps crashing: 3 restarts, exit code 1" },
  ],
  [
    "a crash loop with lives of a minute, whose exit code is not known",
    details({ restarts: 25 }),
    20_000,
    { crashes: loop(5, STARTED - 300_000) },
    { state: "failed", detail: "app keeps crashing: 5 restarts in 5 min" },
  ],
  [
    "a crash loop out of memory",
    details({ restarts: 9, state: { Status: "restarting", ExitCode: 137, OOMKilled: true } }),
    0,
    { crashes: loop(4) },
    { state: "failed", detail: "app keeps crashing: 4 restarts, exit code 137: killed, out of memory" },
  ],
  [
    "a one-shot that finished at its fourth try",
    details({ restarts: 3, state: { Status: "exited" } }),
    0,
    { crashes: loop(3) },
    { state: "completed", detail: "app finished with exit code 0" },
  ],
  [
    "restarting for the first time",
    details({ restarts: 1, state: { Status: "restarting", ExitCode: 3 } }),
    0,
    {},
    { state: "waiting", detail: "app restarts after exit code 3", up: false },
  ],
  [
    "health of a former life while restarting",
    details({ check, restarts: 1, state: { Status: "restarting", ExitCode: 3, ...health("healthy") } }),
    0,
    {},
    { state: "waiting", detail: "app restarts after exit code 3", up: false },
  ],
  [
    "created",
    details({ state: { Status: "created" } }),
    0,
    {},
    { state: "waiting", detail: "app is created", up: false },
  ],
  [
    "could not start",
    details({ state: { Status: "created", ExitCode: 128, Error: "port is already allocated" } }),
    0,
    {},
    { state: "failed", detail: "app could not start: port is already allocated" },
  ],
  [
    "a one-shot that finished",
    details({ state: { Status: "exited" } }),
    0,
    {},
    { state: "completed", detail: "app finished with exit code 0" },
  ],
  [
    "a one-shot that is waited for, still at it",
    details(),
    60_000,
    { mustComplete: true },
    { state: "waiting", detail: "app has not finished yet", up: true },
  ],
  [
    "a one-shot that is waited for, finished",
    details({ state: { Status: "exited" } }),
    0,
    { mustComplete: true },
    { state: "completed", detail: "app finished with exit code 0" },
  ],
  [
    "left with 0, but probes are asked of it",
    details({ state: { Status: "exited" } }),
    0,
    { mustRun: true },
    { state: "failed", detail: "app exited with code 0" },
  ],
  [
    "left with 0, but it publishes a port",
    details({ state: { Status: "exited" }, host: { PortBindings: { "80/tcp": [] } } }),
    0,
    {},
    { state: "failed", detail: "app exited with code 0" },
  ],
  [
    "left with 0, but it is to be restarted always",
    details({
      state: { Status: "exited" },
      host: { RestartPolicy: { Name: "unless-stopped", MaximumRetryCount: 0 } },
    }),
    0,
    {},
    { state: "failed", detail: "app exited with code 0" },
  ],
  [
    "left with 0, but it has a health check, whose last word was good",
    details({ check, state: { Status: "exited", ...health("healthy") } }),
    0,
    {},
    { state: "failed", detail: "app exited with code 0" },
  ],
  [
    "left with an error",
    details({ state: { Status: "exited", ExitCode: 2 } }),
    0,
    {},
    { state: "failed", detail: "app exited with code 2" },
  ],
  [
    "left with an error that the engine explains",
    details({ state: { Status: "exited", ExitCode: 127, Error: "exec not found" } }),
    0,
    {},
    { state: "failed", detail: "app exited with code 127: exec not found" },
  ],
  [
    "killed, out of memory",
    details({ state: { Status: "exited", ExitCode: 137, OOMKilled: true } }),
    0,
    {},
    { state: "failed", detail: "app exited with code 137: killed, out of memory" },
  ],
  ["paused", details({ state: { Status: "paused" } }), 0, {}, { state: "failed", detail: "app is paused" }],
  ["dead", details({ state: { Status: "dead" } }), 0, {}, { state: "failed", detail: "app is dead" }],
];

test.each(CASES)("%s", (_, container, age, more, want) => {
  expect(judge(container, age, { ...standard, ...more })).toEqual(want);
});

describe("isOneShot() of a container", () => {
  const policy = (Name: string) => ({ RestartPolicy: { Name, MaximumRetryCount: 0 } });
  test.each([
    ["that nothing is asked of", details(), true],
    ["that is restarted never", details({ host: policy("no") }), true],
    ["that is restarted on failure", details({ host: policy("on-failure") }), true],
    ["that is restarted always", details({ host: policy("always") }), false],
    ["that is restarted unless stopped", details({ host: policy("unless-stopped") }), false],
    ["with ports", details({ host: { PortBindings: { "80/tcp": null } } }), false],
    ["without ports", details({ host: { PortBindings: {} } }), true],
    ["with a health check", details({ check }), false],
    ["with a health check that is switched off", details({ check: { Test: ["NONE"] } }), true],
    ["with an empty health check", details({ check: { Test: [] } }), true],
  ])("%s", (_, container, want) => expect(isOneShot(container)).toBe(want));
});

describe("healthDeadline() is", () => {
  test.each([
    ["the least without health check", undefined, 7000],
    ["the least when it is switched off", { Test: ["NONE"] }, 7000],
    ["three rounds of the defaults and an interval", check, 3 * 60_000 + 30_000],
    [
      "start period, rounds and an interval",
      { ...check, Interval: 2 * S, Timeout: S, Retries: 5, StartPeriod: 10 * S },
      10_000 + 5 * 3000 + 2000,
    ],
    ["never less than the least", { ...check, Interval: 1e8, Timeout: 1e8, Retries: 1 }, 7000],
  ])("%s", (_, healthcheck, want) => {
    expect(healthDeadline(details(healthcheck ? { check: healthcheck } : {}), 7000)).toBe(want);
  });
});

test("probeRound() is interval and timeout", () => {
  expect([
    probeRound(details({ check })),
    probeRound(details({ check: { ...check, Interval: 2 * S, Timeout: S } })),
  ]).toEqual([60_000, 3000]);
});

test("probeRound() goes by what probes of this life took", () => {
  const probe = (start: string, end: string): HealthProbe => ({
    Start: start,
    End: end,
    ExitCode: 0,
    Output: "",
  });
  const Log = [
    probe("2026-11-20T11:54:00Z", "2026-11-20T11:54:20Z"),
    probe("2026-11-20T11:56:00Z", "2026-11-20T11:56:01Z"),
    probe("2026-11-20T11:57:00Z", "2026-11-20T11:57:02Z"),
  ];
  const state = { Health: { Status: "healthy", FailingStreak: 0, Log } };
  expect(probeRound(details({ check: { ...check, Interval: 10 * S }, state }))).toBe(12_000);
});

test("currentProbes() leaves out those of a former life", () => {
  const state = health("unhealthy", ["2026-11-20T11:54:59Z", "before"], ["2026-11-20T11:55:00Z", "now"]);
  expect(currentProbes(details({ state })).map((probe) => probe.Output)).toEqual(["now"]);
});
