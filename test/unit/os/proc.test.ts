import { expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { isTerminal, tryLock } from "../../../src/os/libc.ts";
import { processCommand, processStamp, processStartTime } from "../../../src/os/proc.ts";
import { temporary } from "../temporary.ts";

/** More than any kernel gives out. */
const NOBODY = 2 ** 22 + 1;

test("a process has one stamp for its whole life, and nobody has none", async () => {
  const child = Bun.spawn(["sleep", "300"]);
  const stamp = processStamp(child.pid);
  expect([processStamp(child.pid), Number(stamp) >= Number(processStamp(process.pid))]).toEqual([
    stamp,
    true,
  ]);
  child.kill();
  await child.exited;
  expect([processStamp(child.pid), processStamp(NOBODY)]).toEqual([undefined, undefined]);
});

test("a program's name with spaces and brackets does not shift its stamp", () => {
  using dir = temporary();
  const program = `${dir.path}/a) b (c`;
  Bun.spawnSync(["cp", "/bin/sleep", program]);
  const child = Bun.spawn([program, "300"]);
  const began = processStartTime(child.pid) ?? 0;
  expect(processCommand(child.pid)).toEqual([program, "300"]);
  child.kill();
  expect(Math.abs(Date.now() - began)).toBeLessThan(5000);
});

test("nobody has neither a command line nor a start", () => {
  expect([processCommand(NOBODY), processStartTime(NOBODY)]).toEqual([undefined, undefined]);
});

test("a lock is held by one open file at a time", () => {
  using dir = temporary();
  const first = openSync(dir.path, "r");
  const second = openSync(dir.path, "r");
  expect([tryLock(first), tryLock(first), tryLock(second)]).toEqual([true, true, false]);
  closeSync(first);
  expect(tryLock(second)).toBe(true);
  closeSync(second);
});

test("a file is no terminal, and neither is what is not open", () => {
  const file = openSync("/dev/null", "r");
  expect([isTerminal(file), isTerminal(9999)]).toEqual([false, false]);
  closeSync(file);
});
