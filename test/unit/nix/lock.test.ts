import { describe, expect, test } from "bun:test";
import { HomelabError } from "../../../src/errors.ts";
import { isNixpkgs, lockMoves, moveDocument, moveLine, readLock } from "../../../src/nix/lock.ts";
import { text } from "./captures.ts";

/** Lock files that Nix 2.26.3 wrote. */
const captured = (name: string) => readLock(text(`flake-${name}.lock`), "flake.lock");
const moves = (before: string, after: string) => lockMoves(captured(before), captured(after)).map(moveLine);
const made = (version: number, nodes: object) => JSON.stringify({ nodes, root: "root", version });
const read = (nodes: object, version = 7) => [...readLock(made(version, nodes), "flake.lock")];

describe("what moved, in lock files of the real Nix", () => {
  test("an update: what only follows another input does not move by itself", () => {
    expect(moves("before", "after")).toEqual([
      "file: Wbf0KL/XF4 (2026-11-21) → iX9knPVOTn (2026-11-21)",
      "pin: b76fbdcf89 (2026-11-21) → 83450c2547 (2026-11-21)",
      "plain: hTJPMh9Bwk (2026-11-21) → fa0FFxd83Y (2026-11-21)",
    ]);
  });

  test("an input that goes, and one that follows no more: the node `pin` is by then another's", () => {
    expect(moves("after", "other")).toEqual([
      "other/pin: follows pin → git+file:///w/pin?ref=main b76fbdcf89 (2026-11-21)",
      "plain: gone, path:/w/plain fa0FFxd83Y (2026-11-21)",
    ]);
    expect(moves("other", "after")).toEqual([
      "other/pin: git+file:///w/pin?ref=main b76fbdcf89 (2026-11-21) → follows pin",
      "plain: new, path:/w/plain fa0FFxd83Y (2026-11-21)",
    ]);
  });

  test("nothing", () => {
    expect(moves("after", "after")).toEqual([]);
  });

  test("for programs", () => {
    expect(lockMoves(captured("after"), captured("other")).map(moveDocument)).toEqual([
      {
        input: "other/pin",
        change: "updated",
        before: { follows: "pin" },
        after: {
          source: "git+file:///w/pin?ref=main",
          revision: "b76fbdcf89f797e00436493e6416cfafec3edcd1",
          hash: "sha256-n+kfkFcstUKVzCtDzVkMJGRTvR1heQZp3vJYnZxfWfo=",
          modified: "2026-11-21T13:58:12.000Z",
        },
      },
      {
        input: "plain",
        change: "removed",
        before: {
          source: "path:/w/plain",
          revision: null,
          hash: "sha256-fa0FFxd83YqXrTd7Rm4fGakzDjCbSxoExE7sO9XoWfY=",
          modified: "2026-11-21T14:02:33.000Z",
        },
        after: null,
      },
    ]);
  });
});

describe("what a node says", () => {
  const github = {
    type: "github",
    owner: "NixOS",
    repo: "nixpkgs",
    rev: "0123456789abcdef",
    narHash: "sha256-x",
  };
  test.each<[what: string, locked: object, source: string]>([
    ["of GitHub", github, "github:NixOS/nixpkgs"],
    ["of another host", { ...github, host: "git.example.org" }, "github:NixOS/nixpkgs?host=git.example.org"],
    ["in a directory of it", { ...github, dir: "lib" }, "github:NixOS/nixpkgs?dir=lib"],
    ["of git", { type: "git", url: "ssh://git@host/x", ref: "refs/heads/main" }, "git+ssh://host/x?ref=main"],
    ["with a password", { type: "git", url: "https://ada:secret@host/x" }, "git+https://host/x"],
    ["an archive", { type: "tarball", url: "https://host/x.tar.gz?rev=0a1b" }, "https://host/x.tar.gz"],
    ["of the registry", { type: "indirect", id: "nixpkgs" }, "indirect:nixpkgs"],
    ["beside it", { type: "path", path: "./lib" }, "path:./lib"],
  ])("an input %s", (_, locked, source) => {
    const nodes = { root: { inputs: { a: "x" } }, x: { locked } };
    expect(read(nodes).map(([name, each]) => [name, "source" in each && each.source])).toEqual([
      ["a", source],
    ]);
  });

  test.each([
    [
      5,
      {
        info: { lastModified: 1_700_000_000, narHash: "sha256-x" },
        locked: { ...github, narHash: undefined },
      },
    ],
    [6, { locked: { ...github, lastModified: 1_700_000_000 } }],
    [7, { locked: { ...github, lastModified: 1_700_000_000 } }],
  ])("version %d has the hash and the date where it has them", (version, node) => {
    expect(read({ root: { inputs: { n: "x" } }, x: node }, version)).toEqual([
      [
        "n",
        {
          source: "github:NixOS/nixpkgs",
          revision: "0123456789abcdef",
          hash: "sha256-x",
          modified: 1_700_000_000_000,
        },
      ],
    ]);
  });

  test.each([
    ["github:NixOS/nixpkgs", true],
    ["github:nixos/nixpkgs", true],
    ["https://channels.nixos.org/nixos-25.11/nixexprs.tar.xz", true],
    ["git+https://github.com/NixOS/nixpkgs.git?ref=master", true],
    ["path:/srv/nixpkgs", true],
    ["github:nix-community/home-manager", false],
    ["github:NixOS/nixpkgs-fmt", false],
    ["github:nix-community/nixpkgs-wayland", false],
  ])("%s: whether it is nixpkgs: %p", (source, want) => {
    expect(isNixpkgs({ source, revision: undefined, hash: undefined, modified: undefined })).toBe(want);
  });
});

describe("what is no lock file", () => {
  const told = (content: string) => {
    try {
      readLock(content, "/srv/flake.lock");
      return undefined;
    } catch (error) {
      if (!(error instanceof HomelabError)) throw error;
      return [error.code, error.message];
    }
  };
  test.each<[content: string, code: string, message: string]>([
    ["", "not-configured", "/srv/flake.lock cannot be read: it is no lock file of Nix"],
    ["[1]", "not-configured", "/srv/flake.lock cannot be read: it is no lock file of Nix"],
    [
      '{\n<<<<<<< HEAD\n"nodes": {}}',
      "not-configured",
      "/srv/flake.lock cannot be read: it has the marks of a merge that was not finished",
    ],
    [made(8, {}), "unsupported", "/srv/flake.lock has the format 8, which is not known here"],
    [made(7, {}), "not-configured", "/srv/flake.lock cannot be read: it has no input root"],
    [
      made(7, { root: { inputs: { a: "gone" } } }),
      "not-configured",
      "/srv/flake.lock cannot be read: it has no input a",
    ],
    [
      made(7, { root: { inputs: { a: "x" } }, x: { inputs: { b: "x" } } }),
      "not-configured",
      "/srv/flake.lock cannot be read: it has no input a/b",
    ],
  ])("%p", (content, code, message) => {
    expect(told(content)).toEqual([code, message]);
  });
});
