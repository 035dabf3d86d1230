import { describe, expect, test } from "bun:test";
import { afterReboot, explainExit, isEnd, parseState, whyBack } from "../../../../src/units/host/state.ts";

describe("the state of a supervisor", () => {
  test.each([
    ["waiting 4\n", { state: "waiting", code: 4, text: "" }],
    [
      "held 0 ada@laptop, homelab deploy web\n",
      { state: "held", code: 0, text: "ada@laptop, homelab deploy web" },
    ],
    ["", undefined],
    ["dancing 1\n", undefined],
    ["waiting\n", undefined],
  ])("%j", (text, expected) => {
    expect(parseState(text)).toEqual(expected as never);
  });

  test("ends, and what is on the way to one", () => {
    const ends = [
      "testing",
      "waiting",
      "committing",
      "returning",
      "done",
      "returned",
      "stuck",
      "held",
      "moved",
    ].filter((state) => isEnd({ state, code: 0, text: "" } as never));
    expect(ends).toEqual(["done", "returned", "stuck", "held", "moved"]);
  });

  test("why it went back", () => {
    expect(whyBack({ state: "returned", code: 2, text: "activation" })).toBe(
      "its activation script failed (exit code 2)",
    );
    expect(whyBack({ state: "returned", code: 0, text: "unconfirmed" })).toBe(
      "nobody confirmed the new system in time",
    );
  });

  test.each([
    ["/nix/store/a", "returned", "rebooted"],
    ["/nix/store/b", "done", ""],
    ["/nix/store/c", "moved", "/nix/store/c"],
  ] as const)("after a reboot %s runs", (current, state, text) => {
    const systems = { before: "/nix/store/a", after: "/nix/store/b" };
    expect(afterReboot(current, systems)).toEqual({ state, code: 0, text });
  });

  test.each([1, 2, 3, 4, 100, 101, 124, 137, 77])("exit code %i has words", (code) => {
    expect(explainExit(code)).toMatch(/^[a-z].*[^.]$/);
  });
});
