import { expect, test } from "bun:test";
import { eventually } from "../helpers/eventually.ts";
import { homelab } from "../helpers/homelab.ts";
import { type Hypervisor, hypervisor } from "../helpers/hypervisor.ts";

/** What differs from run to run is replaced, and columns are two blanks apart. */
const shape = (text: string): string =>
  text
    .replace(/\b\d+(?:\.\d+)? [kMG]i?B\b/g, "<size>")
    .replace(/ {2,}/g, "  ")
    .replace(/\b\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?/g, "<date>");

const shown = async (ran: Promise<{ code: number | null; stdout: string; stderr: string }>) => {
  const { code, stdout, stderr } = await ran;
  return { code, stdout: shape(stdout), stderr: shape(stderr) };
};

const RECIPES = `microvms:
  vm1: { address: 10.1.0.2, user: root }
  vm2: { address: 10.2.0.2, user: root }
  bare: {}
groups:
  both: [vm1, vm2]
`;

/** Verdict and text of each line, by its check. */
const checksOf = (vm: { checks: { check: string; verdict: string; text: string }[] }) =>
  Object.fromEntries(vm.checks.map(({ check, verdict, text }) => [check, `${verdict}: ${text}`]));

test("MicroVMs are listed, logged into, and checked from inside and outside", async () => {
  await using host = await hypervisor({
    vms: { vm1: { kind: "imperative", running: true }, vm2: { kind: "declarative" } },
    files: { "homelab.yml": RECIPES },
  });
  expect(await shown(host.homelab("vm"))).toEqual({
    code: 0,
    stdout: `VM  STATE  MEMORY  ADDRESS  PENDING
vm1  ready  <size>  10.1.0.2  up <time>
vm2  stopped  10.2.0.2  start  not started
bare  missing  build  there is no such MicroVM on this machine
3 MicroVMs, 1 ready with <size>, 1 to build (\`homelab vm update NAME\`), 1 to start (\`homelab vm start NAME\`)
`,
    stderr: "",
  });

  await logsIn(host);
  await host.run("systemctl", "start", "microvm@vm2");
  await host.answer("vm2");
  await checks(host);
});

async function logsIn(host: Hypervisor): Promise<void> {
  const ssh = (...words: string[]) => shown(host.homelab("vm", "ssh", ...words));
  expect(await ssh("vm1", "hostname; exit 3")).toEqual({ code: 3, stdout: "vm1\n", stderr: "" });
  expect(await ssh("vm1", "--", "echo", "a  b", "$HOME", "--json")).toMatchObject({
    code: 0,
    stdout: "a  b $HOME --json\n".replace(/ {2}/, "  "),
  });
  expect(await ssh("vm1", "uptime", "--dry-run")).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^ssh -F \S+\.conf 10\.1\.0\.2 uptime\n$/),
  });
  const { document } = await host.json("vm", "ssh", "vm1", "id -u");
  expect(document).toEqual({
    ...{ version: 1, id: "vm1", command: ["sh", "-c", "id -u"] },
    ...{ exitCode: 0, stdout: "0\n", stderr: "" },
  });
  const login = await host.terminal(["vm", "ssh", "vm1", "test -t 0 && echo on a terminal; exit 4"]);
  expect(login.code).toBe(4);
  expect(login.screen).toContain("on a terminal");

  expect(await ssh("vm2")).toEqual({
    code: 69,
    stdout: "",
    stderr: `error: \`vm2\` does not run on this machine
  hint: \`homelab vm start vm2\` starts it, \`homelab vm logs vm2\` shows how it ended
`,
  });
  expect(await ssh("bare")).toMatchObject({ code: 78 });
  expect(await ssh("vm3")).toMatchObject({
    code: 2,
    stderr: "error: unknown MicroVM `vm3`\n  hint: did you mean `vm1`?\n",
  });
  expect(await ssh("both", "--", "id")).toMatchObject({
    code: 2,
    stderr: "error: `both` is a group of 2 MicroVMs\n  hint: name one: vm1, vm2\n",
  });
  expect(await ssh("vm1", "ls", "-l")).toMatchObject({ code: 2 });
  expect((await host.json("vm", "ssh", "vm1")).document.error).toMatchObject({ code: "usage" });
}

async function checks(host: Hypervisor): Promise<void> {
  // The world outside, as far as the lab has one.
  await host.run("ip", "address", "add", "1.1.1.1/32", "dev", "lo");
  const well = await host.json("vm", "network", "both");
  expect(well.code).toBe(0);
  expect(checksOf(well.document.vms[0])).toMatchObject({
    unit: "ok: microvm@vm1.service runs on this machine",
    "TAP interface": "ok: vm-vm1 is up, in br-vm1",
    bridge: "ok: br-vm1 is up, with 10.1.0.1/24",
    address: "ok: 10.1.0.2 is in the network of br-vm1",
    route: "ok: this machine reaches 10.1.0.2 by br-vm1",
    forwarding: "ok: this machine passes packets on (net.ipv4.ip_forward)",
    ping: "ok: 10.1.0.2 answers this machine",
    ssh: "ok: port 22 of 10.1.0.2 takes connections",
    login: "ok: ssh lets us in",
    "inside: address": "ok: eth0 is up, with 10.1.0.2/24",
    "inside: gateway": "ok: 10.1.0.1 answers",
    "inside: outside": "ok: 1.1.1.1 answers",
  });
  const pair = await host.json("vm", "network", "vm1", "vm2");
  expect(checksOf(pair.document.vms[0])["inside: vm2"]).toBe("ok: 10.2.0.2 answers");
  expect(checksOf(pair.document.vms[1])["inside: vm1"]).toBe("ok: 10.1.0.2 answers");

  await host.run("ip", "link", "set", "vm-vm1", "nomaster");
  const cut = await shown(host.homelab("vm", "network", "vm1", "--quiet"));
  expect(cut).toEqual({
    code: 1,
    stdout: `vm1 (10.1.0.2 on this machine): 6 ok, 3 failed, 1 not known
  failed  TAP interface  vm-vm1 is up, but in no bridge
  → \`sudo ip link set vm-vm1 master BRIDGE\`; systemd.network or \`networking.bridges\` of its host does it for good
  failed  ping  10.1.0.2 does not answer this machine: no answer
  → \`homelab vm logs vm1\` shows whether it has booted, and with which address
  failed  ssh  ${/ssh {2}(.*)\n/.exec(cut.stdout)?.[1]}
  → see that it runs sshd (\`services.openssh.enable\`), and that its firewall lets port 22 through
`,
    stderr: "",
  });
}

test("one is run in the foreground, with what it needs around it", async () => {
  await using host = await hypervisor({
    vms: { vm1: { kind: "imperative" }, vm2: { kind: "imperative", settings: { starts: false } } },
    files: { "homelab.yml": RECIPES },
  });
  const watch = async (send: (text: string) => void, written: () => string) => {
    await eventually("the guest is up", () => written().includes("is up at 10.1.0.2"));
    expect(await host.run("ls", "/sys/class/net")).toContain("vm-vm1");
    expect(await host.version("vm1")).toBe("1");
    const second = await host.homelab("vm", "run", "vm1");
    expect(second).toMatchObject({
      code: 5,
      stderr: expect.stringContaining("runs already on this machine, as homelab-vm-run-vm1.service"),
    });
    send("\x03");
  };
  // On others, systemd-run sets the window's title.
  const run = await host.terminal(["vm", "run", "vm1"], watch, { TERM: "dumb" });
  expect(run.code).toBe(0);
  expect(run.written).toContain("`vm1` runs in the foreground until it shuts down");
  expect(await host.run("ls", "/sys/class/net")).not.toContain("vm-vm1");
  expect((await host.run("ls", "/var/lib/microvms/vm1")).split("\n")).not.toContain("booted");

  expect(await host.homelab("vm", "run", "vm2")).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("qemu: could not set up the memory of vm2\n"),
  });
  const isActive = async (unit: string) => (await host.ask("systemctl", "is-active", unit)).code === 0;
  // Somebody starts its unit, which ends the one in the foreground and needs the same helpers.
  const taken = await host.terminal(
    ["vm", "run", "vm1"],
    async (_, written) => {
      await eventually("it runs in the foreground", () => isActive("homelab-vm-run-vm1"));
      await eventually("its console is shown", () => written().includes("guest vm1: Linux"));
      await host.run("systemctl", "start", "--no-block", "microvm@vm1");
    },
    { TERM: "dumb" },
  );
  expect(taken.written).toContain("`vm1` runs in the foreground until it shuts down");
  await eventually("its unit runs", () => isActive("microvm@vm1"));
  expect(await isActive("microvm-tap-interfaces@vm1")).toBe(true);
  expect(await host.run("ls", "/sys/class/net")).toContain("vm-vm1");
  expect(await host.homelab("vm", "run", "vm1")).toEqual({
    code: 5,
    stdout: "",
    stderr: `error: \`vm1\` runs already on this machine, as microvm@vm1.service
  hint: \`homelab vm stop vm1\` ends it, \`homelab vm logs vm1 -f\` shows its console as it is
`,
  });
  expect(await host.homelab("vm", "run", "bare")).toMatchObject({ code: 5 });
});

test("what no configuration names is an orphan, and goes only when it is safe to", async () => {
  await using host = await hypervisor({
    vms: { vm1: { kind: "imperative" }, vm2: { kind: "declarative" }, web: { kind: "imperative" } },
    files: { "homelab.yml": "microvms:\n  vm1: {}\n" },
  });
  await host.addDirectories("vm1", ["old1", "odd", "busy"]);
  await host.addDirectories("vm2", ["gone"]);
  await host.write("/var/lib/microvms/odd/flake", "git+file:///nowhere");
  await host.write("/var/lib/microvms/old1/var.img", "x".repeat(50_000));
  await host.run("ln", "-s", "/var/lib/microvms/old1/current", "/nix/var/nix/gcroots/microvm/old1");
  await host.run("systemctl", "start", "microvm@busy");

  const { code, document } = await host.json("vm", "orphans");
  expect(code).toBe(0);
  const found = document.orphans.map(({ id, orphan, running, bytes, reason }: Record<string, unknown>) => [
    ...[id, orphan, running, bytes],
    String(reason).slice(0, 60),
  ]);
  expect(found).toEqual([
    ["busy", true, true, expect.any(Number), "git+file:///root/infra has it no more"],
    ["gone", true, false, 0, "its host's configuration declares it no more"],
    ["odd", null, false, 0, "its flake cannot be evaluated: there is no flake at git+file".slice(0, 60)],
    ["old1", true, false, 53_248, "git+file:///root/infra has it no more"],
  ]);

  const refused = await shown(host.homelab("vm", "prune", "old1"));
  expect(refused).toEqual({
    code: 5,
    stdout: "",
    stderr: `error: Remove what is left of this MicroVM for good, data included (<size>)? (old1 on this machine: <size>: var.img (<size>); git+file:///root/infra has it no more) Nobody can be asked here
  hint: say yes in advance with \`--yes\`
`,
  });
  for (const [name, why] of [
    ["vm1", "`vm1` is no orphan: a recipe names it"],
    ["vm2", "`vm2` is no orphan: its host's configuration declares it"],
    ["web", "`web` is no orphan: git+file:///root/infra has it"],
    ["busy", "`busy` runs on this machine"],
    ["odd", "whether anything names `odd` is not known"],
  ] as const) {
    const kept = await host.homelab("vm", "prune", name, "--yes");
    expect(kept).toMatchObject({ code: 5, stderr: expect.stringContaining(`error: ${why}`) });
  }
  expect(await host.homelab("vm", "prune", "nothing", "--yes")).toMatchObject({ code: 2 });
  // One in the foreground writes to its disks, too.
  await host.run("systemd-run", "--unit=homelab-vm-run-old1", "sleep", "1000");
  const inForeground = await host.json("vm", "orphans");
  expect(inForeground.document.orphans[3]).toMatchObject({ id: "old1", running: true });
  expect(await host.homelab("vm", "prune", "old1", "--yes")).toMatchObject({
    code: 5,
    stderr:
      "error: `old1` runs on this machine\n  hint: `sudo systemctl stop homelab-vm-run-old1.service` there ends it, if it is not needed\n",
  });
  await host.run("systemctl", "stop", "homelab-vm-run-old1");
  await host.homelab("vm", "prune", "--dry-run");
  const asked = await host.terminal(["vm", "prune"], async (send, written) => {
    await eventually("it asks", () => written().includes("[y/N]"));
    send("n\n");
  });
  expect(asked.code).toBe(5);
  const left = async () => (await host.run("ls", "/var/lib/microvms")).split("\n").filter(Boolean);
  expect(await left()).toEqual(["busy", "gone", "odd", "old1", "vm1", "vm2", "web"]);

  const pruned = await host.homelab("vm", "prune", "--yes");
  expect(pruned.code).toBe(0);
  expect(pruned.stderr).toContain("`busy` stays: it runs on this machine");
  expect(await left()).toEqual(["busy", "odd", "vm1", "vm2", "web"]);
  expect(await host.run("ls", "/nix/var/nix/gcroots/microvm")).not.toContain("old1");
  const again = await host.json("vm", "prune", "--yes");
  expect(again).toMatchObject({ code: 0, document: { outcome: "unchanged", changed: 0 } });
});

test("fifty are listed in at most twice the time of one", async () => {
  await using host = await hypervisor({ vms: { vm1: { kind: "imperative" } } });
  const least = async (): Promise<number> => {
    const times: number[] = [];
    for (let round = 0; round < 4; round++) {
      const began = performance.now();
      expect((await host.homelab("vm", "list")).code).toBe(0);
      times.push(performance.now() - began);
    }
    return Math.min(...times);
  };
  const one = await least();
  await host.addDirectories(
    "vm1",
    Array.from({ length: 49 }, (_, at) => `more${at}`),
  );
  const { document } = await host.json("vm", "list");
  expect(document.vms).toHaveLength(50);
  expect(await least()).toBeLessThan(2 * one);
});

/** What systemd and the journal have is told by the clock of whom it is told. */
async function anHourAhead(box: Hypervisor, laptop: Hypervisor): Promise<void> {
  const date = "/usr/local/bin/date";
  await box.write(date, `#!/bin/sh\nexec /usr/bin/date --date='1 hour' "$@"\n`);
  await box.run("chmod", "755", date);
  const raw = await laptop.lab.start("status", "vm1").ended;
  expect(raw.stdout).toMatch(/vm1 +ready +up 6\d min/);
  const { document } = await laptop.json("logs", "vm1", "--grep", "is up at");
  const [{ time }] = document.lines;
  const minutes = (Date.now() - Date.parse(time)) / 60_000;
  expect(minutes).toBeGreaterThan(60);
  expect(minutes).toBeLessThan(70);
  expect((await laptop.json("logs", "vm1", "--since", "50m")).document.lines).toEqual([]);
  // Each run asks for the time anew: to some milliseconds the two differ.
  const since = new Date(Date.parse(time) - 5_000).toISOString();
  expect((await laptop.json("logs", "vm1", "--since", since, "--tail", "1")).document.lines).toHaveLength(1);
  await box.run("rm", date);
}

test("from a laptop all of it goes over ssh, and a host that is away is a row", async () => {
  await using lab = await homelab({});
  await using box = await hypervisor({
    ...{ beside: lab, name: "box" },
    vms: {
      vm1: { kind: "imperative", running: true },
      vm2: { kind: "imperative", settings: { starts: false } },
    },
  });
  await using laptop = await hypervisor({ beside: lab, name: "laptop" });
  const { address, key, knownHosts } = box.ssh;
  const recipes = (host: string, user: string) => `hosts:
  box: { address: ${address}, user: ${user}, identity: ${key} }
microvms:
  vm1: { address: 10.1.0.2, user: root, identity: ${key}, host: box }
  vm2: { host: box }
  lost: { host: "${host}" }
`;
  const closed = `root@${address}:9`;
  await laptop.write("/root/.ssh/known_hosts", `${knownHosts}\n`);
  lab.write({ "homelab.yml": recipes(closed, "admin") });

  const list = await shown(laptop.homelab("vm", "list"));
  const text = list.stdout.replaceAll(address, "<box>");
  expect(list.code).toBe(0);
  expect(text).toContain("vm1  ready  <size>  10.1.0.2  box  up <time>");
  expect(text).toMatch(/^lost {2}failed {2}root@<box>:9 {2}\S.*$/m);
  expect(text).toEndWith(
    "3 MicroVMs, 1 ready with <size>, 1 to start (`homelab vm start NAME`), 1 not reachable\n",
  );

  expect(await laptop.homelab("vm", "ssh", "vm1", "hostname; exit 5")).toMatchObject({
    code: 5,
    stdout: "vm1\n",
  });
  const network = await laptop.json("vm", "network", "vm1", "lost");
  expect(network.code).toBe(1);
  expect(checksOf(network.document.vms[0])).toMatchObject({
    ping: "ok: 10.1.0.2 answers box",
    login: "ok: ssh lets us in",
    "inside: gateway": "ok: 10.1.0.1 answers",
  });
  expect(network.document.vms[1].checks).toMatchObject([{ check: "host", verdict: "failed" }]);
  expect((await laptop.homelab("vm", "network", "lost")).code).toBe(69);
  expect(await laptop.homelab("vm", "run", "vm2")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("could not set up the memory of vm2"),
  });
  const mistyped = await shown(laptop.homelab("vm", "update", "other"));
  expect(mistyped).toMatchObject({ code: 2, stdout: "" });
  expect(mistyped.stderr.replaceAll(address, "<box>")).toMatch(
    /^error: unknown MicroVM `other`\n {2}hint: `homelab vm list` shows all that there are; root@<box>:9 could not be asked: \S/,
  );
  expect(await laptop.homelab("vm", "list", "lost")).toMatchObject({
    code: 69,
    stdout: expect.stringContaining("1 MicroVM, 0 ready, 1 not reachable"),
  });
  expect(await laptop.homelab("vm", "orphans")).toMatchObject({
    code: 0,
    stdout: "",
    stderr: expect.stringContaining("there are no orphans on the machines that answered"),
  });

  await anHourAhead(box, laptop);
  await box.run("chmod", "700", "/var/lib/microvms");
  lab.write({ "homelab.yml": recipes(closed, "guest") });
  const closedDir = await shown(laptop.homelab("vm", "list", "vm1"));
  expect(closedDir.code).toBe(77);
  expect(closedDir.stdout).toContain("vm1  failed  10.1.0.2  /var/lib/microvms on box cannot be read");
  expect(await laptop.homelab("vm", "run", "vm1")).toMatchObject({ code: 77 });

  // Where nobody can look there may be some.
  await laptop.run("chmod", "700", "/var/lib/microvms");
  lab.write({ "homelab.yml": "services: {}\n" });
  for (const verb of ["list", "build", "update", "network"])
    expect(await laptop.as("guest").run("vm", verb)).toMatchObject({
      ...{ code: 77, stdout: "" },
      stderr: expect.stringContaining("error: /var/lib/microvms on this machine cannot be read\n"),
    });
  await laptop.run("chmod", "755", "/var/lib/microvms");

  const [, , other = ""] = laptop.ssh.knownHosts.split(" ");
  await laptop.write("/root/.ssh/known_hosts", `${address} ssh-ed25519 ${other}\n`);
  lab.write({ "homelab.yml": recipes(closed, "root") });
  const changed = await shown(laptop.homelab("vm", "ssh", "vm1", "id"));
  expect(changed.code).toBe(5);
  expect(changed.stderr).toContain("is not the known one");
  expect((await laptop.homelab("vm", "network", "vm1")).code).toBe(5);
});
