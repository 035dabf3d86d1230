import { expect, test } from "bun:test";
import { parseSizes, requireRoom } from "../../../../src/units/host/store-room.ts";

test("paths and their sizes", () => {
  const text = "/nix/store/a-x\t       1234\n/nix/store/b-y  99 \nwarning: nothing\n/nix/store/c\n";
  expect(parseSizes(text)).toEqual(
    new Map([
      ["/nix/store/a-x", 1234],
      ["/nix/store/b-y", 99],
    ]),
  );
});

test("what has to be copied fits, or is refused", () => {
  const GIB = 1024 ** 3;
  expect(() => requireRoom("web", 2 * 1024 ** 2, GIB)).not.toThrow();
  expect(() => requireRoom("web", 0, 0)).not.toThrow();
  expect(() => requireRoom("web", 1024 ** 2, GIB)).toThrow(
    "the store of web has 1.0 GiB left, and the system needs 1.0 GiB",
  );
});
