import { describe, expect, test } from "bun:test";
import type { Sight } from "../../../../src/store/releases.ts";
import { type Counted, crashesOf, nextSights, sightsOf } from "../../../../src/units/compose/crashes.ts";
import { released } from "./containers.ts";

const S = 1000;
const MIN = 60 * S;
const DAY = 24 * 60 * MIN;
const NOW = Date.parse("2026-11-20T12:00:00Z");
const ago = (ms: number, restarts: number): Sight => ({ at: NOW - ms, restarts });

/** A container that was made a year ago and has been up for `age`. */
const up = (restarts: number, age: number, more: Partial<Counted> = {}): Counted => ({
  restarts,
  created: NOW - 365 * DAY,
  startedAt: NOW - age,
  age,
  running: true,
  tries: 0,
  ...more,
});
const down = (restarts: number, more: Partial<Counted> = {}) => up(restarts, 0, { running: false, ...more });

type Case = [
  what: string,
  now: Counted,
  sights: Sight[],
  watched: Sight | undefined,
  want: [number, number, boolean],
];

const CASES: Case[] = [
  ["never crashed", up(0, 0), [], undefined, [0, 0, false]],
  [
    "restarted by hand since it was seen: the engine counts anew",
    up(0, 2 * S),
    [ago(DAY, 4)],
    undefined,
    [0, 0, false],
  ],
  ["crashed once since it was seen", up(3, 5 * S), [ago(60 * DAY, 2)], undefined, [1, 15 * S, false]],
  ["crashed once, and proved itself", up(3, 15 * S), [ago(60 * DAY, 2)], undefined, [1, 0, false]],
  ["down after a first crash: it may come back", down(3), [ago(60 * DAY, 2)], undefined, [1, 15 * S, false]],
  ["three harmless restarts in two months", up(3, 2 * DAY), [ago(60 * DAY, 0)], undefined, [3, 0, false]],
  ["three in two months, the last just now", up(3, 5 * S), [ago(60 * DAY, 0)], undefined, [3, 15 * S, false]],
  ["seven in the year of an adopted container", up(7, 5 * S), [], undefined, [7, 15 * S, false]],
  [
    "three quick ones, and up for a moment: it may stay up",
    up(3, 2 * S),
    [ago(5 * S, 0)],
    undefined,
    [3, 15 * S, false],
  ],
  ["three quick ones, and down", down(3), [ago(5 * S, 0)], undefined, [3, 15 * S, true]],
  ["three quick ones, and up for long", up(3, 4 * MIN), [ago(4 * MIN + 5 * S, 0)], undefined, [3, 0, false]],
  ["three quick ones when it was made", down(3, { created: NOW - S }), [], undefined, [3, 15 * S, true]],
  ["a third crash under watch", up(3, 0), [ago(9 * S, 0)], ago(4 * S, 2), [3, 15 * S, true]],
  ["a second crash under watch", up(2, 0), [ago(9 * S, 0)], ago(4 * S, 1), [2, 15 * S, false]],
  ["three under watch, after months", up(9, 0), [ago(60 * DAY, 6)], ago(8 * S, 6), [3, 15 * S, true]],
  ["dies every 11 s, looked at after 7 s", up(5, 7 * S), [ago(62 * S, 0)], undefined, [5, 22 * S, false]],
  ["dies every 11 s, and does so under watch", up(6, 0), [ago(66 * S, 0)], ago(5 * S, 5), [6, 22 * S, true]],
  [
    "dies every minute, looked at after 20 s",
    up(5, 20 * S),
    [ago(320 * S, 0)],
    undefined,
    [5, 120 * S, true],
  ],
  ["died every minute, and is up for two", up(5, 120 * S), [ago(420 * S, 0)], undefined, [5, 0, false]],
  [
    "dies every minute, and was seen ready after each",
    up(8, 20 * S),
    [ago(200 * S, 5), ago(140 * S, 6), ago(80 * S, 7)],
    undefined,
    [1, 120 * S, true],
  ],
  ["dies every nine minutes", up(9, MIN), [ago(28 * MIN, 6)], undefined, [3, 18 * MIN, true]],
  ["dies every eleven minutes: no loop", up(9, MIN), [ago(34 * MIN, 6)], undefined, [3, 0, false]],
  [
    "looks of before a restart by hand say nothing",
    up(2, 20 * S),
    [ago(DAY, 40), ago(60 * S, 1)],
    undefined,
    [1, 0, false],
  ],
  [
    "the engine gives up after five tries: it is let",
    down(3, { tries: 5 }),
    [ago(5 * S, 0)],
    undefined,
    [3, 15 * S, false],
  ],
  ["the last of five tries", down(5, { tries: 5 }), [ago(5 * S, 0)], undefined, [5, 15 * S, true]],
];

test.each(CASES)("%s", (_, now, sights, watched, [count, proof, loop]) => {
  const { since: _since, ...crashes } = crashesOf(now, sights, watched);
  expect(crashes).toEqual({ count, proof, loop });
});

describe("crashesOf() counts since", () => {
  test.each([
    ["it was last seen ready", up(3, 5 * S), [ago(DAY, 0), ago(MIN, 2)], NOW - MIN],
    ["it was made", up(3, 5 * S), [], NOW - 365 * DAY],
  ])("%s", (_, now, sights, want) => expect(crashesOf(now, sights).since).toBe(want));
});

describe("nextSights() remembers", () => {
  test.each<[string, Sight[], number, Sight[]]>([
    ["the first look", [], 0, [ago(0, 0)]],
    ["only the last look with one count", [ago(MIN, 4)], 4, [ago(0, 4)]],
    ["looks with other counts", [ago(2 * MIN, 3), ago(MIN, 4)], 5, [ago(2 * MIN, 3), ago(MIN, 4), ago(0, 5)]],
    ["nothing that is too old to tell a loop", [ago(DAY, 3), ago(MIN, 4)], 5, [ago(MIN, 4), ago(0, 5)]],
    ["nothing of before a restart by hand", [ago(2 * MIN, 30), ago(MIN, 1)], 2, [ago(MIN, 1), ago(0, 2)]],
  ])("%s", (_, sights, restarts, want) => expect(nextSights(sights, restarts, NOW)).toEqual(want));

  test("so many and no more", () => {
    const many = Array.from({ length: 30 }, (_, index) => ago(30 * MIN - index * S, index));
    const kept = nextSights(many, 30, NOW);
    expect([kept.length, kept.at(-1)]).toEqual([12, ago(0, 30)]);
  });
});

test("sightsOf() a container of a release from before looks were remembered has the last one", () => {
  expect(sightsOf(released("app", { startedAt: NOW, restarts: 2 }))).toEqual([ago(0, 2)]);
  expect(sightsOf(released("app", { sights: [ago(MIN, 1), ago(0, 2)] }))).toEqual([ago(MIN, 1), ago(0, 2)]);
  expect(sightsOf(undefined)).toEqual([]);
});
