import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HoldBook } from "../../../src/store/held.ts";
import { temporary } from "../temporary.ts";

const hold = { at: 1, command: "stop plex" };

/** A homelab, as a repository or not, and the environments of two users. */
function home(repository: boolean) {
  const dir = temporary();
  const root = join(dir.path, "root");
  mkdirSync(repository ? join(root, ".git") : root, { recursive: true });
  const user = (name: string) => ({ HOMELAB_STATE_DIR: join(dir.path, name) });
  return { root, admin: user("admin"), cron: user("cron"), [Symbol.dispose]: () => dir[Symbol.dispose]() };
}

test("a hold is kept until it is dropped, and belongs to its root", () => {
  using lab = home(false);
  new HoldBook(lab.admin, lab.root).add(["plex", "loki"], hold);
  const book = new HoldBook(lab.admin, lab.root);
  expect([book.get("plex"), book.get("grafana")]).toEqual([hold, undefined]);
  expect(new HoldBook(lab.admin, "/elsewhere").get("plex")).toBeUndefined();
  expect(book.drop(["plex", "grafana"])).toBeUndefined();
  const after = new HoldBook(lab.admin, lab.root);
  expect([after.get("plex"), after.get("loki")]).toEqual([undefined, hold]);
});

test("in a repository every user sees the same holds", () => {
  using lab = home(true);
  new HoldBook(lab.admin, lab.root).add(["plex"], hold);
  expect(existsSync(join(lab.root, ".git/homelab/held.json"))).toBe(true);
  const other = new HoldBook(lab.cron, lab.root);
  expect(other.get("plex")).toEqual(hold);
  other.drop(["plex"]);
  expect(new HoldBook(lab.admin, lab.root).get("plex")).toBeUndefined();
});

test("where the repository's data cannot be written, the state directory keeps it, which is told of", () => {
  using lab = home(true);
  expect(new HoldBook(lab.admin, lab.root).add(["loki"], hold)).toBeUndefined();
  rmSync(join(lab.root, ".git/homelab"), { recursive: true });
  writeFileSync(join(lab.root, ".git/homelab"), "");
  const path = join(lab.admin.HOMELAB_STATE_DIR, "held.json");
  expect(new HoldBook(lab.admin, lab.root).add(["plex"], hold)).toStartWith(
    `that plex is held stands in ${path}, which runs of other users do not read: they start it again.`,
  );
  expect(new HoldBook(lab.admin, lab.root).get("plex")).toEqual(hold);
});

test("a hold that cannot be taken away is told of, and what was written stays whole", () => {
  using lab = home(true);
  new HoldBook(lab.admin, lab.root).add(["plex"], hold);
  const file = join(lab.root, ".git/homelab/held.json");
  const before = readFileSync(file, "utf8");
  mkdirSync(`${file}.${process.pid}/full`, { recursive: true });
  expect(new HoldBook(lab.admin, lab.root).drop(["plex"])).toStartWith(
    `that plex is not held any more could not be written to ${file} (`,
  );
  expect(readFileSync(file, "utf8")).toBe(before);
});

test("a file that is cut off holds nothing", () => {
  using lab = home(true);
  mkdirSync(join(lab.root, ".git/homelab"));
  writeFileSync(join(lab.root, ".git/homelab/held.json"), '{ "plex"');
  expect(new HoldBook(lab.admin, lab.root).get("plex")).toBeUndefined();
});
