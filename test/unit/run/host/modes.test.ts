import { expect, test } from "bun:test";
import { leftOut, type Mode, phasesFor } from "../../../../src/run/host/modes.ts";

const TABLE: readonly [Mode, string, readonly string[]][] = [
  ["standard", "lint check evaluate build audit copy compare", []],
  [
    "fast",
    "lint check evaluate build copy compare",
    [
      "the audit of units and firewall",
      "rules and linters for the sources",
      "the time for which a new system has to stay well",
    ],
  ],
  [
    "emergency",
    "check evaluate build copy",
    [
      "the look at the sources",
      "the audit of units and firewall",
      "the comparison of packages and units",
      "rules and linters for the sources",
      "the look for room",
      "probes, and what is measured before and after",
      "the time for which a new system has to stay well",
    ],
  ],
];

for (const [mode, phases, left] of TABLE)
  test(`what ${mode} does and leaves out`, () => {
    expect(phasesFor(mode).join(" ")).toBe(phases);
    expect(leftOut(mode)).toEqual([...left]);
  });
