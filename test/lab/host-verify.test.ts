import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { Hosts, service } from "../helpers/hosts.ts";

let hosts: Hosts;
beforeAll(async () => {
  hosts = await Hosts.boot(["web"]);
}, 120_000);
afterAll(async () => {
  await hosts[Symbol.asyncDispose]();
});
/** Every test begins with what the one before it left: the version that web runs. */
let runs = 1;
beforeEach(async () => {
  await hosts.settings({ web: "ready: { within: 4s, stable: 2s }" });
  await hosts.idle("web");
});

const homelab = (...words: string[]) => hosts.laptop.homelab(...words);
const deploy = (...words: string[]) => homelab("host", "deploy", "web", ...words, "--yes");
const all = (version: number) => ({ runs: `${version}`, boots: `${version}`, profile: `${version}` });
const units = { "web.service": service("two") };
/** What `web` is to be next. */
const next = (change: Parameters<Hosts["configure"]>[1] = {}) =>
  hosts.configure("web", { version: `${runs + 1}`, units, ...change });

test("x", async () => {
  next({
    kernel: "6.12.5",
    units: { ...units, "noisy.service": service('"<3>no such table: users"') },
  });
  console.log(await deploy());
  runs++;
  expect(await hosts.versions("web")).toEqual(all(runs));
  console.log((await homelab("report")).stdout);
  console.log((await homelab("report", "--markdown")).stdout);
  console.log(JSON.stringify(await hosts.laptop.json("report"), null, 1));
  const LOOP =
    "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sh -c 'sleep 0.2; exit 3'\nRestart=always\nRestartSec=0.5\n";
  next({ units: { ...units, "loop.service": LOOP } });
  console.log(await deploy());
  console.log((await homelab("report")).stdout);
  expect(await hosts.versions("web")).toEqual(all(runs));
}, 120_000);
