import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { eventually } from "../helpers/eventually.ts";
import { all, Hosts, type System } from "../helpers/hosts.ts";

let hosts: Hosts;
beforeAll(async () => {
  hosts = await Hosts.boot(["web"]);
}, 120_000);
afterAll(async () => {
  await hosts[Symbol.asyncDispose]();
});
beforeEach(() => hosts.fresh(), 60_000);

const homelab = (...words: string[]) => hosts.laptop.homelab(...words);
const deploy = (...words: string[]) => homelab("host", "deploy", ...words, "--yes");
const next = (change?: System) => hosts.next("web", change);

test("whoever deploys is killed, at whatever it is: the host goes back by itself", async () => {
  for (const state of ["testing", "waiting"]) {
    next({ activate: "sleep 2" });
    const child = hosts.laptop.lab.start("host", "deploy", "web", "--yes", "--within", "5s");
    await hosts.at("web", state);
    await hosts.laptop.run("pkill", "-KILL", "-x", "homelab");
    await child.ended;
    await hosts.idle("web");
    expect(await hosts.versions("web")).toEqual(all(1));
  }
  // Nothing is left that would be in the way.
  expect((await deploy("web")).code).toBe(0);
  expect(await hosts.versions("web")).toEqual(all(2));
});

test("its supervisor is killed: systemd has it go back all the same", async () => {
  next();
  const child = hosts.laptop.lab.start("host", "deploy", "web", "--yes");
  await hosts.at("web", "waiting");
  await hosts.on("web").run("systemctl", "kill", "--signal=KILL", "homelab-switch-*");
  const { stderr } = await child.ended;
  expect(stderr).toContain("what supervised the switch was ended; web went back");
  expect(await hosts.versions("web")).toEqual(all(1));
});

test("once it is confirmed, it becomes what boots, also when its supervisor is killed over that", async () => {
  const web = hosts.on("web");
  next();
  await web.run("touch", "/run/slow-boot");
  const child = hosts.laptop.lab.start("host", "deploy", "web", "--yes");
  await hosts.at("web", "committing");
  await web.run("systemctl", "kill", "--signal=KILL", "homelab-switch-*");
  await web.run("rm", "/run/slow-boot");
  expect((await child.ended).code).toBe(0);
  expect(await hosts.versions("web")).toEqual(all(2));
});

test("once it is confirmed, who breaks it off is told that it goes on, and need not wait for that", async () => {
  const web = hosts.on("web");
  next();
  await web.run("touch", "/run/slow-boot");
  const child = hosts.laptop.lab.start("host", "deploy", "web", "--yes");
  await hosts.at("web", "committing");
  for (const said of ["stopping: ", "breaking off "]) {
    await hosts.laptop.run("pkill", "-INT", "-x", "homelab");
    await eventually("it is heard", () => child.said().includes(said));
  }
  const { code, stderr } = await child.ended;
  expect([code, stderr]).toEqual([
    130,
    expect.stringContaining(
      "it was confirmed, and makes the new system what boots; `homelab host attach web`",
    ),
  ]);
  await web.run("rm", "/run/slow-boot");
  await hosts.idle("web");
  expect(await hosts.versions("web")).toEqual(all(2));
});

test("a boot entry that cannot be made: profile and system go back", async () => {
  const web = hosts.on("web");
  next();
  const before = await web.run("readlink", "/nix/var/nix/profiles/system");
  await web.run("touch", "/run/full-boot");
  const { code, stderr } = await deploy("web");
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining("its boot entry could not be made; web went back"),
  ]);
  await web.run("rm", "/run/full-boot");
  expect(await hosts.versions("web")).toEqual(all(1));
  expect(await web.run("readlink", "/nix/var/nix/profiles/system")).toBe(before);
});

test("the network is cut: the host goes back by itself, and the deploy says so when it is there again", async () => {
  next();
  const child = hosts.laptop.lab.start("host", "deploy", "web", "--yes", "--within", "5s");
  await hosts.at("web", "testing|waiting");
  await hosts.network("disconnect");
  await eventually("it is back", async () => (await hosts.versions("web")).runs === "1");
  await hosts.network("connect");
  const { code, stderr } = await child.ended;
  expect([code, stderr]).toEqual([1, expect.stringContaining("web went back to the system that ran before")]);
  expect(await hosts.versions("web")).toEqual(all(1));
});

test("a switch that ends ssh is taken back by the host", async () => {
  next({ ssh: false });
  const { code, stderr } = await deploy("web", "--within", "5s");
  expect([code, stderr]).toEqual([1, expect.stringContaining("web went back to the system that ran before")]);
  expect(await hosts.versions("web")).toEqual(all(1));
});

test("of two who deploy at once one wins, and the other is told who it is", async () => {
  next({ activate: "sleep 3" });
  const child = hosts.laptop.lab.start("host", "deploy", "web", "--yes");
  await hosts.at("web", "testing");
  // From a homelab of its own: those who share one wait for each other by its lock.
  await hosts.laptop.run("cp", "-rT", hosts.root, "/root/other");
  const other = await homelab("-C", "/root/other", "host", "deploy", "web", "--yes");
  expect(other.code).toBe(75);
  expect(other.stderr).toMatch(
    /^check web: failed after <time>: web is being switched by root@laptop, homelab host deploy web, since \d\d:\d\d:\d\d UTC\n/,
  );
  expect((await child.ended).code).toBe(0);
  expect(await hosts.versions("web")).toEqual(all(2));
});
