import { expect, test } from "bun:test";
import { unwell } from "../../../../src/run/host/pause.ts";
import type { Goal } from "../../../../src/units/host/supervise.ts";

type Case = readonly [
  title: string,
  goal: Goal,
  failedBefore: readonly string[],
  now: { system: string; profile: string; failed: readonly string[] },
  said: string | undefined,
];
const CASES: readonly Case[] = [
  ["it runs and boots it", "switch", [], { system: "new", profile: "new", failed: [] }, undefined],
  ["it runs it", "test", [], { system: "new", profile: "old", failed: [] }, undefined],
  ["it boots it, and runs what it did", "boot", [], { system: "old", profile: "new", failed: [] }, undefined],
  [
    "it boots another one by now",
    "boot",
    [],
    { system: "old", profile: "old", failed: [] },
    "web boots old, and not new, by now",
  ],
  [
    "it runs another one by now",
    "switch",
    [],
    { system: "old", profile: "new", failed: [] },
    "web runs old, and not new, by now",
  ],
  [
    "what had failed before is no news",
    "switch",
    ["a.service", "b.service"],
    { system: "new", profile: "new", failed: ["b.service"] },
    undefined,
  ],
  [
    "what failed since is",
    "switch",
    ["a.service"],
    { system: "new", profile: "new", failed: ["a.service", "b.service"] },
    "b.service failed on web since it was switched",
  ],
];

test.each(CASES)("%s (%s)", (_, goal, failed, now, said) => {
  expect(unwell("web", { goal, system: "new", failed }, now)).toBe(said);
});
