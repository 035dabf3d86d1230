import { describe, expect, test } from "bun:test";
import { newlyFailed, verdict } from "../../../../src/units/host/judge.ts";

describe("what speaks against a new system", () => {
  const none = { before: [], after: [], said: [] };
  test.each([
    ["nothing", { ...none, code: 0 }, undefined],
    ["a unit that failed", { ...none, code: 4, after: ["b.service"] }, "b.service failed"],
    ["also when the activation went well", { ...none, code: 0, after: ["b.service"] }, "b.service failed"],
    [
      "a start that failed and left nothing failed",
      { ...none, code: 4, said: ["c.service"] },
      "c.service failed",
    ],
    [
      "only the new ones of several",
      { code: 4, before: ["a.service"], after: ["b.service", "a.service"], said: ["b.service"] },
      "b.service failed",
    ],
    [
      "an old failure",
      { code: 4, before: ["a.service"], after: ["a.service"], said: ["a.service"] },
      undefined,
    ],
    ["an old failure that is over", { code: 0, before: ["a.service"], after: [], said: [] }, undefined],
    [
      "a 4 that nothing explains",
      { code: 4, before: ["a.service"], after: [], said: [] },
      "units failed (exit code 4)",
    ],
    ["any other code", { ...none, code: 2 }, "its activation script failed (exit code 2)"],
  ])("%s", (_, switched, expected) => {
    expect(verdict(switched)).toBe(expected as string);
  });

  test("units are named once, in order", () => {
    expect(newlyFailed({ before: [], after: ["b.service", "a.mount"], said: ["b.service"] })).toEqual([
      "a.mount",
      "b.service",
    ]);
  });
});
