import { expect, test } from "bun:test";
import {
  orderOf,
  switchedInVain,
  type WaveOptions,
  waveLines,
  wavesOf,
} from "../../../../src/run/host/waves.ts";

/** `web:staging db` */
const hosts = (text: string) =>
  text.split(" ").map((word) => {
    const [name = "", stage] = word.split(":");
    return { name, stage };
  });
const lines = (text: string, options: WaveOptions = {}) =>
  wavesOf(hosts(text), options).map((wave) => wave.hosts.join("+"));

const CASES: readonly [string, string, string, WaveOptions?][] = [
  ["hosts without a stage go at once", "a b", "a+b"],
  ["staging before production", "p:production s:staging", "s p"],
  ["hosts without a stage are production", "a p:prod s:staging", "s a+p"],
  [
    "all known ones, however they are written",
    "p:Production c:canary s:staging t:test d:dev e:development",
    "d+e t s c p",
  ],
  [
    "others between staging and production, as the recipes name them",
    "p b:blue g:green s:staging",
    "s g b p",
    { stages: ["green", "blue"] },
  ],
  ["others by themselves, as they come", "b:blue g:green", "b g"],
  ["a canary goes first in its stage", "a b c s:staging", "s b a+c", { canaries: ["b"] }],
  ["several of them go together", "a b c", "a+c b", { canaries: ["c", "a"] }],
  ["a canary that has no other beside it", "s:staging p", "s p", { canaries: ["p"] }],
];

for (const [title, given, expected, options] of CASES)
  test(title, () => expect(lines(given, options).join(" ")).toBe(expected));

test("waves in lines for people", () => {
  expect(waveLines(wavesOf(hosts("a b:staging"), {}))).toEqual([
    "wave 1 of 2 (staging): b",
    "wave 2 of 2: a",
  ]);
  expect(waveLines(wavesOf(hosts("a:production b:production c:canary d"), { canaries: ["b"] }))).toEqual([
    "wave 1 of 3 (canary): c",
    "wave 2 of 3 (production, canary): b",
    "wave 3 of 3: a, d",
  ]);
  expect(waveLines(wavesOf(hosts("a b"), {}))).toEqual([]);
});

const WAVES = wavesOf(hosts("s:staging t:staging p q"), {});

test("what each host waits for", () => {
  expect(Object.fromEntries(orderOf(WAVES, false))).toEqual({ s: [], t: [], p: ["s", "t"], q: ["s", "t"] });
  const pause = "pause after wave 1";
  expect(Object.fromEntries(orderOf(WAVES, true))).toEqual({
    ...{ s: [], t: [], p: [pause], q: [pause] },
    [pause]: ["s", "t"],
  });
});

/** `s:changed t:failed` */
const reports = (text: string) =>
  text.split(" ").map((word) => {
    const [id = "", result] = word.split(":");
    return { id: id.replaceAll("_", " "), result: result as "changed" };
  });

test.each([
  ["all went well", "s:changed t:changed p:changed q:changed", []],
  ["one of a wave failed", "s:changed t:failed p:blocked q:blocked", ["s"]],
  ["what did not change is left alone", "s:unchanged t:failed p:blocked q:blocked", []],
  ["an earlier wave stays", "s:changed t:changed p:timed-out q:changed", ["q"]],
  ["it was broken off, and nothing failed", "s:changed t:cancelled p:cancelled q:cancelled", []],
  ["it did not stay well", "s:changed t:changed pause_after_wave_1:failed p:blocked q:blocked", ["s", "t"]],
])("hosts that go back with their wave: %s", (_, ended, back) => {
  expect(switchedInVain(WAVES, reports(ended))).toEqual(back as string[]);
});
