import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { LocalMachine } from "../../../src/process/machine.ts";
import { pipe } from "../../../src/process/pipe.ts";

const machine = new LocalMachine(process.env);
const end = (script: string, options = {}) => ({
  machine,
  argv: ["sh", "-c", script],
  options: { deadline: 20_000, ...options },
});
const descriptors = () => readdirSync("/proc/self/fd").length;

test("what one program writes is what the other one reads, and nothing stays open", async () => {
  const before = descriptors();
  const { from, to } = await pipe(machine, end("head -c 20000000 /dev/zero; exit 3"), end("wc -c; exit 4"));
  expect([from.exitCode, from.stdout, to.exitCode, to.stdout.trim()]).toEqual([3, "", 4, "20000000"]);
  expect(descriptors()).toBe(before);
});

test("an end that ends early ends the other one", async () => {
  const early = await pipe(machine, end("exec yes"), end("head -n 1"));
  expect([early.from.signal, early.to.stdout]).toEqual(["SIGPIPE", "y\n"]);
  const empty = await pipe(machine, end("exit 1"), end("cat"));
  expect([empty.from.exitCode, empty.to.exitCode, empty.to.stdout]).toEqual([1, 0, ""]);
});

test("a program that cannot be started leaves nobody waiting", async () => {
  const missing = { ...end(""), argv: ["homelab-no-such-program"] };
  await expect(pipe(machine, missing, end("cat"))).rejects.toThrow("cannot start `homelab-no-such-program`");
  await expect(pipe(machine, end("exec yes"), missing)).rejects.toThrow(
    "cannot start `homelab-no-such-program`",
  );
});
