import { describe, expect, test } from "bun:test";
import { parseDiff, summary } from "../../../src/nix/diff.ts";
import { text } from "./captures.ts";

const change = (name: string, before: string[], after: string[], bytes = 0) => ({
  name,
  before,
  after,
  bytes,
});

test("what the real Nix printed", () => {
  expect(parseDiff(text("diff.txt"))).toEqual([
    change("bluez", [], [], 19_046),
    change("empty", [""], []),
    change("gone", ["1.0"], [], -50_074),
    change("grown", [], [], 19_046),
    change("libfoo", ["1.2"], ["1.3"]),
    change("linux", ["6.12.1"], ["6.12.5"], 3_000_013),
    change("new", [], ["2.0"], 70_144),
    change("nixos-system-web", ["25.05"], ["25.11"]),
    change("plain", [], [""]),
    change("shrunk", [], ["1.0"]),
    change("systemd-boot", [], ["256"]),
  ]);
});

test("back again, the signs are the other way round", () => {
  const [there, back] = [parseDiff(text("diff.txt")), parseDiff(text("diffback.txt"))];
  expect(back).toEqual(
    there.map((each) => change(each.name, [...each.after], [...each.before], 0 - each.bytes || 0)),
  );
});

describe("the shapes of a line", () => {
  test.each([
    [
      "linux: 6.12.1 → 6.12.5, \x1b[31;1m12.6 MiB\x1b[0m",
      change("linux", ["6.12.1"], ["6.12.5"], 13_212_058),
    ],
    [
      "linux: 6.12.1 → 6.12.5, \x1b[31;1m+12.6 MiB\x1b[0m",
      change("linux", ["6.12.1"], ["6.12.5"], 13_212_058),
    ],
    [
      "linux: 6.12.1 → 6.12.5, \x1b[32;1m-12.6 MiB\x1b[0m",
      change("linux", ["6.12.1"], ["6.12.5"], -13_212_058),
    ],
    ["linux: 1, 2-bin → 3, 4", change("linux", ["1", "2-bin"], ["3", "4"])],
    ["glibc: ∅ → 2.40, 2.40-bin, +30.0 KiB", change("glibc", [], ["2.40", "2.40-bin"], 30_720)],
    ["glibc: ε, 1 → ∅, -1.5 GiB", change("glibc", ["", "1"], [], -1_610_612_736)],
    ["bluez-qt: +12.6 KiB", change("bluez-qt", [], [], 12_902)],
    ["bluez-qt: 12.6 KiB", change("bluez-qt", [], [], 12_902)],
    ["bluez-qt: -100 B", change("bluez-qt", [], [], -100)],
    ["gtk+3: 3.24 → 3.25", change("gtk+3", ["3.24"], ["3.25"])],
  ])("%s", (line, parsed) => {
    expect(parseDiff(`${line}\n`)).toEqual([parsed]);
  });

  test.each(["", "\n", "warning: something", "copying path '/nix/store/a'..."])("no change: %s", (line) => {
    expect(parseDiff(line)).toEqual([]);
  });
});

test.each([
  [[], "no package changed"],
  [[change("a", ["1"], ["2"])], "1 package changed"],
  [
    [change("a", ["1"], ["2"], 13_002_342), change("b", [], [""]), change("c", ["1"], [])],
    "3 packages changed, +12.4 MiB",
  ],
  [[change("a", ["1"], ["2"], -2048), change("b", [], [], 1024)], "2 packages changed, -1.0 KiB"],
  [[change("a", [], [], 2 ** 31)], "1 package changed, +2.0 GiB"],
])("in words: %#", (changes, words) => {
  expect(summary(changes)).toBe(words);
});
