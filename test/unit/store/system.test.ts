import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Store } from "../../../src/store/store.ts";
import { recordSystem, systemRevision } from "../../../src/store/system.ts";
import { temporary } from "../temporary.ts";

/** A homelab, as a repository or not, and the states of two users. */
function home(repository: boolean) {
  const dir = temporary();
  const root = join(dir.path, "root");
  mkdirSync(repository ? join(root, ".git") : root, { recursive: true });
  const open = (name: string) =>
    Store.open({ HOMELAB_STATE_DIR: join(dir.path, name) }, (text) => {
      throw new Error(`unexpected warning: ${text}`);
    });
  const [admin, cron] = [open("admin"), open("cron")];
  const end = () => {
    for (const store of [admin, cron]) store.close();
    dir[Symbol.dispose]();
  };
  return { root, admin, cron, shared: join(root, ".git/homelab/system.json"), [Symbol.dispose]: end };
}

test("in a repository every user knows what the system was switched to last", () => {
  using lab = home(true);
  expect(systemRevision(lab.admin, lab.root)).toBeUndefined();
  recordSystem(lab.cron, lab.root, "one", 1);
  expect(systemRevision(lab.admin, lab.root)).toBe("one");
  recordSystem(lab.admin, lab.root, "two", 2);
  expect(systemRevision(lab.cron, lab.root)).toBe("two");
  expect(systemRevision(lab.admin, "/elsewhere")).toBeUndefined();
});

test("what another machine was switched to is of no interest here", () => {
  using lab = home(true);
  recordSystem(lab.cron, lab.root, "one", 1);
  const copied = JSON.parse(readFileSync(lab.shared, "utf8"));
  copied[lab.root].machine = "another";
  writeFileSync(lab.shared, JSON.stringify(copied));
  expect(systemRevision(lab.admin, lab.root)).toBeUndefined();
  expect(systemRevision(lab.cron, lab.root)).toBe("one");
});

test("where the repository's data cannot be written, or there is none, each user's own state knows it", () => {
  for (const repository of [true, false]) {
    using lab = home(repository);
    if (repository) writeFileSync(join(lab.root, ".git/homelab"), "");
    recordSystem(lab.cron, lab.root, "one", 1);
    expect([systemRevision(lab.cron, lab.root), systemRevision(lab.admin, lab.root)]).toEqual([
      "one",
      undefined,
    ]);
  }
});
