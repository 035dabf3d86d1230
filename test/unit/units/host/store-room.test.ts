import { expect, test } from "bun:test";
import { findingLine } from "../../../../src/nix/finding.ts";
import { parseSizes, roomFindings } from "../../../../src/units/host/store-room.ts";

test("paths and their sizes", () => {
  const text = "/nix/store/a-x\t       1234\n/nix/store/b-y  99 \nwarning: nothing\n/nix/store/c\n";
  expect(parseSizes(text)).toEqual(
    new Map([
      ["/nix/store/a-x", 1234],
      ["/nix/store/b-y", 99],
    ]),
  );
});

const GIB = 1024 ** 3;
const KIB_OF_GIB = 1024 ** 2;

test.each([
  ["there is room", 2 * KIB_OF_GIB, GIB],
  ["nothing is missing", 0, 0],
  ["the room is not known", undefined, 100 * GIB],
])("nothing is told when %s", (_, free, bytes) => {
  expect(roomFindings("web", free, bytes)).toEqual([]);
});

test.each([
  ["it would be filled to the brim", GIB, "1.0 GiB"],
  ["a file system that compresses may have room", 3 * GIB, "3.0 GiB"],
])("a warning when %s", (_, bytes, size) => {
  const findings = roomFindings("web", KIB_OF_GIB, bytes);
  expect(findings.map(findingLine)).toEqual([
    `the store of web has 1.0 GiB left, and the system may need ${size} (store-small)`,
  ]);
  expect(findings.map(({ level }) => level)).toEqual(["warning"]);
});

test("what cannot fit is refused", () => {
  expect(() => roomFindings("web", KIB_OF_GIB, 3 * GIB + 1)).toThrow(
    "the store of web has 1.0 GiB left, and the system needs 3.0 GiB",
  );
  expect(() => roomFindings("web", 0, GIB)).toThrow("the store of web has 0 B left");
});
