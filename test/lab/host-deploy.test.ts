import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { eventually } from "../helpers/eventually.ts";
import { all, FAILING, Hosts, nameless, type System, service } from "../helpers/hosts.ts";

let hosts: Hosts;
beforeAll(async () => {
  hosts = await Hosts.boot(["web", "db"]);
}, 120_000);
afterAll(async () => {
  await hosts[Symbol.asyncDispose]();
});
beforeEach(() => hosts.fresh(), 60_000);

const homelab = (...words: string[]) => hosts.laptop.homelab(...words);
const deploy = (...words: string[]) => homelab("host", "deploy", ...words, "--yes");
const units = { "web.service": service("two") };
const next = (change?: System) => hosts.next("web", change);
const active = async (unit: string) =>
  (await hosts.on("web").ask("systemctl", "is-active", unit)).stdout.trim();

test("a host that runs what it is to run is left alone, and nobody is asked", async () => {
  const { code, stdout, stderr } = await homelab("host", "deploy", "web", "db");
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(nameless((await homelab("host", "diff", "web")).stdout)).toBe(
    "web runs nixos-system-web-1: nothing would change\n",
  );
});

test("what changes is shown, asked about, and boots from then on", async () => {
  next({ kernel: "6.12.5", units: { ...units, "new.service": service("new") } });
  const diff = await homelab("host", "diff", "web");
  expect(nameless(diff.stdout)).toBe(
    [
      "web: nixos-system-web-1 → nixos-system-web-2",
      "  3 packages changed",
      "    app: 1 → 2",
      "    linux: 6.12.1 → 6.12.5",
      "    nixos-system-web: 1 → 2",
      "  new units: new.service",
      "  changed units: web.service",
      "  starts: new.service",
      "  restarts: web.service",
      "  in force only after a reboot: kernel, initrd, kernel-modules",
      "",
    ].join("\n"),
  );
  const dry = await homelab("host", "dry-activate", "web");
  expect(dry.stdout).toBe(
    "would activate the configuration...\nwould restart the following units: web.service\nwould start the following units: new.service\n",
  );
  const unasked = await homelab("host", "deploy", "web");
  expect(unasked.code).toBe(5);
  expect(unasked.stderr).toContain("hint: say yes in advance with `--yes`\n");
  expect(await hosts.versions("web")).toEqual(all(1));
  const deployed = await homelab("deploy", "web", "--yes");
  expect({ ...deployed, stderr: nameless(deployed.stderr) }).toEqual({
    code: 0,
    stdout: "",
    stderr: "web: activated in <time> (runs nixos-system-web-2)\n1 changed in <time>\n",
  });
  expect(await hosts.versions("web")).toEqual(all(2));
  expect(await active("new.service")).toBe("active");
});

test("`test` leaves what boots as it is, and `rollback` goes to an earlier generation", async () => {
  next();
  const tried = await homelab("host", "test", "web", "--yes");
  expect(tried.stderr).toContain("nixos-system-web-2 until it reboots)\n");
  expect(await hosts.versions("web")).toEqual({ runs: "2", boots: "1", profile: "1" });
  expect((await deploy("web")).code).toBe(0);
  expect(await hosts.versions("web")).toEqual(all(2));
  const back = await homelab("host", "rollback", "web", "--yes");
  expect(nameless(back.stderr)).toBe(
    "web: rolled back in <time> (runs nixos-system-web-1)\n1 changed in <time>\n",
  );
  expect(await hosts.versions("web")).toEqual(all(1));
  expect(await hosts.on("web").run("readlink", "/nix/var/nix/profiles/system")).toBe("system-1-link\n");
  const gone = await homelab("host", "rollback", "web", "--to", "9", "--yes");
  expect([gone.code, gone.stderr]).toEqual([
    78,
    "error: web has no generation 9\n  hint: `homelab host generations web` shows those that there are\n",
  ]);
});

test("a unit that does not start: the previous system runs again, and what boots never moved", async () => {
  for (const _ of ["once", "and again: its failure is not taken for an old one"]) {
    next({ units: { ...units, "bad.service": FAILING } });
    const { code, stderr } = await deploy("web");
    expect(code).toBe(1);
    expect(stderr).toStartWith(
      "web: failed after <time>: bad.service failed; web went back to the system that ran before\n",
    );
    expect(stderr).toContain("  | bad.service: no port\n");
    expect(await hosts.versions("web")).toEqual(all(1));
    expect(await active("web.service")).toBe("active");
    await hosts.idle("web");
  }
});

test("an activation script that fails, and a unit that is critical and does not stay", async () => {
  next({ activate: "echo no such user >&2; exit 1" });
  const script = await deploy("web");
  expect(script.stderr).toStartWith(
    "web: failed after <time>: its activation script failed (exit code 2); web went back to the system that ran before\n",
  );
  expect(await hosts.versions("web")).toEqual(all(1));
  await hosts.settings({ web: "critical: [new.service], ready: { within: 1s, stable: 1s }" });
  next();
  const { code, stderr } = await deploy("web");
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining("new.service, which is critical, is inactive (dead)"),
  ]);
  expect(await hosts.versions("web")).toEqual(all(1));
  await hosts.settings({ web: "ready: { tcp: '127.0.0.1:9', within: 1s, stable: 1s }" });
  expect((await deploy("web")).stderr).toContain("127.0.0.1:9 takes no connection; web went back");
  expect(await hosts.versions("web")).toEqual(all(1));
});

test("a failure that was there before is no new one", async () => {
  const web = hosts.on("web");
  await web.write("/etc/systemd/system/old.service", FAILING);
  await web.ask("systemctl", "start", "old.service");
  next();
  const { code, stderr } = await deploy("web");
  expect([code, stderr]).toEqual([0, expect.stringContaining("web: activated in <time>")]);
  expect(await hosts.versions("web")).toEqual(all(2));
  await web.run("systemctl", "reset-failed", "old.service");
});

test("a person is asked, and may break it off", async () => {
  next();
  const asked = async (answer: string, later = "") => {
    const { code, screen } = await hosts.laptop.terminal(["host", "deploy", "web"], async (send, written) => {
      await eventually("the question", () => written().includes("[y/N]"));
      send(answer);
      if (later === "") return;
      await eventually("it is judged", () => written().includes("failed units, critical units"));
      send(later);
      await eventually("it heard that", () => written().includes("once more breaks them off"));
      send(later);
    });
    return { code, last: nameless(screen).split("Deploy to web? [y/N]")[1] };
  };
  expect(await asked("n\r")).toEqual({
    code: 5,
    last: " n\nerror: nothing was done: the answer was not yes",
  });
  expect((await asked("\x03")).code).toBe(130);
  const broken = await asked("y\r", "\x03");
  expect([broken.code, broken.last]).toEqual([
    130,
    expect.stringContaining("it was broken off; web went back to the system that ran before"),
  ]);
  expect(await hosts.versions("web")).toEqual(all(1));
});

test("a machine deploys itself in the same way", async () => {
  next();
  const { code } = await hosts.on("web").homelab("deploy", "web", "--yes");
  expect(code).toBe(0);
  expect(await hosts.versions("web")).toEqual(all(2));
});

test("two hosts at once: a bad one keeps nothing from the good one, and one that cannot be built keeps both", async () => {
  next({ units: { ...units, "bad.service": FAILING } });
  hosts.configure("db", { version: "2" });
  const { code, stderr } = await deploy("web", "db");
  expect(code).toBe(1);
  expect(stderr).toContain("db: activated in <time>");
  expect(await hosts.versions("db")).toEqual(all(2));
  expect(await hosts.versions("web")).toEqual(all(1));
  next();
  hosts.write("hosts/db.nix", "{ version = ");
  const broken = await deploy("web", "db");
  expect(broken.code).toBe(78);
  expect(broken.stderr).toStartWith(
    "lint sources: failed after <time>: hosts/db.nix:1:13: syntax error, unexpected end of file (syntax)\n",
  );
  expect(await hosts.versions("web")).toEqual(all(1));
});

test("who is not root there has sudo", async () => {
  await hosts.settings({}, "admin");
  next();
  const { code, stderr } = await deploy("web");
  expect([code, stderr]).toEqual([0, expect.stringContaining("web: activated in <time>")]);
  expect(await hosts.versions("web")).toEqual(all(2));
});

test("from a machine without Nix, the host builds what git knows by itself", async () => {
  const git = (...words: string[]) =>
    hosts.here.tool(".", "git", "-c", "user.name=lab", "-c", "user.email=lab@example.org", ...words);
  next();
  await git("init", "--quiet");
  await git("add", "--all");
  await git("commit", "--quiet", "--message=one");
  next({ kernel: "6.12.9" });
  hosts.write("hosts/unseen.nix", "{ version = ");
  const { code, stderr } = await hosts.here.run("host", "deploy", "web", "--yes");
  expect({ code, stderr: nameless(stderr) }).toEqual({
    code: 0,
    stderr: [
      "warning: built with changes that are not committed: hosts/web.nix",
      "warning: a flake does not see what git does not know: hosts/unseen.nix (`git add` makes it seen)",
      "web: activated in <time> (runs nixos-system-web-2)",
      "1 changed in <time>",
      "",
    ].join("\n"),
  });
  expect(await hosts.versions("web")).toEqual(all(2));
  expect(
    await hosts
      .on("web")
      .run("sh", "-c", "cat /run/current-system/kernel; ls /tmp | grep -c homelab-source || :"),
  ).toBe("6.12.9\n0\n");
  const again = await hosts.here.run("host", "deploy", "web");
  expect(again.code).toBe(0);
});

test("what cannot be deployed is said before anything is done", async () => {
  next();
  const told = async (...words: string[]) => {
    const { code, stderr } = await homelab(...words, "--yes");
    return [code, stderr.split("\n").slice(0, 3).join("\n")];
  };
  expect(await told("host", "deploy", "wep")).toEqual([
    2,
    "error: unknown host `wep`\n  hint: did you mean `web`?\n",
  ]);
  expect(await told("host", "deploy", "web", "--within", "1s")).toEqual([
    2,
    "error: `--within` takes a time of at least 5s, not `1s`\n  hint: such as 90s or 5m\n",
  ]);
  const { ssh } = hosts.on("web");
  const reach = `{ address: ${ssh.address}, user: root, identity: ${ssh.key} }`;
  hosts.write("homelab.yml", `hosts: { mail: ${reach} }`);
  expect(await told("deploy", "mail")).toEqual([
    78,
    expect.stringContaining(
      "evaluate mail: failed after <time>: <root> has no machine mail in its nixosConfigurations\n",
    ),
  ]);
  await hosts.settings({}, "guest");
  expect(await told("host", "deploy", "web")).toEqual([
    77,
    expect.stringContaining("check web: failed after <time>: this needs root on web"),
  ]);
  await hosts.settings({});
  const [, key] = [ssh, hosts.on("db").ssh].map(({ knownHosts }) => knownHosts.split(" ").slice(1).join(" "));
  await hosts.laptop.write("/root/.ssh/known_hosts", `${ssh.address} ${key}\n`);
  // Connections that were made with the right key would be used.
  await hosts.laptop.run("sh", "-c", "pkill -x ssh; rm -rf /tmp/homelab-0");
  const [code, text] = await told("host", "deploy", "web");
  expect([code, text]).toEqual([
    5,
    expect.stringContaining("check web: failed after <time>: the host key of web"),
  ]);
  expect(await hosts.versions("web")).toEqual(all(1));
});
