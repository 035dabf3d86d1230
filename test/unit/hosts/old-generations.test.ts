import { expect, test } from "bun:test";
import type { Generation } from "../../../src/hosts/generations.ts";
import { sortGenerations, unsaidOf } from "../../../src/hosts/old-generations.ts";

const DAY = 86_400_000;
const NOW = 100 * DAY;

/** Made on the day of its number; `marks`: r runs, b was booted, d is the default. */
const generation = (
  number: number,
  marks = "",
  path: string | undefined = `/nix/store/${number}`,
): Generation => ({
  ...{ number, path, made: number * DAY, version: undefined, kernel: undefined, revision: undefined },
  ...{ specialisations: [], running: marks.includes("r"), booted: marks.includes("b") },
  isDefault: marks.includes("d"),
  gone: false,
});

const sorted = (list: readonly Generation[], days: number | undefined) => {
  const { old, kept } = sortGenerations(list, days === undefined ? undefined : NOW - days * DAY);
  return { old: old.map(({ number }) => number), kept: kept.map(({ number, why }) => `${number} ${why}`) };
};

test("what runs, was booted, boots next, and what a rollback goes to stays, however old", () => {
  const list = [
    generation(1),
    generation(2, "b"),
    generation(3),
    generation(4),
    generation(5, "rd"),
    generation(99),
  ];
  expect(sorted(list, 30)).toEqual({
    old: [1, 3],
    kept: ["99 it is young enough", "5 it runs, it boots next", "4 a rollback goes to it", "2 it was booted"],
  });
  expect(sorted(list, undefined)).toEqual({
    old: [1, 3, 99],
    kept: ["5 it runs, it boots next", "4 a rollback goes to it", "2 it was booted"],
  });
});

test("a default that does not run has its own way back", () => {
  const list = [generation(1), generation(2, "rb"), generation(3), generation(4, "d")];
  expect(sorted(list, undefined)).toEqual({
    old: [],
    kept: [
      "4 it boots next",
      "3 a rollback goes to it",
      "2 it runs, it was booted",
      "1 a rollback goes to it",
    ],
  });
});

test("the same system again is no way back, and neither is one that is gone", () => {
  const list = [
    generation(1),
    generation(2, "", "/nix/store/4"),
    { ...generation(3), path: undefined, gone: true },
    generation(4, "rbd"),
  ];
  expect(sorted(list, undefined)).toEqual({
    old: [2, 3],
    kept: ["4 it runs, it boots next, it was booted", "1 a rollback goes to it"],
  });
});

test("where nothing of it is known to run, age alone decides", () => {
  expect(sorted([generation(1), generation(99)], 30)).toEqual({ old: [1], kept: ["99 it is young enough"] });
  expect(sorted([], 30)).toEqual({ old: [], kept: [] });
});

test("one of which nobody knows when it was made is never old", () => {
  const list = [{ ...generation(1), made: undefined }, generation(2), generation(3), generation(4, "rbd")];
  const kept = [
    "4 it runs, it boots next, it was booted",
    "3 a rollback goes to it",
    "1 it is not known when it was made",
  ];
  expect(sorted(list, 30)).toEqual({ old: [2], kept });
  expect(sorted(list, undefined)).toEqual({ old: [2], kept });
});

test.each<[what: string, current: string | undefined, list: Generation[], unsaid: string | undefined]>([
  ["all is said", "/nix/store/1", [generation(1)], undefined],
  ["a system that is no generation", "/nix/store/9", [generation(1)], undefined],
  [
    "a link that leads nowhere",
    "/nix/store/2",
    [generation(2), { ...generation(1), path: undefined, gone: true }],
    undefined,
  ],
  ["nothing of what runs", undefined, [generation(1)], "which system runs (/run/current-system)"],
  [
    "a link that leads somewhere",
    "/nix/store/3",
    [generation(3), { ...generation(2), path: undefined }, { ...generation(1), path: undefined }],
    "which system its generations 1, 2 are of",
  ],
])("what a host does not say of its generations: %s", (_, current, list, unsaid) => {
  expect(unsaidOf({ list, current, booted: undefined })).toBe(unsaid as string);
});
