import { describe, expect, test } from "bun:test";
import { explainCopy, explainRelay, type RelayEnd } from "../../../src/nix/copying.ts";
import { readLog } from "./captures.ts";

const ASKED = { flake: "/nix/store/x", attribute: "", machine: "web" };
const explained = (name: string) =>
  explainCopy(
    { exitCode: 1, timedOut: false, cancelled: false, doing: "copying", log: readLog(name) },
    ASKED,
  );
const LOST = "the connection to web was lost over the copy: ";

test.each([
  ["copy-space", "no-space", "there is no space left on web: writing to file: No space left on device"],
  [
    "copy-inodes",
    "no-space",
    `there is no space left on web: creating file '"/nix/store/r61jrpgkz8k6gz7y5zq9i2qsjp40sar4-many/1175"': No space left on device`,
  ],
  ["copy-killed", "network", `${LOST}Connection to 10.0.0.7 closed by remote host`],
  ["copy-cut", "network", `${LOST}Timeout, server 10.0.0.7 not responding`],
  ["copy-refused", "network", `${LOST}ssh: connect to host 10.0.0.7 port 22: Connection refused`],
  ["copy-unreachable", "network", `${LOST}ssh: connect to host 10.0.0.7 port 22: Connection timed out`],
  ["copy-daemon-killed", "network", `${LOST}it ended in the middle`],
  ["daemon-gone", "daemon", expect.stringContaining("the Nix daemon on web does not answer")],
])("%s is %s", (name, code, detail) => {
  const failure = explained(name);
  expect([failure.code, failure.detail]).toEqual([code as typeof failure.code, detail]);
  expect(failure.log.length).toBeGreaterThan(0);
});

describe("through this machine", () => {
  const end = (
    name: string,
    exitCode: number | null,
    stderr = "",
    more: Partial<RelayEnd> = {},
  ): RelayEnd => ({
    ...{ name, exitCode, stderr, timedOut: false, cancelled: false },
    ...more,
  });
  const good = (name: string) => end(name, 0);
  const FULL = "error: writing to file: No space left on device\n";

  test.each([
    ["all of it came", good("db"), good("web"), undefined],
    ["the end was read, and the rest is not waited for", end("db", 141), good("web"), undefined],
    ["no room", end("db", 141), end("web", 1, FULL), ["no-space", "there is no space left on web: "]],
    [
      "no room, and the sender says something of it, too",
      end("db", 1, "error: writing to file: Broken pipe\n"),
      end("web", 1, FULL),
      ["no-space", "there is no space left on web: "],
    ],
    [
      "the sender was ended",
      end("db", null),
      end("web", 1, "error: unexpected end-of-file\n"),
      ["network", "the connection to web was lost over the copy: it ended in the middle"],
    ],
    [
      "out of time",
      end("db", null, "", { timedOut: true }),
      end("web", 1, "error: unexpected end-of-file\n"),
      ["timeout", "Nix took too long"],
    ],
  ] as const)("%s", (_, from, to, expected) => {
    const failure = explainRelay({ from, to }, "/nix/store/x");
    expect(failure && [failure.code, failure.detail]).toEqual(
      expected && ([expected[0], expect.stringContaining(expected[1])] as [(typeof expected)[0], string]),
    );
  });

  test.each([
    ["the sender", end("db", 1, "error: path '/nix/store/x' is not valid\n"), "db says: error: path"],
    ["who takes it", end("db", 141), "web says: error: lacks a signature"],
  ])("%s knows why, and we do not", (_, from, said) => {
    const stderr = from.exitCode === 141 ? "error: lacks a signature\n" : "error: unexpected end-of-file\n";
    expect(() => explainRelay({ from, to: end("web", 1, stderr) }, "/nix/store/x")).toThrow(said);
  });
});
