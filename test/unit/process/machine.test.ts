import { expect, test } from "bun:test";
import { LocalMachine } from "../../../src/process/machine.ts";

test("what is read by the program is asked for in English", async () => {
  const machine = new LocalMachine({ PATH: process.env.PATH, LC_ALL: "de_DE.UTF-8" });
  const said = async (options: { english?: boolean }) =>
    (await machine.run(["/usr/bin/env"], { deadline: 10_000, ...options })).stdout.match(/^LC_ALL=.*$/m)?.[0];
  expect(await said({ english: true })).toBe("LC_ALL=C");
  expect(await said({})).toBe("LC_ALL=de_DE.UTF-8");
});
