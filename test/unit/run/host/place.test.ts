import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { LocalMachine } from "../../../../src/process/machine.ts";
import { plainListener } from "../../../../src/report/plain.ts";
import { style } from "../../../../src/report/style.ts";
import { evaluationsFor, Places } from "../../../../src/run/host/place.ts";

test("as many evaluations at once as the memory has room for", () => {
  const meminfo = (gigabytes: number) =>
    `MemTotal:       65536000 kB\nMemAvailable:   ${gigabytes * 1024 * 1024} kB\nBuffers: 1 kB\n`;
  expect([0, 1, 3, 6, 60].map((each) => evaluationsFor(meminfo(each), 4))).toEqual([1, 1, 1, 2, 4]);
  expect(evaluationsFor("", 4)).toBe(4);
});

test("links to what is built are in one directory of a machine, until the run leaves it", async () => {
  const here = new LocalMachine(process.env);
  const told: string[] = [];
  const write = (text: string) => void told.push(text);
  const listener = plainListener({ write, verbose: false, style: style(false) });
  const places = new Places({ root: "/", here, flake: "/", env: {}, jobs: 1, listener });
  const [first, second] = await Promise.all([places.links(here), places.links(here)]);
  expect([second, existsSync(first ?? "")]).toEqual([first, true]);
  await places.leave();
  expect([existsSync(first ?? ""), told]).toEqual([false, []]);
});
