import { expect, test } from "bun:test";
import { HomelabError } from "../../../src/errors.ts";
import { processStamp } from "../../../src/os/proc.ts";
import { runProcess, startProcess } from "../../../src/process/runner.ts";

const options = { env: { PATH: process.env.PATH }, deadline: 10_000 };
const ended = { exitCode: 0, signal: null, timedOut: false, cancelled: false, stdout: "", stderr: "" };

test("success and failure have the same shape", async () => {
  const script = 'echo out; echo "err" >&2; exit 3';
  expect(await runProcess(["sh", "-c", script], options)).toEqual({
    ...ended,
    exitCode: 3,
    stdout: "out\n",
    stderr: "err\n",
  });
});

test("the environment is the given one alone", async () => {
  const { stdout } = await runProcess(["/usr/bin/env"], { ...options, env: { ONLY: "this" } });
  expect(stdout).toBe("ONLY=this\n");
});

test("a deadline ends the whole group, grandchildren too", async () => {
  const script = "sleep 300 & echo $!; wait";
  const result = await runProcess(["sh", "-c", script], { ...options, deadline: 300 });
  expect(result.timedOut).toBe(true);
  // A dying process closes its end of the pipe a moment before the kernel calls it dead.
  const grandchild = Number(result.stdout);
  for (let tries = 0; processStamp(grandchild) !== undefined && tries < 200; tries++) await Bun.sleep(10);
  expect(processStamp(grandchild)).toBeUndefined();
});

test("what does not end when asked is killed (checklist 30)", async () => {
  const script = "trap '' TERM; echo ready; while :; do sleep 0.05; done";
  const result = await runProcess(["sh", "-c", script], { ...options, deadline: 300, grace: 100 });
  expect(result).toEqual({ ...ended, exitCode: null, signal: "SIGKILL", timedOut: true, stdout: "ready\n" });
});

test("what left the group and keeps the output open does not hold it up for ever", async () => {
  const script = "setsid sleep 300 & echo $!";
  const result = await runProcess(["sh", "-c", script], { ...options, deadline: 200, grace: 100 });
  process.kill(Number(result.stdout), "SIGKILL");
  expect(result).toMatchObject({ exitCode: 0, timedOut: true });
});

test("what is left in the background is not waited for where that is wanted, and nothing of the rest is lost", async () => {
  const script = "sleep 300 & echo $!; seq 100000; echo end >&2";
  const result = await runProcess(["sh", "-c", script], { ...options, leaveBehind: true, keep: 1_000_000 });
  const [pid, ...lines] = result.stdout.split("\n");
  process.kill(Number(pid), "SIGKILL");
  expect([lines.length, lines.at(-2), result.stderr]).toEqual([100_001, "100000", "end\n"]);
  expect(result.timedOut).toBe(false);
});

test("whoever takes his time to hear it hears all of it", async () => {
  const slow = { ...options, leaveBehind: true, keep: 1_000_000, tee: () => Bun.sleepSync(400) };
  const { stdout } = await runProcess(["seq", "50000"], slow);
  expect(stdout.split("\n").length).toBe(50_001);
});

test("what chatters on in the background is left behind as well", async () => {
  const script = "while :; do echo more; sleep 0.01; done & echo $!";
  const result = await runProcess(["sh", "-c", script], { ...options, leaveBehind: true });
  const pid = Number(/^\d+$/m.exec(result.stdout)?.[0]);
  for (let tries = 0; processStamp(pid) !== undefined && tries < 500; tries++) await Bun.sleep(10);
  // Nobody reads it any more.
  expect([result.exitCode, processStamp(pid)]).toEqual([0, undefined]);
});

test("a signal that came before the start ends it at once", async () => {
  const signal = AbortSignal.abort();
  expect(await runProcess(["sleep", "300"], { ...options, signal })).toMatchObject({
    cancelled: true,
    signal: "SIGTERM",
  });
});

test("a signal breaks it off", async () => {
  const abort = new AbortController();
  const { result } = startProcess(["sleep", "300"], { ...options, signal: abort.signal });
  abort.abort();
  expect(await result).toMatchObject({ cancelled: true, timedOut: false });
});

test("of a long output the last part is kept", async () => {
  const script = "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done";
  const { stdout } = await runProcess(["sh", "-c", script], options);
  expect(stdout.length).toBe(64 * 1024);
  expect(stdout.endsWith("line 19998\nline 19999\n")).toBe(true);
});

test("standard input is what was given, and then at its end", async () => {
  const stdin = `${"ä".repeat(200_000)}\nlast`;
  const { stdout, exitCode } = await runProcess(["wc", "-c"], { ...options, stdin });
  expect({ stdout, exitCode }).toEqual({ stdout: "400005\n", exitCode: 0 });
  expect(await runProcess(["cat"], { ...options, stdin: "" })).toEqual(ended);
  expect(await runProcess(["cat"], options)).toEqual(ended);
});

test("a program that does not read its input ends as it would", async () => {
  const stdin = "x".repeat(1_000_000);
  expect(await runProcess(["sh", "-c", "exit 7"], { ...options, stdin })).toEqual({ ...ended, exitCode: 7 });
});

test("what is captured is redacted", async () => {
  const redact = (text: string) => text.replaceAll("secret", "[redacted]");
  expect(await runProcess(["sh", "-c", "echo secret >&2"], { ...options, redact })).toMatchObject({
    stderr: "[redacted]\n",
  });
});

test("a program that is not there is said to be missing", () => {
  expect(() => startProcess(["no-such-program"], options)).toThrow(
    new HomelabError("unavailable", "cannot start `no-such-program`"),
  );
});

test("a directory that is not there is said to be missing, not the program", () => {
  expect(() => startProcess(["sh"], { ...options, cwd: "/no/such/place" })).toThrow(
    new HomelabError("unavailable", "cannot start `sh` in /no/such/place: no such directory"),
  );
});
