import { expect, test } from "bun:test";
import { dirname } from "node:path";
import { Hosts, service } from "../helpers/hosts.ts";

const PATHS = /\/nix\/store\/[0-9a-z]{32}-/g;
const dateless = (text: string) => text.replace(/\d{4}-\d\d-\d\d/g, "<day>");

test("the verbs of hosts are commands: build, diff, dry-activate, test, deploy-debug, gc", async () => {
  await using hosts = await Hosts.boot(["web"]);
  await hosts.settings({}, "admin");
  const homelab = (...words: string[]) => hosts.laptop.homelab(...words);
  const web = hosts.on("web");
  const links = async () =>
    (await web.run("sh", "-c", "ls -1 /nix/var/nix/profiles"))
      .split("\n")
      .filter((name) => /^system-/.test(name));

  // Four generations: booted with the first, runs the last.
  for (const version of ["2", "3", "4"]) {
    hosts.configure("web", { version, units: { "web.service": service(version) } });
    const path = await hosts.build("web");
    await web.run("nix-env", "-p", "/nix/var/nix/profiles/system", "--set", path);
    if (version === "4") await web.run(`${path}/bin/switch-to-configuration`, "switch");
  }
  const built = await homelab("build", "web");
  expect([built.code, built.stdout.replace(PATHS, "")]).toEqual([0, "nixos-system-web-4\n"]);
  expect((await homelab("diff", "web")).stdout.replace(PATHS, "")).toBe(
    "web runs nixos-system-web-4: nothing would change\n",
  );
  expect((await homelab("build", "nowhere")).stderr).toStartWith("error: unknown host `nowhere`");

  // All are young.
  const young = await homelab("gc", "web", "--dry-run");
  expect([young.code, dateless(young.stdout)]).toEqual([
    0,
    expect.stringMatching(
      /^web: no generation goes; what stays: 4 \(it runs, it boots next\), 3 \(a rollback goes to it\), 2 \(it is young enough\), 1 \(it was booted\)\n {2}\d+ paths that nothing needs already\n$/,
    ),
  ]);
  await web.run("touch", "-h", "-d", "60 days ago", "/nix/var/nix/profiles/system-2-link");
  const unasked = await homelab("gc", "web");
  expect([unasked.code, dateless(unasked.stderr)]).toEqual([
    5,
    expect.stringContaining("web: 1 generation: 2 (<day>); what stays: 4 (it runs"),
  ]);
  expect(await links()).toHaveLength(4);
  await web.run("rm", "-f", "/boot/default");
  const { code, document } = await hosts.laptop.json("gc", "web", "--yes");
  expect([code, document.steps[0].detail, document.hosts[0].remove]).toEqual([
    0,
    expect.stringMatching(/^1 generation removed, \d+ paths, .+ freed$/),
    [{ generation: 2, date: expect.any(String) }],
  ]);
  expect(await links()).toEqual(["system-1-link", "system-3-link", "system-4-link"]);
  expect(await web.run("cat", "/boot/default/nixos-version")).toBe("4");
  expect(await homelab("gc", "web", "--all", "--yes")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect((await homelab("gc", "web", "--all", "--older-than", "1d")).code).toBe(2);

  hosts.configure("web", { version: "5", units: { "web.service": service("five") } });
  const dry = await homelab("dry-activate", "web");
  expect(dry.stdout).toContain("would restart the following units: web.service");
  hosts.configure("web", { version: "6", units: { "web.service": service("six") } });
  const debugged = await homelab("deploy-debug", "web", "--yes");
  expect(debugged.code).toBe(0);
  expect(await hosts.versions("web")).toEqual({ runs: "6", boots: "6", profile: "6" });
  const file = `${dirname(hosts.root)}${/^all that was said is in <top>(\S+)$/m.exec(debugged.stderr)?.[1]}`;
  expect((await hosts.laptop.run("stat", "-c", "%a", file)).trim()).toBe("600");
  const log = await hosts.laptop.run("cat", file);
  expect(log).toContain("homelab deploy-debug web\n");
  expect(log).toMatch(/#\d+ ! building '.*nixos-system-web-6\.drv'/);
  expect(log).toMatch(/#\d+ \| .*restarting the following units: web\.service/);

  hosts.configure("web", { version: "7", units: { "web.service": service("seven") } });
  expect((await homelab("test", "web", "--yes", "--within", "30s")).code).toBe(0);
  expect(await hosts.versions("web")).toEqual({ runs: "7", boots: "6", profile: "6" });

  // This machine has a store, and no generations of a system: those of that name are not of NixOS, as on a Mac.
  const link = "/nix/var/nix/profiles/system-1-link";
  await hosts.laptop.run("ln", "-s", "/nowhere", link);
  await hosts.laptop.run("touch", "-h", "-d", "60 days ago", link);
  const here = await hosts.laptop.json("gc", "--yes");
  expect([here.code, here.document.hosts[0].remove, here.document.steps[0].detail]).toEqual([
    0,
    [],
    expect.stringMatching(/^\d+ paths, .+ freed$/),
  ]);

  // Somebody switches it meanwhile.
  await web.run(
    "sh",
    "-c",
    "mkdir -p /run/homelab; (flock 9; sleep 60) 9>/run/homelab/lock >/dev/null 2>&1 &",
  );
  const busy = await homelab("gc", "web", "--all", "--yes");
  expect([busy.code, busy.stderr]).toEqual([75, expect.stringContaining("web is being switched")]);
}, 300_000);
