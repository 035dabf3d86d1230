import { expect, test } from "bun:test";
import { hostname, tmpdir } from "node:os";
import { HomelabError } from "../../../../src/errors.ts";
import {
  goneFrom,
  identityOf,
  markerOf,
  parseCopy,
  sentFiles,
  someOf,
} from "../../../../src/run/host/setup/copy.ts";
import { shownDirectory, syncDirectory } from "../../../../src/run/host/setup/directory.ts";
import { nixKey, nixSudo, recipeLines, sudoFile, sudoRule } from "../../../../src/run/host/setup/lines.ts";
import { missingOf, parseNeeds } from "../../../../src/run/host/setup/needs.ts";
import { parseClone } from "../../../../src/run/host/setup/sync-git.ts";
import { countSent } from "../../../../src/run/host/setup/sync-rsync.ts";
import { judgeKeys } from "../../../../src/run/host/setup/trust.ts";
import { fingerprint, type KnownLine } from "../../../../src/ssh/keys.ts";

import { temporary } from "../../temporary.ts";

const ed = { type: "ssh-ed25519", blob: "AAAAC3NzaC1lZDI1NTE5AAAAINiJ" };
const other = { type: "ssh-ed25519", blob: "AAAAC3NzaC1lZDI1NTE5AAAAOTHR" };
const rsa = { type: "ssh-rsa", blob: "AAAAB3NzaC1yc2EAAAADAQAB" };
const line = (key: typeof ed, marker?: KnownLine["marker"]): KnownLine => ({ key, marker });

test.each([
  ["nothing is known: all that it shows", [], [ed, rsa], undefined, { add: [ed, rsa] }],
  ["nothing is known: only the named one", [], [ed, rsa], rsa, { add: [rsa] }],
  ["another one was named", [], [ed], other, { refused: "not the named one" }],
  ["it is known", [line(ed)], [ed, rsa], undefined, { add: [] }],
  ["one of its keys is known", [line(rsa)], [ed, rsa], undefined, { add: [] }],
  ["another one is known", [line(other)], [ed], undefined, { refused: "changed" }],
  ["it is known, and another was named", [line(ed)], [ed], other, { refused: "not the named one" }],
  ["another one is known than the named one", [line(other)], [ed], ed, { refused: "changed" }],
  ["it was stolen", [line(ed, "revoked")], [ed], undefined, { refused: "revoked" }],
  ["somebody else's was stolen", [line(other, "revoked")], [ed], undefined, { add: [ed] }],
  ["an authority vouches for it", [line(rsa, "cert-authority")], [ed], undefined, { add: [] }],
] as const)("host keys: %s", (_, known, scanned, wanted, verdict) => {
  expect(judgeKeys({ known, scanned, wanted: wanted && fingerprint(wanted) })).toEqual(verdict as never);
});

test("lines for configurations, whatever stands in a name or a comment", () => {
  expect(nixKey("admin", 'ssh-ed25519 AAAA "me"${x}\\')).toBe(
    'users.users.admin.openssh.authorizedKeys.keys = [ "ssh-ed25519 AAAA \\"me\\"\\${x}\\\\" ];',
  );
  expect(nixSudo("a.b")).toBe(
    'security.sudo.extraRules = [ { users = [ "a.b" ]; commands = [ { command = "ALL"; options = [ "NOPASSWD" ]; } ]; } ];',
  );
  expect(nixKey("a.b", "k")).toStartWith('users.users."a.b".openssh');
  expect([sudoRule("a.b"), sudoFile("a.b")]).toEqual(["a.b ALL=(ALL:ALL) NOPASSWD: ALL", "homelab-a_b"]);
});

test("lines for homelab.yml: what is not written there", () => {
  const host = { name: "web", address: "10.0.0.2", user: "admin", identity: "~/.ssh/homelab_web" };
  const all = [
    ...["hosts:", "  web:", "    address: 10.0.0.2", "    user: admin"],
    "    identity: ~/.ssh/homelab_web",
  ];
  expect(recipeLines(host, undefined)).toEqual(all);
  expect(recipeLines(host, host)).toBeUndefined();
  expect(recipeLines(host, { address: "10.0.0.2" })).toEqual([...all.slice(0, 2), ...all.slice(3)]);
});

test("directories on the other side", () => {
  const good = ["/opt/homelab", "~/nixos-config", "~/a/b/", undefined];
  expect(good.map((text) => shownDirectory(syncDirectory(text)))).toEqual([
    ...["/opt/homelab", "~/nixos-config", "~/a/b", "~/nixos-config"],
  ]);
  const bad = [
    "",
    "/",
    "~",
    "~/",
    "homelab",
    "/etc",
    "/opt/../etc",
    "/opt/./x",
    "~/a b",
    "~/$(id)",
    "host:/x/y",
    "~/-x",
  ];
  for (const text of bad) expect(() => syncDirectory(text)).toThrow(HomelabError);
});

test("what rsync would do, from --itemize-changes (3.4.1)", () => {
  const text = `*deleting   olddir/
*deleting   gone
.d..t...... ./
>f.s....... changed
cL+++++++++ link -> x
<f+++++++++ new
.f...p..... perm
cd+++++++++ dir/
`;
  expect(countSent(text)).toBe(5);
  expect(countSent(".d..t...... ./\n")).toBe(0);
});

test("a marker says of what a directory is a copy, and what was sent", () => {
  expect(parseCopy(`copy\n${markerOf("ssh://up/lab", ["a", "b/c", "a"])}`)).toEqual({
    ...{ is: "copy", of: "ssh://up/lab", files: ["a", "b/c"] },
  });
  expect(parseCopy("copy\n")).toEqual({ is: "copy", of: "", files: [] });
  expect(parseCopy("copy\nx\n/etc/passwd\n../up\na/../../up\n./a\na//b\n..a\n")).toEqual({
    ...{ is: "copy", of: "x", files: ["..a"] },
  });
  expect([parseCopy("empty\n"), parseCopy("foreign\n"), parseCopy("")]).toEqual([
    ...[{ is: "empty" } as const, { is: "foreign" } as const, { is: "foreign" } as const],
  ]);
});

test("what was sent and is not here any more is removed there, but never a secret", () => {
  const files = [
    "here",
    "gone",
    "plex/.env",
    ".env",
    ".env.local",
    "plex/compose.yml",
    "docs/x",
    ".git/HEAD",
  ];
  expect(goneFrom(files, (path) => path === "here")).toEqual(["gone", "plex/compose.yml"]);
  expect([someOf(["a", "b"]), someOf([..."abcdefg"])]).toEqual(["a, b", "a, b, c, d, e and 2 more"]);
});

test("what git ignores, or does not come along, is not known as sent", async () => {
  using dir = temporary({
    ".gitignore": "data/\n",
    "homelab.yml": "",
    "new/file": "",
    "data/db": "",
    "docs/a": "",
    "result-x/a": "",
  });
  const target = { root: dir.path, env: { PATH: process.env.PATH, GIT_CEILING_DIRECTORIES: tmpdir() } };
  const git = (...words: string[]) => Bun.spawnSync(["git", "-C", dir.path, ...words]);
  expect((await sentFiles(target)).toSorted()).toEqual([".gitignore", "data/db", "homelab.yml", "new/file"]);
  expect(await identityOf(target)).toBe(`${hostname()}:${dir.path}`);
  git("init", "--quiet");
  git("remote", "add", "origin", "https://me:secret@up/lab.git");
  expect((await sentFiles(target)).toSorted()).toEqual([".gitignore", "homelab.yml", "new/file"]);
  expect(await identityOf(target)).toBe("https://up/lab.git");
  expect(await identityOf({ ...target, root: `${dir.path}/new` })).toBe("https://up/lab.git new/");
});

test("what a directory there is to git", () => {
  expect(parseClone("empty\n")).toEqual({ is: "empty" });
  expect(parseClone("foreign\n")).toEqual({ is: "foreign" });
  expect(parseClone("")).toEqual({ is: "foreign" });
  expect(parseClone("half\nfile:///up.git\n")).toEqual({ is: "half", url: "file:///up.git" });
  expect(parseClone("clone\nfile:///up.git\nabc\nabd\n")).toEqual({
    ...{ is: "clone", url: "file:///up.git", commit: "abc", upstream: "abd" },
  });
});

test("what a host has, and what it lacks", () => {
  const needs = parseNeeds("nixos\nNixOS 25.11\nnix (Nix) 2.31.2\nrunning\nadmin (1000)\n");
  expect(needs).toEqual({
    ...{ nixos: true, os: "NixOS 25.11", nix: "nix (Nix) 2.31.2", systemd: "running", login: "admin (1000)" },
  });
  expect(missingOf(needs)).toEqual([]);
  expect(missingOf({ nix: "", systemd: "offline" })).toHaveLength(2);
  expect(missingOf({ nix: "", systemd: "degraded" })).toHaveLength(1);
});
