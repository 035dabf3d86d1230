import { expect, test } from "bun:test";
import { findingLine } from "../../../../src/nix/finding.ts";
import { conditionFindings, readCondition, requireInodes } from "../../../../src/units/host/condition.ts";

const parts = (version: string) => [1, 2, 3].map((at) => `/nix/store/${at}-linux-${version}`);

test("what a host says of itself", () => {
  expect(readCondition(["degraded", "1000 990", ...parts("1"), ...parts("2"), ""].join("\n"))).toEqual({
    systemd: "degraded",
    reboot: ["kernel", "initrd", "kernel-modules"],
    inodes: 990,
  });
  // Btrfs counts none, and a container was not booted.
  const unbooted = ["kernel", "initrd", "kernel-modules"].map((part) => `/run/booted-system/${part}`);
  expect(readCondition(["running", "0 0", ...unbooted, ...parts("2"), ""].join("\n"))).toEqual({
    systemd: "running",
    reboot: [],
    inodes: undefined,
  });
});

test("room for files", () => {
  expect(() => requireInodes("web", { inodes: undefined })).not.toThrow();
  expect(() => requireInodes("web", { inodes: 1000 })).not.toThrow();
  expect(() => requireInodes("web", { inodes: 12 })).toThrow(
    "the file system of web's store has room for 12 more files",
  );
});

test.each([
  ["degraded", 0, [], []],
  ["running", -300_000, [], []],
  ["starting", 0, [], ["web still boots: what has not come up yet is not counted as failed (not-running)"]],
  ["stopping", 0, [], ["web is shutting down (not-running)"]],
  ["running", 420_000, [], ["the clock of web is 7 min ahead of this machine's (clock-skew)"]],
  ["running", -3_600_000, [], ["the clock of web is 60 min behind this machine's (clock-skew)"]],
  ["running", 0, ["kernel"], ["web waits for a reboot already: kernel (reboot-pending)"]],
])("%s, %d ms, %p", (systemd, ahead, reboot, lines) => {
  const condition = { systemd, ahead, reboot, inodes: undefined };
  expect(conditionFindings("web", condition).map(findingLine)).toEqual(lines);
});
