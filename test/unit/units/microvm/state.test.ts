import { expect, test } from "bun:test";
import {
  closedDirs,
  parseDirs,
  storeHash,
  storeName,
  troubleOf,
} from "../../../../src/units/microvm/state.ts";

const read = (...entries: string[]) =>
  [...parseDirs(entries.map((entry) => `${entry}\0`).join(""))].map(([name, { links, hasFlake }]) => [
    name,
    Object.fromEntries(links),
    hasFlake,
  ]);

const STORE = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz";

test("directories, their links and flakes are read in any order", () => {
  expect(
    read(
      `l vm1/current\t${STORE}-microvm-qemu-vm1`,
      "d vm1\t",
      "f vm1/flake\t",
      "d vm2\t",
      `l vm2/toplevel\t${STORE}-nixos-system-vm2`,
      "d vm2/var\t",
    ),
  ).toEqual([
    ["vm1", { current: `${STORE}-microvm-qemu-vm1` }, true],
    ["vm2", { toplevel: `${STORE}-nixos-system-vm2` }, false],
  ]);
});

test("names with spaces, line ends and tabs in targets are kept apart", () => {
  expect(read("d a b\t", "l a b/current\t/x y\tz", "d c\nd\t")).toEqual([
    ["a b", { current: "/x y\tz" }, false],
    ["c\nd", {}, false],
  ]);
});

test("what is no directory of a MicroVM is left out", () => {
  // A link or file beside the directories, a directory called flake, a link called flake.
  expect(read("l vm9\t/elsewhere", "f flake\t", "d vm1\t", "d vm1/flake\t", "")).toEqual([
    ["vm1", {}, false],
  ]);
  expect(read("l vm1/flake\t/elsewhere", "d vm1\t")).toEqual([["vm1", { flake: "/elsewhere" }, false]]);
  expect(read()).toEqual([]);
});

test("an end that was cut off is left out", () => {
  expect([...parseDirs("d vm1\t\0l vm1/curr")]).toHaveLength(1);
});

test.each([
  [`${STORE}-nixos-system-vm1-25.11`, "nixos-system-vm1-25.11", "01234567"],
  ["/tmp/runner", "runner", ""],
  ["", "", ""],
])("%s", (path, name, hash) => {
  expect([storeName(path), storeHash(path)]).toEqual([name, hash]);
});

const DENIED = "find: '/var/lib/microvms': Permission denied\n";
const CLOSED = "find: '/var/lib/microvms/lost+found': Permission denied\n";
const NONE = "find: '/var/lib/microvms': No such file or directory\n";
const GONE = "find: '/var/lib/microvms/vm1/new': No such file or directory\n";

test.each<[string, number | null, string, string | undefined]>([
  ["all is well", 0, "", undefined],
  ["there are none", 1, NONE, undefined],
  ["one has gone meanwhile", 1, GONE, undefined],
  ["one is closed", 1, CLOSED, undefined],
  ["one is closed, one is gone", 1, CLOSED + GONE, undefined],
  ["all are closed", 1, DENIED, "permission: /var/lib/microvms on p620 cannot be read"],
  [
    "the disk is broken",
    1,
    `${CLOSED}find: '/var/lib/microvms/vm1': Input/output error\n`,
    "unavailable: /var/lib/microvms on p620 cannot be read: find: '/var/lib/microvms/vm1': Input/output error",
  ],
  [
    "`find` is missing",
    127,
    "env: 'find': No such file or directory\n",
    "unavailable: /var/lib/microvms on p620 cannot be read: env: 'find': No such file or directory",
  ],
  [
    "it takes too long",
    null,
    "",
    "unavailable: /var/lib/microvms on p620 cannot be read: `find` did not end in time",
  ],
])("%s", (_, exitCode, stderr, expected) => {
  const trouble = troubleOf({ exitCode, stderr }, { name: "p620" });
  expect(trouble && `${trouble.code}: ${trouble.message}`).toBe(expected as string);
});

test("closed directories are told from what is closed in an open one", () => {
  expect(closedDirs(CLOSED + DENIED + GONE)).toEqual(["lost+found"]);
  expect(closedDirs("find: '/var/lib/microvms/vm1/var': Permission denied\n")).toEqual([]);
});
