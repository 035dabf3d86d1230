import { expect, test } from "bun:test";
import { explainCopy } from "../../../src/nix/copying.ts";
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
