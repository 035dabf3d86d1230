import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { CLONE, LOOK, parseClone } from "../../../../src/run/host/setup/sync-git.ts";
import { temporary, write } from "../../temporary.ts";

const NEW = ".homelab-new";

/** A repository to be cloned, and a directory that it is to go to. */
function place(files: Readonly<Record<string, string>> = {}) {
  const dir = temporary();
  const [up, to] = [`${dir.path}/up`, `${dir.path}/to`];
  for (const [path, text] of Object.entries({ "a.txt": "ours\n", ".hidden": "ours\n", "b c/d": "ours\n" }))
    write(`${up}/${path}`, text);
  const git = (...words: string[]) =>
    Bun.spawnSync(["git", "-C", up, "-c", "user.name=me", "-c", "user.email=me@here", ...words]);
  git("init", "--quiet");
  git("add", ".");
  git("commit", "--quiet", "--message=first");
  mkdirSync(to);
  for (const [path, text] of Object.entries(files)) write(`${to}/${path}`, text);
  const sh = (script: string, ...words: string[]) => Bun.spawnSync(["sh", "-c", script, "sh", ...words]);
  return {
    ...{ up, to, [Symbol.dispose]: () => dir[Symbol.dispose]() },
    look: () => parseClone(sh(LOOK, to).stdout.toString()),
    clone: () => sh(CLONE, up, to),
    status: () => sh('git -C "$1" status --porcelain', to).stdout.toString(),
  };
}

test("a clone is made where there is nothing, and where one was broken off", () => {
  for (const files of [{}, { [`${NEW}/.git/HEAD`]: "half a clone" }]) {
    using there = place(files);
    expect(there.look()).toEqual({ is: "empty" });
    expect(there.clone().exitCode).toBe(0);
    expect(there.look()).toMatchObject({ is: "clone", url: there.up });
    expect(readdirSync(there.to).toSorted()).toEqual([".git", ".hidden", "a.txt", "b c"]);
    expect([there.status(), existsSync(`${there.to}/.git/homelab-whole`)]).toEqual(["", false]);
  }
});

test("files of a person beside what was broken off are not taken for nothing", () => {
  using there = place({ "a.txt": "mine\n", [`${NEW}/.git/HEAD`]: "half a clone" });
  expect(there.look()).toEqual({ is: "foreign" });
});

test("one that is whole is gone on with, and nothing is written over", () => {
  using there = place();
  // Something in the way of the second entry, so that it stops in between.
  write(`${there.to}/b c`, "mine\n");
  const stopped = there.clone();
  expect([stopped.exitCode, stopped.stderr.toString()]).toEqual([1, "error: b c is there already\n"]);
  expect(readFileSync(`${there.to}/b c`, "utf8")).toBe("mine\n");
  expect(there.look()).toEqual({ is: "half", url: there.up });
  rmSync(`${there.to}/b c`);
  writeFileSync(`${there.to}/a.txt`, "changed meanwhile\n");
  expect(there.clone().exitCode).toBe(0);
  expect(there.look()).toMatchObject({ is: "clone", url: there.up });
  expect(there.status()).toBe(" M a.txt\n");
});

test("a clone that is there is not cloned into, whatever lies beside it", () => {
  using there = place();
  there.clone();
  write(`${there.to}/${NEW}/.git/config`, "");
  expect(there.look()).toMatchObject({ is: "clone", url: there.up });
  const again = there.clone();
  expect([again.exitCode, again.stderr.toString()]).toEqual([1, "error: .git is there already\n"]);
  expect(existsSync(`${there.to}/.git/.git`)).toBe(false);
});
