import { expect, test } from "bun:test";
import { wayBack } from "../../../../src/run/host/take-back.ts";
import type { Goal } from "../../../../src/units/host/supervise.ts";

const CASES: readonly [string, Goal, { ran: string; booted: string }, string | undefined][] = [
  ["it ran what it booted", "switch", { ran: "old", booted: "old" }, "new → old"],
  ["it was to boot another one", "switch", { ran: "old", booted: "other" }, "new → other"],
  ["it was to boot the new one already", "switch", { ran: "old", booted: "new" }, "new → old"],
  ["it had no profile", "switch", { ran: "old", booted: "" }, "new → old"],
  ["it ran the new one, and was to boot the old one", "switch", { ran: "new", booted: "old" }, "new → old"],
  ["it ran and booted the new one, halfway", "switch", { ran: "new", booted: "new" }, undefined],
  ["what runs is not touched", "boot", { ran: "old", booted: "old" }, "old → old"],
  [
    "what booted is neither the new one nor what runs",
    "boot",
    { ran: "old", booted: "other" },
    "old → other",
  ],
  ["nothing booted", "boot", { ran: "old", booted: "" }, undefined],
  ["the new one was tried first", "boot", { ran: "new", booted: "old" }, "new → old"],
  ["what boots is not touched", "test", { ran: "old", booted: "other" }, "new → old"],
];

test.each(CASES)("%s (%s)", (_, goal, { ran: system, booted: profile }, expected) => {
  const way = wayBack({ system, profile }, "new", goal);
  expect(way && `${way.before} → ${way.after}`).toBe(expected);
});
