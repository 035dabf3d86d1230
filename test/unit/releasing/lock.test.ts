import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../../package.json";
import {
  PLATFORMS,
  packageAt,
  parseLock,
  productPackages,
  tarballPath,
} from "../../../scripts/releasing/lock.ts";

const text = `{
  "workspaces": { "": { "dependencies": { "top": "1.0.0", "@scope/base": "2.0.0", }, "devDependencies": { "tool": "1.0.0" } } },
  "packages": {
    "@scope/base": ["@scope/base@2.0.0", "", {}, "sha512-base"],
    "base": ["base@1.0.0", "", {}, "sha512-old"],
    "git": ["git@github:a/b#1", "", {}],
    "middle": ["middle@3.0.0", "", { "dependencies": { "base": "^2", "@scope/base": "*" } }, "sha512-middle"],
    "middle/base": ["base@2.0.0", "", {}, "sha512-new"],
    "tool": ["tool@1.0.0", "", { "dependencies": { "base": "^1" } }, "sha512-tool"],
    "top": ["top@1.0.0", "", { "dependencies": { "middle": "3" } }, "sha512-top"],
  },
}`;

test("the program is compiled from its dependencies and theirs, found as Node finds them", () => {
  const found = productPackages(parseLock(text));
  expect([...found].map(([key, { name, version, needs }]) => [key, `${name}@${version}`, needs])).toEqual([
    ["@scope/base", "@scope/base@2.0.0", []],
    ["middle", "middle@3.0.0", ["middle/base", "@scope/base"]],
    ["middle/base", "base@2.0.0", []],
    ["top", "top@1.0.0", ["middle"]],
  ]);
});

test.each(["git", "nothing"])("a package that is from no registry is refused: %s", (key) => {
  expect(() => packageAt(parseLock(text), key)).toThrow(
    `bun.lock: \`${key}\` is not there, or not from a registry`,
  );
});

test("tarballs lie where a registry has them", () => {
  expect(tarballPath({ name: "yaml", version: "2.9.1" })).toBe("yaml/-/yaml-2.9.1.tgz");
  expect(tarballPath({ name: "@oven/bun", version: "1.0.0" })).toBe("@oven/bun/-/bun-1.0.0.tgz");
});

test("bun.lock names a runtime for every platform, of the Bun that package.json names", () => {
  const lock = parseLock(readFileSync(join(import.meta.dir, "../../../bun.lock"), "utf8"));
  for (const { runtime } of Object.values(PLATFORMS)) {
    expect(packageAt(lock, runtime).version).toBe(manifest.devDependencies.bun);
  }
});
