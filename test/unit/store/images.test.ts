import { expect, test } from "bun:test";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { notedImages, noteImages } from "../../../src/store/images.ts";
import { temporary } from "../temporary.ts";

test("images of two releases are noted, the same ones again once", () => {
  using root = temporary({ ".git/HEAD": "" });
  for (const ids of [["a"], ["b", "x"], ["c", "x", "c"], ["x", "c"]]) noteImages(root.path, "web", ids);
  noteImages(root.path, "db", ["d"]);
  expect(notedImages(root.path)).toEqual(["c", "x", "b", "x", "d"]);
  // Gone back to: it is the current one again.
  noteImages(root.path, "web", ["b", "x"]);
  expect(notedImages(root.path)).toEqual(["b", "x", "c", "x", "d"]);
});

test("a homelab that is part of a repository has its notes there, beside those of others", () => {
  using top = temporary({ ".git/HEAD": "", "one/x": "", "two/x": "" });
  noteImages(join(top.path, "one"), "web", ["a"]);
  noteImages(join(top.path, "two"), "web", ["b"]);
  expect(notedImages(join(top.path, "one"))).toEqual(["a", "b"]);
});

test("without a repository nothing is noted; where it cannot be written that is said", () => {
  using root = temporary();
  mkdirSync(join(root.path, "home"));
  const home = join(root.path, "home");
  expect(noteImages(home, "web", ["a"])).toBeUndefined();
  expect(existsSync(join(home, ".git"))).toBe(false);
  mkdirSync(join(home, ".git"));
  writeFileSync(join(home, ".git/homelab"), "");
  expect(noteImages(home, "web", ["a"])).toBe(`${home}/.git/homelab/images.json cannot be written (EEXIST)`);
  rmSync(join(home, ".git/homelab"));
  expect(noteImages(home, "web", ["a"])).toBeUndefined();
});
