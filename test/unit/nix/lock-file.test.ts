import { expect, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { lockText, replaceLock } from "../../../src/nix/lock-file.ts";
import { temporary } from "../temporary.ts";

const texts = (dir: string) =>
  Object.fromEntries(readdirSync(dir).map((file) => [file, readFileSync(join(dir, file), "utf8")]));

test("the first one has no backup", () => {
  using dir = temporary();
  expect(lockText(dir.path)).toBeUndefined();
  replaceLock(dir.path, undefined, "one");
  expect(texts(dir.path)).toEqual({ "flake.lock": "one" });
  expect(statSync(join(dir.path, "flake.lock")).mode & 0o777).toBe(0o644);
});

test("each keeps the one before it, and that its own backup", () => {
  using dir = temporary({ "flake.lock": "one" });
  chmodSync(join(dir.path, "flake.lock"), 0o640);
  replaceLock(dir.path, "one", "two");
  replaceLock(dir.path, "two", "three");
  replaceLock(dir.path, "three", "four");
  expect(texts(dir.path)).toEqual({
    "flake.lock": "four",
    "flake.lock.backup": "three",
    "flake.lock.backup.1": "two",
  });
  expect(statSync(join(dir.path, "flake.lock")).mode & 0o777).toBe(0o640);
});

test("one that leads elsewhere goes on doing so", () => {
  using dir = temporary({ "flake/flake.nix": "", "shared/flake.lock": "one" });
  const flake = join(dir.path, "flake");
  symlinkSync("../shared/flake.lock", join(flake, "flake.lock"));
  replaceLock(flake, "one", "two");
  expect(readFileSync(join(dir.path, "shared/flake.lock"), "utf8")).toBe("two");
});

test.each([
  ["changed", "one", "other"],
  ["made", undefined, "other"],
])("one that somebody else %s meanwhile is left as it is", (_, before, now) => {
  using dir = temporary({ "flake.lock": now });
  expect(() => replaceLock(dir.path, before, "two")).toThrow("was changed by somebody else meanwhile");
  expect(texts(dir.path)).toEqual({ "flake.lock": "other" });
});

test("what cannot be written is said, and leaves what was there", () => {
  using dir = temporary({ "flake.lock": "one", "flake.lock.backup/x": "" });
  expect(() => replaceLock(dir.path, "one", "two")).not.toThrow();
  using full = temporary({ "flake.lock": "one", "flake.lock.backup": "", "flake.lock.backup.1/x": "" });
  expect(() => replaceLock(full.path, "one", "two")).toThrow(/flake\.lock cannot be written \(\w+\)/);
  expect(readFileSync(join(full.path, "flake.lock"), "utf8")).toBe("one");
});
