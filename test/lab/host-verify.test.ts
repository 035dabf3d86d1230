import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { Hosts, service } from "../helpers/hosts.ts";
import { openInbox } from "../helpers/inbox.ts";

/** What finds addresses of names is asked for this one. */
const NAME = "echo 10.1.2.3 cache.nixos.org >>/etc/hosts";

let hosts: Hosts;
beforeAll(async () => {
  hosts = await Hosts.boot(["web"]);
  await hosts.on("web").run("sh", "-c", NAME);
}, 120_000);
afterAll(async () => {
  await hosts[Symbol.asyncDispose]();
});
/** The version that web runs. */
let runs = 1;
beforeEach(async () => {
  await hosts.fresh();
  await hosts.settings({ web: "ready: { within: 3s, stable: 1s }" });
  runs = 1;
});

const homelab = (...words: string[]) => hosts.laptop.homelab(...words);
const deploy = (...words: string[]) => homelab("host", "deploy", "web", ...words, "--yes");
const all = (version: number) => ({ runs: `${version}`, boots: `${version}`, profile: `${version}` });
const units = { "web.service": service("two") };
/** What `web` is to be next. */
const next = (change: Parameters<Hosts["configure"]>[1] = {}) =>
  hosts.configure("web", { version: `${runs + 1}`, units, ...change });

/** What was measured differs from run to run. */
const steady = (text: string) =>
  text
    .replace(/\/nix\/store\/[0-9a-z]{32}-/g, "")
    .replace(/\d+(?:\.\d+)? [kMGT]?B/g, "<bytes>")
    .replace(/\d+ %/g, "<share>")
    .replace(/load [\d.]+ \([\d.]+ before\), \d+ cores?/, "load <load>")
    .replace(/\| at \| [\d -]+:\d\d \|/, "| at | <at> |")
    .replace(/ · [^·]* · took/, " · <at> · took")
    .replace(/^(?:disk .*|\| disk .*|\s+disk .*)\n/gm, "")
    .replace(/^.*collect garbage, as .*\n/gm, "")
    .replace(/\d+ of \d+ run\b/, "<all> run");
const report = async (...words: string[]) => steady((await homelab("report", ...words)).stdout);

test("what was measured of a deploy stands in its report, and an error in the journal is a warning", async () => {
  next({
    kernel: "6.12.5",
    units: { ...units, "noisy.service": service('"<3>no such table: users"') },
  });
  const { code, stderr } = await deploy();
  expect({ code, stderr: steady(stderr) }).toEqual({
    code: 0,
    stderr: `web: activated in <time> (runs nixos-system-web-2)
warning: web: noisy.service has a new error in the journal: no such table: users
1 changed in <time>
`,
  });
  runs++;
  expect(await hosts.versions("web")).toEqual(all(runs));
  const took = ["check", "evaluate", "build", "audit", "copy", "compare", "activate", "verify", "confirm"]
    .map((phase) => `${phase} <time>`)
    .join(", ");
  expect(await report()).toBe(`host deploy web: changed
run <run> · <at> · took <time> · by root, unattended

changed
web: activated in <time> (runs nixos-system-web-2)

warnings
web: noisy.service has a new error in the journal: no such table: users

host web
  system      nixos-system-web-1 → nixos-system-web-2
  generation  1 → 2
  took        ${took}
  packages    3 packages changed: app 1 → 2, linux 6.12.1 → 6.12.5, nixos-system-web 1 → 2
  units       new noisy.service; changed web.service; started noisy.service; restarted web.service
  reboot      needed for kernel, initrd, kernel-modules
  services    <all> run
  memory      <bytes> of <bytes> in use (<share>, <share> before)
  processor   <share> busy while it was watched, load <load>
  network     ssh, default route, DNS: good
  journal     noisy.service, 1 new error: no such table: users
  hint: reboot web to bring its kernel, initrd and kernel-modules into force
`);
  expect(await report("--markdown")).toBe(`# host deploy web: changed

| run | \`<run>\` |
|---|---|
| at | <at> |
| took | <time> |
| by | root, unattended |

## Changed

| recipe | what | why |
|---|---|---|
| web | activated in <time> | runs nixos-system-web-2 |

## Warnings

- web: noisy.service has a new error in the journal: no such table: users

## Host web

| what | measured |
|---|---|
| system | nixos-system-web-1 → nixos-system-web-2 |
| generation | 1 → 2 |
| took | ${took} |
| packages | 3 packages changed: app 1 → 2, linux 6.12.1 → 6.12.5, nixos-system-web 1 → 2 |
| units | new noisy.service; changed web.service; started noisy.service; restarted web.service |
| reboot | needed for kernel, initrd, kernel-modules |
| services | <all> run |
| memory | <bytes> of <bytes> in use (<share>, <share> before) |
| processor | <share> busy while it was watched, load <load> |
| network | ssh, default route, DNS: good |
| journal | noisy.service, 1 new error: no such table: users |

Recommended:

- reboot web to bring its kernel, initrd and kernel-modules into force
`);
  const { document } = await hosts.laptop.json("report");
  const system = (version: number) => ({
    system: expect.stringMatching(new RegExp(`^/nix/store/[0-9a-z]{32}-nixos-system-web-${version}$`)),
    generation: version,
  });
  const measured = expect.objectContaining({ cores: expect.any(Number), disks: [expect.anything()] });
  const { host, warnings } = document.steps.find(({ id }: { id: string }) => id === "web");
  expect({ host, warnings }).toEqual({
    host: {
      ...{ from: system(1), to: system(2), now: system(2) },
      phases: took.split(", ").map((each) => ({ name: each.split(" ")[0], durationMs: expect.any(Number) })),
      packages: [
        { name: "app", before: ["1"], after: ["2"], bytes: 0 },
        { name: "linux", before: ["6.12.1"], after: ["6.12.5"], bytes: 0 },
        { name: "nixos-system-web", before: ["1"], after: ["2"], bytes: 0 },
      ],
      units: {
        ...{ added: ["noisy.service"], removed: [], changed: ["web.service"] },
        ...{ started: ["noisy.service"], stopped: [], restarted: ["web.service"], reloaded: [] },
      },
      reboot: ["kernel", "initrd", "kernel-modules"],
      resources: { before: measured, after: measured },
      services: { running: expect.any(Number), of: expect.any(Number) },
      connected: { ssh: true, route: true, dns: true, tailscale: null },
      errors: [{ unit: "noisy.service", count: 1, lines: ["no such table: users"] }],
      recommendations: expect.arrayContaining([
        "reboot web to bring its kernel, initrd and kernel-modules into force",
      ]),
    },
    warnings: ["noisy.service has a new error in the journal: no such table: users"],
  });
  // The same message is not new any more.
  await hosts.rebooted("web");
  next({ units: { ...units, "noisy.service": `${service('"<3>no such table: users"')}# again\n` } });
  expect((await deploy()).stderr).not.toContain("warning");
  runs++;
});

test("a service that crashes on and on without being failed: the previous system runs again", async () => {
  const loop = (seconds: number) =>
    `[Unit]\nStartLimitIntervalSec=0\n[Service]\nUser=nobody\nExecStart=/bin/sh -c 'echo no port; sleep ${seconds}; exit 3'\nRestart=always\nRestartSec=0.2\n`;
  next({ units: { ...units, "loop.service": loop(0.2) } });
  const { code, stderr } = await deploy();
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/^web: failed after <time>: loop\.service crashe(?:s|d)/),
  ]);
  expect(stderr).toContain("; web went back to the system that ran before\n");
  expect(stderr).toContain("  | loop.service: no port\n");
  expect(stderr).not.toContain("warning");
  expect(await hosts.versions("web")).toEqual(all(runs));
  const text = await report();
  expect(text).toContain("\n  generation  1, which still boots\n");
  expect(text).toContain("\n  at the end  runs nixos-system-web-1 again (generation 1)\n");
  // Long after it was well for the first time, but while it is still watched.
  await hosts.settings({ web: "ready: { within: 1s, stable: 20s }" });
  next({ units: { ...units, "loop.service": loop(4) } });
  const late = await deploy("--verbose");
  expect(late.stderr).toMatch(/failed units, critical units, probes: well, watched for <time> more\n/);
  expect(late.stderr).toMatch(/loop\.service crashe[sd][^;]*; web went back/);
  expect(await hosts.versions("web")).toEqual(all(runs));
});

test("a system that takes names or the default route away: the previous one runs again", async () => {
  const web = hosts.on("web");
  const lost = async (activate: string, why: string, mend: string) => {
    next({ activate });
    const { code, stderr } = await deploy();
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining(
        `web: failed after <time>: ${why}; web went back to the system that ran before\n`,
      ),
    ]);
    expect(await hosts.versions("web")).toEqual(all(runs));
    await web.run("sh", "-c", mend);
  };
  await lost(
    "sed /cache.nixos.org/d /etc/hosts >/run/hosts; cat /run/hosts >/etc/hosts",
    "it finds no addresses of names (DNS)",
    NAME,
  );
  const route = (await web.run("ip", "route", "show", "default")).trim();
  await lost("ip route del default", "it has no default route", `ip route add ${route}`);
  // What could not be done before does not count.
  await web.run("sh", "-c", "sed /cache.nixos.org/d /etc/hosts >/run/hosts; cat /run/hosts >/etc/hosts");
  next();
  expect((await deploy()).code).toBe(0);
  runs++;
  expect(await report()).toContain("\n  network     ssh, default route: good\n");
  await web.run("sh", "-c", NAME);
});

test("a time that is too short to watch it is refused before anything is done", async () => {
  await hosts.settings({ web: "ready: { stable: 10m }" });
  next();
  expect(await deploy("--within", "5m")).toEqual({
    code: 2,
    stdout: "",
    stderr:
      "error: web is watched for <time> before it is confirmed\n  hint: give `--within` more time than that, or `ready.stable` of the recipe less\n",
  });
});

test("those who want to know are told of a success and of a way back", async () => {
  using inbox = openInbox();
  const file = join(hosts.here.top, "notify.env");
  writeFileSync(file, `WEBHOOK_URL=${inbox.url}/hook\nON=change\n`);
  chmodSync(file, 0o600);
  const cron = hosts.here.with({ env: { HOMELAB_NOTIFY: undefined, HOMELAB_NOTIFY_FILE: file } });
  const night = async () => {
    const { code } = await cron.run("host", "deploy", "web", "--yes");
    const [{ title, text, failed, changed }] = inbox.documents();
    return { code, title, text: steady(hosts.here.text(text)), failed, changed };
  };
  const move = (warnings: number) => ({
    ...{ from: `nixos-system-web-${runs}`, to: `nixos-system-web-${runs + 1}`, warnings },
  });
  const arrow = () => `nixos-system-web-${runs} → nixos-system-web-${runs + 1}`;
  next({ units: { ...units, "bad.service": "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'exit 3'\n" } });
  expect(await night()).toEqual({
    code: 1,
    title: `${hostname()}: web failed`,
    text: expect.stringContaining(
      `\nweb failed after <time>: bad.service failed; web went back to the system that ran before (${arrow()})\n`,
    ),
    failed: [expect.objectContaining({ id: "web", reason: "rolled-back", host: move(0) })],
    changed: [],
  });
  await hosts.idle("web");
  await hosts.on("web").write("/etc/other.env", "KEY=hunter2hunter2\n");
  const other = service('"<3>no such file for $KEY"', "User=nobody\nEnvironmentFile=/etc/other.env\n");
  next({ units: { ...units, "other.service": other } });
  expect(await night()).toEqual({
    code: 0,
    title: `${hostname()}: web recovered`,
    text: expect.stringContaining(`\nchanged: web activated (${arrow()}, 1 warning)\n`),
    failed: [],
    changed: [{ id: "web", action: "activate", reason: "asked", host: move(1) }],
  });
  runs++;
  const kept = (await cron.run("report")).stdout;
  expect(kept).toContain("other.service, 1 new error: no such file for [redacted]\n");
  expect(kept).not.toContain("hunter2");
});
