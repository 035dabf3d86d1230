import { describe, expect, test } from "bun:test";
import { parseSums, rebootFor, unitDiff } from "../../../../src/units/host/closure.ts";

const top = "/nix/store/x-system/etc/systemd/system";
const sum = (letter: string) => letter.repeat(64);

test("sums of the files below a directory", () => {
  const text = `${sum("a")}  ${top}/a.service
${sum("b")}  ${top}/a.service.d/overrides.conf
\\${sum("c")}  ${top}/back\\\\slash.mount
find: 'x': Permission denied
`;
  expect([...parseSums(text, top)]).toEqual([
    ["a.service", sum("a")],
    ["a.service.d/overrides.conf", sum("b")],
    ["back\\\\slash.mount", sum("c")],
  ]);
});

describe("the units of two systems", () => {
  const of = (files: Record<string, string>) => new Map(Object.entries(files));
  test.each([
    ["the same", { "a.service": "1" }, { "a.service": "1" }, [[], [], []]],
    ["a new one", {}, { "a.service": "1" }, [["a.service"], [], []]],
    ["one that goes", { "a.service": "1" }, {}, [[], ["a.service"], []]],
    ["one that changed", { "a.service": "1" }, { "a.service": "2" }, [[], [], ["a.service"]]],
    [
      "its drop-in counts as it",
      { "a.service": "1", "a.service.d/o.conf": "1" },
      { "a.service": "1", "a.service.d/o.conf": "2" },
      [[], [], ["a.service"]],
    ],
    [
      "who wants it does not",
      { "a.service": "1", "multi-user.target.wants/a.service": "1" },
      { "a.service": "1" },
      [[], [], []],
    ],
  ])("%s", (_, before, after, [added, removed, changed]) => {
    expect(unitDiff(of(before), of(after))).toEqual({ added, removed, changed } as never);
  });
});

describe("a reboot is needed for", () => {
  const parts = (system: string) =>
    ["bzImage", "initrd", "modules"].map((part) => `/nix/store/${system}-${part}`);
  const missing = ["kernel", "initrd", "kernel-modules"].map((part) => `/run/booted-system/${part}`);
  test.each([
    ["nothing", [...parts("a"), ...parts("a"), ...parts("a")], []],
    ["all", [...parts("a"), ...parts("a"), ...parts("b")], ["kernel", "initrd", "kernel-modules"]],
    [
      "what was not booted yet",
      [...parts("a"), ...parts("b"), ...parts("b")],
      ["kernel", "initrd", "kernel-modules"],
    ],
    [
      "one part",
      [...parts("a"), ...parts("a"), "/nix/store/a-bzImage", "/nix/store/b-initrd", "/nix/store/a-modules"],
      ["initrd"],
    ],
    ["nothing where none was booted", [...missing, ...parts("b"), ...parts("b")], []],
  ])("%s", (_, paths, expected) => {
    expect(rebootFor(paths)).toEqual(expected);
  });
});
