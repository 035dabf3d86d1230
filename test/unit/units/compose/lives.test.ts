import { expect, test } from "bun:test";
import { LifeClock } from "../../../../src/units/compose/lives.ts";

const STARTED = "2026-11-20T12:00:00Z";
const WALL = Date.parse(STARTED);
const YEAR = 365 * 24 * 3_600_000;

test.each<[what: string, looks: [startedAt: string, wall: number, monotonic: number][], want: number[]]>([
  ["goes by the wall clock at first", [[STARTED, WALL + 5000, 100]], [5000]],
  [
    "goes on by the monotonic clock",
    [
      [STARTED, WALL + 5000, 100],
      [STARTED, WALL + 6000, 1100],
    ],
    [5000, 6000],
  ],
  [
    "does not follow a jump of the wall clock, forwards or backwards",
    [
      [STARTED, WALL, 0],
      [STARTED, WALL + YEAR, 1000],
      [STARTED, WALL - YEAR, 2000],
    ],
    [0, 1000, 2000],
  ],
  [
    "is never negative, and grows although the clock has been put back",
    [
      [STARTED, WALL - YEAR, 0],
      [STARTED, WALL - YEAR + 3000, 3000],
    ],
    [0, 3000],
  ],
  [
    "of a new life is not longer than since the last look",
    [
      [STARTED, WALL + 60_000, 0],
      ["1970-01-01T00:00:10Z", WALL + 62_000, 2000],
    ],
    [60_000, 2000],
  ],
])("situation 39: the age of a life %s", (_, looks, want) => {
  const clock = new LifeClock();
  expect(looks.map(([startedAt, wall, monotonic]) => clock.age("id", startedAt, wall, monotonic))).toEqual(
    want,
  );
});
