import { expect, test } from "bun:test";
import { chooseGeneration, generationIn } from "../../../../src/units/host/generation.ts";

const names = [
  "per-user",
  "system",
  "system-9-link",
  "system-10-link",
  "system-12-link",
  "system-12-link.tmp",
];

test.each([
  ["the one before", "system-12-link", undefined, 10],
  ["in the order of numbers", "system-10-link", undefined, 9],
  ["none before the first", "system-9-link", undefined, undefined],
  ["the one that is named", "system-12-link", 9, 9],
  ["none of that number", "system-12-link", 11, undefined],
  ["without a present one", "", undefined, undefined],
])("%s", (_, current, to, expected) => {
  expect(chooseGeneration(names, current, to)).toBe(expected as number);
});

test("the newest generation that is a system", () => {
  const [old, other] = ["/nix/store/1-nixos", "/nix/store/2-nixos"];
  const lines = `system-9-link ${old}\nsystem-10-link ${old}\nsystem-11-link ${other}\nsystem-12-link \n`;
  expect([old, other, "/nix/store/3-nixos"].map((each) => generationIn(lines, each))).toEqual([
    10,
    11,
    undefined,
  ]);
});
