import { expect, test } from "bun:test";
import type { HostRecipe } from "../../../../src/book/types.ts";
import { leftOut, type Mode, phasesFor, recipeFor } from "../../../../src/run/host/modes.ts";

const TABLE: readonly [Mode, string, readonly string[]][] = [
  ["standard", "check evaluate build copy compare", []],
  ["fast", "check evaluate build copy compare", ["the time for which a new system has to stay well"]],
  [
    "emergency",
    "check evaluate build copy",
    [
      "the comparison of packages and units",
      "the look for room",
      "critical units and probes",
      "the time for which a new system has to stay well",
    ],
  ],
];

for (const [mode, phases, left] of TABLE)
  test(`what ${mode} does and leaves out`, () => {
    expect(phasesFor(mode).join(" ")).toBe(phases);
    expect(leftOut(mode)).toEqual([...left]);
  });

test("what is asked of a host after its switch", () => {
  const ready = { tcp: "127.0.0.1:80", within: 5, stable: 9 };
  const host: HostRecipe = {
    kind: "host",
    name: "web",
    needs: [],
    after: [],
    critical: ["a.service"],
    ready,
  };
  expect(recipeFor(host, "standard")).toEqual(host);
  expect(recipeFor(host, "fast")).toEqual({ ...host, ready: { ...ready, stable: 0 } });
  expect(recipeFor(host, "emergency")).toEqual({ ...host, critical: [], ready: { within: 5, stable: 0 } });
});
