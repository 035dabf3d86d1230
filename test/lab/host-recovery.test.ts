import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { eventually } from "../helpers/eventually.ts";
import { FAILING, Hosts, type System, service } from "../helpers/hosts.ts";

let hosts: Hosts;
beforeAll(async () => {
  hosts = await Hosts.boot(["web", "db"]);
  for (const name of ["db", "laptop"]) await hosts.smallStore(name);
}, 120_000);
afterAll(async () => {
  await hosts[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await hosts.settings({});
  for (const name of ["web", "db"]) await hosts.idle(name);
});

const homelab = (...words: string[]) => hosts.laptop.homelab(...words);
const deploy = (name: string, ...words: string[]) => homelab("host", "deploy", name, "--yes", ...words);
const all = (version: string) => ({ runs: version, boots: version, profile: version });
const units = { "web.service": service("two") };

/** Writes what a host is to be next: a version that it has never had. Gives that, and the one that it has. */
async function next(name: string, change: System = {}): Promise<{ old: string; fresh: string }> {
  const old = (await hosts.versions(name)).runs;
  const fresh = `${crypto.randomUUID().slice(0, 8)}`;
  hosts.configure(name, { version: fresh, units, ...change });
  return { old, fresh };
}

interface Document {
  readonly steps: readonly { readonly id: string; readonly result: string; readonly warnings?: string[] }[];
}
const warnings = ({ steps }: Document) => steps.flatMap(({ warnings = [] }) => warnings);
const COLLECTED = expect.stringMatching(/^collected garbage on db: \d+\.\d\d MiB freed$/);

// In an emergency it is not looked whether there is room before anything is begun.
describe("no space left", () => {
  test("for the copy, but garbage: it is collected, and the host deployed", async () => {
    const { fresh } = await next("db");
    await hosts.litter("db", 500, 10);
    await hosts.leaveRoom("db", "inodes", 8);
    const { code, document } = await hosts.laptop.json("host", "deploy", "db", "--emergency", "--yes");
    expect([code, warnings(document)]).toEqual([0, [COLLECTED]]);
    expect(await hosts.versions("db")).toEqual(all(fresh));
  });

  test("for the copy from where it was built: the same", async () => {
    const { fresh } = await next("db");
    await hosts.litter("db", 500, 10);
    await hosts.leaveRoom("db", "inodes", 8);
    const words = ["host", "deploy", "db", "--build-on", "web", "--emergency", "--yes"];
    const { code, document } = await hosts.laptop.json(...words);
    expect([code, warnings(document)]).toEqual([0, [COLLECTED]]);
    expect(await hosts.versions("db")).toEqual(all(fresh));
  });

  test("for the copy, and no garbage: nothing is changed, and what would make room is named", async () => {
    const { old } = await next("db");
    await homelab("host", "ssh", "db", "--", "nix-collect-garbage");
    await hosts.leaveRoom("db", "inodes", 8);
    const { code, stderr } = await deploy("db", "--emergency");
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /^copy db: failed after <time>: there is no space left on db: .*No space left on device/m,
      ),
    ]);
    expect(stderr).toMatch(/hint: (?:collected|there was no) garbage .* on db/);
    expect(stderr).toContain(
      "`sudo nix-collect-garbage --delete-older-than 30d` on db also takes generations",
    );
    expect(await hosts.versions("db")).toEqual(all(old));
  });

  test("for a build on the host", async () => {
    const { fresh } = await next("db");
    await hosts.litter("db", 500, 10);
    await hosts.leaveRoom("db", "inodes", 8);
    // This machine has no Nix.
    const { code, document } = await hosts.here.json("host", "deploy", "db", "--emergency", "--yes");
    expect([code, warnings(document)]).toEqual([0, [COLLECTED]]);
    expect(await hosts.versions("db")).toEqual(all(fresh));
  });

  test("for a build here", async () => {
    const { fresh } = await next("web");
    await hosts.litter("laptop", 500, 10);
    await hosts.leaveRoom("laptop", "inodes", 8);
    try {
      const { code, document } = await hosts.laptop.json("host", "deploy", "web", "--yes");
      const told = expect.stringMatching(/^collected garbage on this machine: \d+\.\d\d MiB freed$/);
      expect([code, warnings(document)]).toEqual([0, [told]]);
    } finally {
      await hosts.leaveRoom("laptop", "inodes", 50_000);
    }
    expect(await hosts.versions("web")).toEqual(all(fresh));
  });

  test("for a build of what was evaluated when there still was some", async () => {
    const { fresh } = await next("web");
    const attribute = `path:${hosts.root}#nixosConfigurations.web.config.system.build.toplevel`;
    await hosts.laptop.run("nix", "path-info", "--derivation", attribute);
    await hosts.litter("laptop", 500, 10);
    await hosts.leaveRoom("laptop", "inodes", 4);
    try {
      const { code, document } = await hosts.laptop.json("host", "deploy", "web", "--yes");
      const told = expect.stringMatching(/^collected garbage on this machine: \d+\.\d\d MiB freed$/);
      const built = document.steps.find(({ id }: { id: string }) => id === "build web");
      // The derivation was garbage itself.
      expect([code, built.warnings]).toEqual([0, [told]]);
    } finally {
      await hosts.leaveRoom("laptop", "inodes", 50_000);
    }
    expect(await hosts.versions("web")).toEqual(all(fresh));
  });

  test("before anything is begun", async () => {
    const { old, fresh } = await next("db");
    await hosts.litter("db", 1, 20_000_000);
    await hosts.leaveRoom("db", "size", 250 * 1024);
    // A dry run makes no room.
    const dry = await deploy("db", "--dry-run");
    expect([dry.code, dry.stderr]).toEqual([5, expect.stringContaining("the store of db has 250 MiB left")]);
    const { code, document } = await hosts.laptop.json("host", "deploy", "db", "--yes");
    expect([code, warnings(document)]).toEqual([0, [COLLECTED]]);
    expect(await hosts.versions("db")).toEqual(all(fresh));
    await next("db");
    await hosts.leaveRoom("db", "size", 100 * 1024);
    expect((await deploy("db")).code).toBe(5);
    expect(await hosts.versions("db")).toEqual(all(fresh));
    expect(old).not.toBe(fresh);
  });
});

describe("the connection is lost", () => {
  test("before anything is begun: it is tried again", async () => {
    const { fresh } = await next("web");
    const web = hosts.on("web");
    await web.run("systemctl", "stop", "ssh.service");
    await web.ask("pkill", "-x", "sshd-session");
    const child = hosts.laptop.lab.start("host", "deploy", "web", "--yes", "--verbose");
    await eventually("it is tried again", () =>
      child.said().includes("refuses connections; tries again in 1 s"),
    );
    await web.run("systemctl", "start", "ssh.service");
    expect((await child.ended).code).toBe(0);
    expect(await hosts.versions("web")).toEqual(all(fresh));
  });

  test("over the copy: it goes on where it was", async () => {
    const { fresh } = await next("web");
    const web = hosts.on("web");
    // The other side of the first copy ends all connections.
    await web.write(
      "/usr/local/bin/nix-daemon",
      '#!/bin/sh\nif mkdir /run/cut; then pkill -KILL -x sshd-session; fi\nexec /usr/bin/nix-daemon "$@"\n',
    );
    await web.run("chmod", "755", "/usr/local/bin/nix-daemon");
    const { code, stderr } = await deploy("web", "--verbose");
    await web.run("rm", "-r", "/usr/local/bin/nix-daemon", "/run/cut");
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(
        /^copy web: the connection to web was lost over the copy: .*; tries again in <time>$/m,
      ),
    ]);
    expect(await hosts.versions("web")).toEqual(all(fresh));
  });
});

/** Whoever deploys is killed in the middle. */
async function leave(state: string, ...words: string[]): Promise<void> {
  const child = hosts.laptop.lab.start("host", "deploy", "web", "--yes", ...words);
  await hosts.at("web", state);
  await hosts.laptop.run("pkill", "-KILL", "-x", "homelab");
  await child.ended;
}

describe("whoever deploys is gone", () => {
  test("who deploys the same again takes over, and confirms it", async () => {
    for (const state of ["testing", "waiting"]) {
      const { fresh } = await next("web", { activate: "sleep 2" });
      await leave(state);
      const { code, stderr } = await deploy("web", "--verbose");
      expect([code, stderr]).toEqual([
        0,
        expect.stringContaining("web: takes over what was begun by root@laptop"),
      ]);
      expect(await hosts.versions("web")).toEqual(all(fresh));
    }
  });

  test("it is watched for as long as the host still waits, and in an emergency not at all", async () => {
    await hosts.settings({ web: "ready: { stable: 28s }" });
    for (const mode of [[], ["--emergency"]]) {
      const { fresh } = await next("web");
      await leave("waiting", "--within", "30s");
      const { code, stderr } = await deploy("web", "--verbose", ...mode);
      expect([code, stderr]).toEqual([0, expect.stringContaining("web: takes over what was begun")]);
      expect(stderr.includes("well, watched for")).toBe(mode.length === 0);
      expect(await hosts.versions("web")).toEqual(all(fresh));
    }
  });

  test("`attach` does so by name, the status tells of it, and how it ended is known later", async () => {
    const { fresh } = await next("web");
    await leave("waiting");
    // For so long somebody who only lost the connection for a moment is waited for.
    await eventually("nobody waits for it", async () =>
      (await homelab("host", "status", "web")).stdout.includes("nobody waits for it"),
    );
    const going =
      /web .* is being switched by root@laptop, homelab host deploy web, since .* UTC: it waits to be confirmed, and nobody waits for it/;
    expect((await homelab("host", "status", "web")).stdout).toMatch(going);
    expect((await homelab("host", "attach", "web", "--dry-run")).stdout).toMatch(going);
    // Who is not root there sees it as well.
    await hosts.settings({}, "guest");
    const { document } = await hosts.laptop.json("host", "status", "web");
    expect(document.hosts[0].switch).toMatchObject({ state: "waiting", goal: "switch", attended: false });
    await hosts.settings({});
    const { code, stderr } = await homelab("host", "attach", "web");
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^web: activated/)]);
    expect(await hosts.versions("web")).toEqual(all(fresh));
    const again = await homelab("host", "attach", "web");
    expect([again.code, again.stdout]).toEqual([
      0,
      expect.stringMatching(
        new RegExp(`^web: runs .*-web-${fresh}: so the switch of root@laptop.* ended\n$`),
      ),
    ]);
    expect((await homelab("host", "status", "web")).stdout).not.toContain("is being switched");
  });

  test("what is not good goes back, and that is told then and later", async () => {
    const secret = FAILING.replace("no port", "no port for $KEY").replace(
      "[Service]\n",
      "$&EnvironmentFile=/etc/api.env\n",
    );
    const { old } = await next("web", { units: { ...units, "api.service": secret } });
    await hosts.on("web").write("/etc/api.env", "KEY=hunter2hunter2\n");
    await leave("waiting");
    for (const _ of ["now", "later"]) {
      const { code, stderr } = await homelab("host", "attach", "web");
      expect([code, stderr]).toEqual([
        1,
        expect.stringContaining("web went back to the system that ran before"),
      ]);
      expect(stderr).toContain("| api.service: no port for [redacted]\n");
      expect(stderr).not.toContain("hunter2");
    }
    expect(await hosts.versions("web")).toEqual(all(old));
  });

  test("another system is not put in its place", async () => {
    const { old, fresh } = await next("web");
    await leave("waiting", "--within", "30s");
    await next("web");
    const { code, stderr } = await deploy("web");
    expect([code, stderr]).toEqual([
      75,
      expect.stringMatching(
        new RegExp(
          `^compare web: failed(?: after <time>)?: web is being switched to .*${fresh}, as root@laptop`,
        ),
      ),
    ]);
    expect((await homelab("host", "attach", "web")).code).toBe(0);
    expect(await hosts.versions("web")).toEqual(all(fresh));
    expect(old).not.toBe(fresh);
  });

  test("of two who want to take over one does", async () => {
    const { fresh } = await next("web");
    await leave("waiting");
    await hosts.laptop.run("cp", "-rT", hosts.root, "/root/other");
    const both = await Promise.all([
      homelab("host", "attach", "web"),
      homelab("-C", "/root/other", "host", "attach", "web"),
    ]);
    expect(both.map(({ code }) => code).toSorted()).toEqual([0, 75]);
    expect(await hosts.versions("web")).toEqual(all(fresh));
  });
});

test("who still waits for a switch keeps it", async () => {
  const { fresh } = await next("web", { activate: "sleep 4" });
  const child = hosts.laptop.lab.start("host", "deploy", "web", "--yes");
  await hosts.at("web", "testing");
  await hosts.laptop.run("cp", "-rT", hosts.root, "/root/other");
  const { code, stderr } = await homelab("-C", "/root/other", "host", "attach", "web");
  expect([code, stderr]).toEqual([75, expect.stringContaining("waits for the switch of web")]);
  expect((await child.ended).code).toBe(0);
  expect(await hosts.versions("web")).toEqual(all(fresh));
});

test("what failed tells why, also when it was only tried, or gone back to", async () => {
  const web = hosts.on("web");
  const api = "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'cat /etc/api.conf'\n";
  await web.write("/etc/api.conf", "good\n");
  await next("web", { units: { "api.service": api } });
  expect((await deploy("web")).code).toBe(0);
  const { fresh } = await next("web", { units: { "web.service": service("two") } });
  expect((await deploy("web")).code).toBe(0);
  await web.run("rm", "/etc/api.conf");
  await next("web", { units: { "api.service": api } });
  for (const verb of ["test", "rollback"]) {
    const { code, stderr } = await homelab("host", verb, "web", "--yes");
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/\| api\.service: cat: .*api\.conf.*: No such file/),
    ]);
    expect(await hosts.versions("web")).toEqual(all(fresh));
  }
});

describe("the host boots in the middle", () => {
  test.each([
    ["testing", "clean"],
    ["waiting", "clean"],
    ["waiting", "power"],
  ] as const)("while it is %s (%s): the old system", async (state, how) => {
    const { old } = await next("web", { activate: "sleep 2" });
    await hosts.byName();
    const child = hosts.laptop.lab.start("host", "deploy", "web", "--yes");
    await hosts.at("web", state);
    await hosts.reboot("web", how);
    const { code, stderr } = await child.ended;
    expect([code, stderr]).toEqual([1, expect.stringContaining("it rebooted in the middle of the switch")]);
    expect(await hosts.versions("web")).toEqual(all(old));
  });

  test("once it is confirmed: the new system", async () => {
    const { fresh } = await next("web");
    const web = hosts.on("web");
    await hosts.byName();
    await web.run("touch", "/run/slow-boot");
    const child = hosts.laptop.lab.start("host", "deploy", "web", "--yes");
    await hosts.at("web", "committing");
    const booted = hosts.reboot("web", "clean");
    await eventually("it goes down", async () => {
      const { stdout } = await web.ask("systemctl", "is-system-running");
      return stdout.trim() === "stopping";
    });
    await web.run("rm", "/run/slow-boot");
    await booted;
    expect((await child.ended).code).toBe(0);
    expect(await hosts.versions("web")).toEqual(all(fresh));
    const { stdout } = await homelab("host", "attach", "web");
    expect(stdout).toBe("web: no switch of it was begun since it booted\n");
  });
});
