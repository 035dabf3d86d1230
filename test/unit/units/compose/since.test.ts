import { expect, test } from "bun:test";
import type { ContainerDetails } from "../../../../src/docker/types.ts";
import { failingCount, sinceOf } from "../../../../src/units/compose/since.ts";
import { details } from "./containers.ts";

type State = Partial<ContainerDetails["State"]>;
const time = (clock: string) => `2026-11-20T${clock}Z`;

/** A life that began at 11:55 with probes at these times, `!` for one that failed. */
function probed(streak: number, ...clocks: string[]): State {
  const Log = clocks.map((clock) => ({
    Start: time(clock.replace("!", "")),
    End: time(clock.replace("!", "")),
    ExitCode: clock.endsWith("!") ? 1 : 0,
    Output: "",
  }));
  return { Health: { Status: "unhealthy", FailingStreak: streak, Log } };
}

const CASES: [what: string, state: State, since: string | undefined, failing: number][] = [
  ["running: its life", {}, "11:55:00", 0],
  ["all probes fail, and all are known", probed(2, "11:56:00!", "11:57:00!"), "11:56:00", 2],
  ["only the last probes fail", probed(2, "11:56:00", "11:57:00!", "11:58:00!"), "11:57:00", 2],
  ["failed before, and passes now", probed(0, "11:56:00!", "11:57:00"), "11:55:00", 0],
  ["probes of a former life do not count", probed(1, "11:50:00!", "11:57:00!"), "11:57:00", 1],
  ["failing in the start period, which no streak counts", probed(0, "11:56:00!", "11:57:00!"), "11:56:00", 2],
  ["more failed than the engine keeps", probed(4, "11:58:00!", "11:58:30!"), "11:57:00 about", 4],
  ["more than its life allows", probed(400, "11:58:00!", "11:58:30!"), "11:55:00 about", 400],
  ["exited", { Status: "exited", FinishedAt: time("11:59:00") }, "11:59:00", 0],
  [
    "exited, with bad health of its life",
    { ...probed(2, "11:56:00!"), Status: "exited", FinishedAt: time("11:59:00") },
    "11:59:00",
    0,
  ],
  ["restarting", { Status: "restarting", FinishedAt: time("11:59:30") }, "11:59:30", 0],
  ["never started", { Status: "created" }, "11:55:00", 0],
  ["paused", { Status: "paused" }, undefined, 0],
];

test.each(CASES)("%s", (_, state, since, failing) => {
  const container = details({ state, check: { Test: ["CMD", "true"] } });
  const found = sinceOf(container);
  const words = found && `${new Date(found.at).toISOString().slice(11, 19)}${found.about ? " about" : ""}`;
  expect([words, failingCount(container)]).toEqual([since, failing]);
});
