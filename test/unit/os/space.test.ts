import { expect, test } from "bun:test";
import { freeBytes, LEAST_FREE, leastFree, spaceOf } from "../../../src/os/space.ts";

test.each<[string | undefined, number]>([
  [undefined, LEAST_FREE],
  ["", LEAST_FREE],
  ["0", 0],
  ["1500", 1500],
  ["500MB", 500e6],
  ["1.5 g", 1.5e9],
  ["2T", 2e12],
  ["10kB", 10e3],
])("leastFree() of %j", (text, bytes) => expect(leastFree(text)).toBe(bytes));

test.each(["much", "-1", "5 PB", "5%"])("leastFree() refuses %j", (text) => {
  expect(() => leastFree(text)).toThrow(`HOMELAB_MIN_FREE is \`${text}\`, which is no size`);
});

test("freeBytes() asks the nearest directory that is there, spaceOf() only the one that is named", () => {
  expect(freeBytes("/no/such/directory")).toBe(freeBytes("/") ?? -1);
  expect(spaceOf("/no/such/directory")).toBeUndefined();
  expect(spaceOf("/")?.path).toBe("/");
});
