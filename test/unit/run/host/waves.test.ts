import { expect, test } from "bun:test";
import { type WaveOptions, waveLines, wavesOf } from "../../../../src/run/host/waves.ts";

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
