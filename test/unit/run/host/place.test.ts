import { expect, test } from "bun:test";
import { evaluationsFor } from "../../../../src/run/host/place.ts";

test("as many evaluations at once as the memory has room for", () => {
  const meminfo = (gigabytes: number) =>
    `MemTotal:       65536000 kB\nMemAvailable:   ${gigabytes * 1024 * 1024} kB\nBuffers: 1 kB\n`;
  expect([0, 1, 3, 6, 60].map((each) => evaluationsFor(meminfo(each), 4))).toEqual([1, 1, 1, 2, 4]);
  expect(evaluationsFor("", 4)).toBe(4);
});
