import { describe, expect, test } from "bun:test";
import { NixLog } from "../../../src/nix/progress.ts";
import { capture, captures, notesOf, readLog } from "./captures.ts";

describe("the note says what Nix is at", () => {
  test.each([
    [
      "good",
      [
        "evaluating",
        "preparing",
        "building kernel-6.12.1",
        "building kernel-6.12.1 (1 of 3)",
        "preparing",
        "building initrd-6.12.1",
        "building initrd-6.12.1 (2 of 3)",
        "preparing",
        "building microvm-qemu-web",
        "building microvm-qemu-web (3 of 3)",
        "preparing",
      ],
    ],
    [
      "phases",
      [
        "evaluating",
        "preparing",
        "building hello-2.12",
        "building hello-2.12: unpackPhase",
        "building hello-2.12: configurePhase",
        "building hello-2.12: buildPhase",
        "preparing",
      ],
    ],
    ["syntax", ["evaluating"]],
    ["dirty", ["evaluating", "preparing"]],
    ["flake-no-repository", ["evaluating", "fetching inputs", "evaluating"]],
  ])("%s", (name, notes) => {
    expect(notesOf(name)).toEqual(notes);
  });

  test("what comes from a cache is counted in bytes", () => {
    const http = notesOf("cache-http");
    expect(http.slice(0, 2)).toEqual(["evaluating", "asking the caches"]);
    expect(http.filter((note) => note.startsWith("fetching inputs"))).toEqual([]);
    expect(http.filter((note) => /^fetching [\d.]+ of 21\.0 MiB$/.test(note)).length).toBeGreaterThan(5);
    expect(http.findLast((note) => note.startsWith("fetching"))).toBe("fetching 21.0 of 21.0 MiB");
    const directory = notesOf("cache-directory");
    expect(directory.filter((note) => /^fetching [\d.]+ of 21\.0 MiB$/.test(note)).length).toBeGreaterThan(
      10,
    );
  });

  test("a flake's inputs are told apart from what is built", () => {
    expect(notesOf("input-tarball")).toContain("fetching inputs, 4.8 of 4.8 MiB");
  });
});

test("counters at the end", () => {
  expect(readLog("good").built).toEqual({ done: 3, expected: 3 });
  expect(readLog("cache-http").fetched.done).toBeGreaterThanOrEqual(22_000_000);
});

test.each(captures())("%s: it does not matter where the pieces break", (name) => {
  const all = capture(name);
  const [whole, bytes, thirteen] = [readLog(name), new NixLog(), new NixLog()];
  for (const byte of all) bytes.feed(Uint8Array.of(byte));
  for (let at = 0; at < all.length; at += 13) thirteen.feed(all.subarray(at, at + 13));
  for (const log of [bytes, thirteen]) {
    log.end();
    expect(log.messages).toEqual(whole.messages);
    expect(log.failed).toEqual(whole.failed);
    expect(log.other).toEqual(whole.other);
    expect(log.note()).toBe(whole.note());
  }
});

describe("what failed", () => {
  const own = (name: string) => readLog(name).failed.map((each) => [each.name, each.why, each.log.length]);

  test.each([
    ["broken", [["microvm-qemu-broken", "failed with exit code 3", 25]]],
    ["dependency", [["leaf-1.0", "failed with exit code 1", 1]]],
    ["daemon-dependency", [["leaf-1.0", "failed with exit code 1", 1]]],
    ["killed", [["killed", "failed due to signal 9 (Killed)", 1]]],
    ["timeout", [["slow", "timed out after 1 seconds", 1]]],
    ["hash", [["source.tar.gz", "hash mismatch", 0]]],
    [
      "keep-going",
      [
        ["two", "failed with exit code 2", 1],
        ["one", "failed with exit code 1", 1],
      ],
    ],
    ["good", []],
    ["syntax", []],
  ])("%s", (name, failed) => {
    expect(own(name)).toEqual(failed);
  });

  test("the last lines of the log of it", () => {
    expect(readLog("broken").failed[0]?.log.slice(-2)).toEqual([
      "step 30",
      "cc: fatal error: no input files",
    ]);
  });
});

test("errors and warnings are without colours", () => {
  expect(readLog("dirty").warnings).toEqual(["Git tree '/etc/nixos' is dirty"]);
  expect(readLog("trace").warnings).toEqual(["web.old is old; use web.new"]);
  expect(readLog("trace").errors).toEqual([]);
  expect(readLog("attribute-near").errors).toEqual([
    "flake 'git+file:///etc/nixos' does not provide attribute 'packages.x86_64-linux.nixosConfigurations.webb.config.microvm.declaredRunner', 'legacyPackages.x86_64-linux.nixosConfigurations.webb.config.microvm.declaredRunner' or 'nixosConfigurations.webb.config.microvm.declaredRunner'\n       Did you mean web?",
  ]);
});

test("lines of others are kept, and harm nothing", () => {
  const log = new NixLog();
  log.feed(
    Buffer.from(
      'fatal: a\r\n@nix {"action":"ms\n@nix nonsense\n@nix []\n@nix null\n\n@nix {"action":"start"}\nlast',
    ),
  );
  log.end();
  expect(log.other).toEqual([
    "fatal: a",
    '@nix {"action":"ms',
    "@nix nonsense",
    "@nix []",
    "@nix null",
    "last",
  ]);
  expect(log.note()).toBe("evaluating");
});

test("fields that are not what they should be are passed over", () => {
  const log = new NixLog();
  const lines = [
    { action: "start", id: 1, type: 105, text: 5, fields: [7] },
    { action: "result", id: 1, type: 101, fields: [{}] },
    { action: "result", id: 1, type: 105, fields: ["a", null] },
    { action: "result", id: 9, type: 105, fields: [1, 2] },
    { action: "result", id: 1, type: 104 },
    { action: "result", id: 1, type: 104, fields: null },
    { action: "stop", id: 12 },
    { action: "msg" },
  ];
  for (const line of lines) log.feed(Buffer.from(`@nix ${JSON.stringify(line)}\n`));
  expect(log.note()).toBe("building ");
  expect(log.errors).toEqual([]);
});

test("a line without an end does not fill the memory", () => {
  const log = new NixLog();
  for (let piece = 0; piece < 64; piece++) log.feed(Buffer.alloc(1024 * 1024, "a"));
  log.feed(Buffer.from("\nend\n"));
  expect(log.other.at(-1)).toBe("end");
  expect(log.other.join("").length).toBeLessThan(5 * 1024 * 1024);
});

test("passwords of addresses are left out", () => {
  const log = new NixLog();
  log.feed(
    Buffer.from(
      '@nix {"action":"msg","level":0,"msg":"error: unable to download \'https://me:secret@example.org/a\'"}\n',
    ),
  );
  expect(log.errors).toEqual(["unable to download 'https://example.org/a'"]);
});
