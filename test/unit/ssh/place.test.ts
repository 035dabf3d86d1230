import { expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { HomelabError } from "../../../src/errors.ts";
import { privateDirectory, writeSettings } from "../../../src/ssh/place.ts";
import { temporary } from "../temporary.ts";

const user = process.getuid?.() ?? 0;

test("the directory is in the user's own runtime directory, else in that for temporary files", () => {
  using dir = temporary();
  chmodSync(dir.path, 0o700);
  expect(privateDirectory({ XDG_RUNTIME_DIR: dir.path })).toBe(join(dir.path, "homelab"));
  expect(statSync(join(dir.path, "homelab")).mode & 0o777).toBe(0o700);
  expect(privateDirectory({ TMPDIR: dir.path })).toBe(join(dir.path, `homelab-${user}`));
  chmodSync(dir.path, 0o777);
  expect(privateDirectory({ XDG_RUNTIME_DIR: dir.path, TMPDIR: dir.path })).toBe(
    join(dir.path, `homelab-${user}`),
  );
});

test("a path that is too long for a socket is not taken", () => {
  using dir = temporary();
  const long = join(dir.path, "x".repeat(60));
  mkdirSync(long, { mode: 0o700 });
  expect(privateDirectory({ XDG_RUNTIME_DIR: long, TMPDIR: dir.path })).toBe(
    join(dir.path, `homelab-${user}`),
  );
});

test.each([
  ["a link", (path: string, other: string) => symlinkSync(other, path)],
  ["open to others", (path: string) => mkdirSync(path, { mode: 0o755 })],
  ["a file", (path: string) => writeFileSync(path, "")],
])("what is %s in its place is refused", (_, make) => {
  using dir = temporary();
  void make(join(dir.path, `homelab-${user}`), dir.path);
  expect(() => privateDirectory({ TMPDIR: dir.path })).toThrow(
    new HomelabError("refused", `${join(dir.path, `homelab-${user}`)} is not a directory of yours alone`),
  );
});

test("somebody else's directory is refused", () => {
  using dir = temporary();
  mkdirSync(join(dir.path, `homelab-${user + 1}`), { mode: 0o700 });
  expect(() => privateDirectory({ TMPDIR: dir.path }, user + 1)).toThrow(HomelabError);
});

test("settings are written once for the same route, and never over those of another", () => {
  using dir = temporary();
  const env = { TMPDIR: dir.path, HOME: "/home/me" };
  const first = writeSettings({ to: { address: "p620" } }, env);
  const inode = statSync(first.file).ino;
  expect(writeSettings({ to: { address: "p620" } }, env)).toEqual(first);
  expect(statSync(first.file).ino).toBe(inode);
  expect(statSync(first.file).mode & 0o777).toBe(0o600);
  const other = writeSettings({ to: { address: "p620", user: "admin" } }, env);
  const own = writeSettings({ to: { address: "p620" } }, { ...env, HOMELAB_SSH_CONFIG: "/etc/passwd" });
  expect(new Set([first.id, other.id, own.id]).size).toBe(3);
  expect(readFileSync(own.file, "utf8")).toContain('Include "/etc/passwd"');
  writeFileSync(first.file, "cut off");
  writeSettings({ to: { address: "p620" } }, env);
  expect(readFileSync(first.file, "utf8")).toContain('Include "/home/me/.ssh/config"');
  expect(readdirSync(first.directory).length).toBe(3);
});

test("settings that somebody has named must be there", () => {
  using dir = temporary();
  const env = { TMPDIR: dir.path, HOMELAB_SSH_CONFIG: "/nowhere/config" };
  expect(() => writeSettings({ to: { address: "p620" } }, env)).toThrow(
    "HOMELAB_SSH_CONFIG names `/nowhere/config`, which is not there",
  );
});
