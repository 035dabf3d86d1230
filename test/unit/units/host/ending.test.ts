import { expect, test } from "bun:test";
import { HomelabError } from "../../../../src/errors.ts";
import { said } from "../../../../src/units/host/ending.ts";

test("what a host does not say any more leaves the end that is known as it is", async () => {
  expect(await said(Promise.resolve("words"))).toBe("words");
  expect(
    await said(Promise.reject(new HomelabError("unavailable", "web cannot be reached"))),
  ).toBeUndefined();
  expect(said(Promise.reject(new TypeError("a fault of its own")))).rejects.toThrow(TypeError);
});
