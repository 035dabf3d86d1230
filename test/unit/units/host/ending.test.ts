import { describe, expect, test } from "bun:test";
import { HomelabError } from "../../../../src/errors.ts";
import { open, said } from "../../../../src/units/host/ending.ts";

test("what a host does not say any more leaves the end that is known as it is", async () => {
  expect(await said(Promise.resolve("words"))).toBe("words");
  expect(
    await said(Promise.reject(new HomelabError("unavailable", "web cannot be reached"))),
  ).toBeUndefined();
  expect(said(Promise.reject(new TypeError("a fault of its own")))).rejects.toThrow(TypeError);
});

describe("no end is known", () => {
  const REACHED = "web cannot be reached since";
  const BACK = /^(?:nobody confirms the new system, so )?it goes back by itself/;
  const ATTACH = "; `homelab host attach web` tells how it ended";
  const BOOTS = `it was confirmed, and makes the new system what boots${ATTACH}`;
  const ALONE = `it goes on by itself, and touches nothing that runs${ATTACH}`;
  test.each([
    ["switch", undefined, false, `${REACHED} the switch was begun`, BACK],
    ["switch", "unhealthy", false, `${REACHED} the switch was begun`, BACK],
    ["switch", "commit", false, `${REACHED} its new system was confirmed`, BOOTS],
    ["switch", undefined, true, "it was broken off, and web has not come to an end yet", BACK],
    ["switch", "commit", true, "it was broken off, and web has not come to an end yet", BOOTS],
    ["boot", undefined, true, "it was broken off, and web has not come to an end yet", ALONE],
    ["boot", undefined, false, `${REACHED} the switch was begun`, ALONE],
  ] as const)("%s, decided: %s, broken off: %p", (goal, decided, broken, detail, hint) => {
    const told = open({ machine: { name: "web" }, goal, patience: 120, decided, broken });
    expect(told.detail).toStartWith(detail);
    expect(broken ? told.detail.slice(detail.length + 2) : (told.hint ?? "")).toMatch(hint);
    expect(told.reason.code).toBe(broken ? "interrupted" : "unavailable");
  });
});
