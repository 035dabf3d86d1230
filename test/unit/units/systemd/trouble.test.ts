import { expect, test } from "bun:test";
import { HomelabError } from "../../../../src/errors.ts";
import { reached } from "../../../../src/units/systemd/trouble.ts";

test("a machine that goes away is the trouble of the recipe, and anything else is thrown on", async () => {
  const work: { problem?: HomelabError } = {};
  expect(await reached(work, async () => 1)).toBe(1);
  expect(work).toEqual({});
  const gone = new HomelabError("unavailable", "p620 does not answer");
  expect(await reached(work, () => Promise.reject(gone))).toBe(gone);
  expect(work).toEqual({ problem: gone });
  expect(reached(work, () => Promise.reject(new TypeError("x")))).rejects.toThrow(TypeError);
});
