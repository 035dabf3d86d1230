import { expect, test } from "bun:test";
import { parseFiles } from "../../../../src/units/host/files.ts";

test("files behind their paths; what a login prints before is passed over", () => {
  expect(parseFiles("Welcome\n\x1e/a\none\n\ntwo\n\x1e/b c\nlast\n")).toEqual(
    new Map([
      ["/a", "one\n\ntwo\n"],
      ["/b c", "last\n"],
    ]),
  );
  expect(parseFiles("")).toEqual(new Map());
});
