import { expect, test } from "bun:test";
import { probe } from "../../../src/units/probe.ts";

const probing = { env: { PATH: process.env.PATH }, cwd: "/" };

test.each([
  [["true"], undefined],
  [["sh", "-c", "exit 4"], "`sh -c exit 4` ended with exit code 4"],
  [["no-such-probe", "-x"], "`no-such-probe -x` cannot be tried: cannot start `no-such-probe`"],
])("%j", async (command, seen) => {
  expect(await probe({ command }, probing)).toBe(seen as string);
});
