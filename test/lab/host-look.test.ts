import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../helpers/eventually.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";
import { type Hypervisor, hypervisor } from "../helpers/hypervisor.ts";
import { activate, boot, buildSystem, makeNixos } from "../helpers/nixos-system.ts";

const OLD = { version: "25.11.20251101.aaaaaaa", kernel: "6.12.5" };
const NEW = { version: "25.11.20251110.bbbbbbb", kernel: "6.12.8" };

/** A laptop that reaches hosts by ssh, with their keys in a file of its own. */
function reaching(laptop: Homelab, hosts: readonly Hypervisor[]): Homelab {
  const known = join(laptop.top, "known_hosts");
  writeFileSync(known, hosts.map(({ ssh }) => `${ssh.knownHosts}\n`).join(""));
  const config = join(laptop.top, "ssh_config");
  writeFileSync(config, `Host *\n  UserKnownHostsFile ${known}\n`);
  return laptop.with({ env: { HOMELAB_SSH_CONFIG: config } });
}

/** What differs from machine to machine and from run to run. */
const steady = (text: string) =>
  text
    .replace(
      /(?:\d+ d(?: \d+ h)?|\d+ h(?: <time>)?|<time>) +\d+\.\d\d +\d+% of \d+ GB +\d+% of \/(?: |$)/gm,
      "<numbers> ",
    )
    .replace(/ +/g, " ")
    .replace(/ $/gm, "");

const hostLine = (host: Hypervisor, user: string, more = "") =>
  `{ address: ${host.ssh.address}, user: ${user}, identity: ${host.ssh.key}${more} }`;

test("status asks all at once; generations show what runs, was booted and comes next", async () => {
  await using laptop = await homelab({});
  await using p620 = await hypervisor({ beside: laptop, name: "p620" });
  await using razer = await hypervisor({ beside: laptop, name: "razer" });
  const lab = reaching(laptop, [p620, razer]);
  const text = async (...words: string[]) => {
    const { code, stdout, stderr } = await lab.run(...words);
    return { code, stdout: steady(stdout), stderr };
  };
  laptop.write({
    "homelab.yml": [
      "hosts:",
      `  p620: ${hostLine(p620, "admin", ", stage: production, description: the big one, critical: [ssh.service]")}`,
      `  razer: ${hostLine(razer, "root", ", critical: [ssh.service, nginx.service]")}`,
      "  gone: { address: 127.0.0.1 }",
      "",
    ].join("\n"),
  });

  expect(await text("host", "status", "production")).toEqual({
    code: 3,
    stdout: [
      "HOST STATE NIXOS UP LOAD MEMORY DISK",
      "p620 foreign <numbers> Debian GNU/Linux 13 (trixie) is not NixOS",
      "0 ready, 1 not",
      "",
    ].join("\n"),
    stderr: "",
  });
  expect(await text("host", "generations", "p620")).toEqual({
    code: 69,
    stdout: "",
    stderr:
      "error: p620 has no generations of a system: it is not NixOS\n  hint: NixOS has an /etc/NIXOS, and links in /nix/var/nix/profiles that are called `system-N-link`\n",
  });

  const revision = "0123456789abcdef0123456789abcdef01234567";
  const [, now = ""] = await makeNixos(p620, [OLD, { ...NEW, revision, specialisations: ["gaming"] }]);
  const [old = "", newer = ""] = await makeNixos(razer, [OLD, NEW]);
  await boot(razer, old);
  await razer.write("/etc/systemd/system/bad.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n");
  await razer.ask("systemctl", "start", "bad.service");

  expect(await text("host", "list")).toEqual({
    code: 0,
    stdout: steady(
      [
        "HOST   REACHED AT        STAGE",
        `p620   admin@${p620.ssh.address}  production  the big one`,
        `razer  root@${razer.ssh.address}`,
        "gone   127.0.0.1",
        "",
      ].join("\n"),
    ),
    stderr: "",
  });
  expect(await text("host", "status")).toEqual({
    code: 3,
    stdout: [
      "HOST STATE NIXOS UP LOAD MEMORY DISK",
      `p620 ready ${NEW.version} <numbers>`,
      `razer degraded ${NEW.version} <numbers> failed: bad.service; nginx.service is inactive; needs a reboot: kernel 6.12.5 → 6.12.8, initrd, modules`,
      "gone unreachable gone (127.0.0.1) refuses connections",
      "1 ready, 2 not",
      "",
    ].join("\n"),
    stderr:
      "gone: see that it runs, that sshd runs on it, and that no firewall is in between: try `ssh 127.0.0.1`\n",
  });
  expect((await text("host", "status", "p620", "--quiet")).code).toBe(0);
  const { document } = await lab.json("host", "status", "p620", "gone");
  expect(document).toMatchObject({
    version: 1,
    hosts: [
      {
        ...{
          id: "p620",
          here: false,
          state: "ready",
          detail: "",
          problem: null,
          reboot: null,
          waiting: null,
        },
        ...{
          nixos: true,
          hostname: "p620",
          systemd: "running",
          failed: [],
          critical: { "ssh.service": "active" },
        },
        current: { path: now, version: NEW.version, kernel: NEW.kernel, generation: 2 },
        booted: { path: now, generation: 2 },
        profile: { path: now, generation: 2 },
      },
      { id: "gone", state: "unreachable", problem: { code: "unavailable" } },
    ],
  });

  // A specialisation of the default is what the next boot starts, too.
  const gaming = (await p620.run("readlink", "-e", `${now}/specialisation/gaming`)).trim();
  await activate(p620, gaming);
  expect((await lab.json("host", "status", "p620")).document.hosts[0]).toMatchObject({
    ...{ state: "ready", waiting: null, reboot: null },
    current: { path: gaming, generation: 2 },
  });
  const listed = await lab.json("host", "generations", "p620");
  const seconds = Number(await p620.run("stat", "-c", "%Y", "/nix/var/nix/profiles/system-2-link"));
  expect(listed.document).toMatchObject({ version: 1, id: "p620", current: gaming, booted: now });
  expect(listed.document.generations).toEqual([
    {
      generation: 2,
      date: new Date(seconds * 1000).toISOString(),
      nixosVersion: NEW.version,
      kernelVersion: NEW.kernel,
      configurationRevision: revision,
      specialisations: ["gaming"],
      path: now,
      ...{ current: true, booted: true, default: true },
    },
    expect.objectContaining({ generation: 1, configurationRevision: null, current: false, default: false }),
  ]);

  // `nixos-rebuild test`, then `boot`, then a rollback that was not activated; and `homelab status` is the same.
  await activate(razer, await buildSystem(razer, { ...NEW, initrd: "2" }));
  const waiting = async () => (await lab.json("status", "razer")).document.hosts[0].waiting;
  expect(await waiting()).toEqual({ kind: "test", running: null, next: 2 });
  const tested = await text("host", "generations", "razer");
  expect(tested.stdout.replace(/\d{4}-\d\d-\d\d \d\d:\d\d/g, "<date>")).toBe(
    [
      "GENERATION MADE NIXOS KERNEL REVISION",
      `2 <date> ${NEW.version} 6.12.8 default`,
      `1 <date> ${OLD.version} 6.12.5 booted`,
      "",
    ].join("\n"),
  );
  expect(tested.stderr).toBe(
    "razer runs a system that is no generation, as after `nixos-rebuild test`: the next boot ends it\n",
  );
  await activate(razer, old);
  expect(await waiting()).toEqual({ kind: "newer", running: 1, next: 2 });
  await razer.run("nix-env", "-p", "/nix/var/nix/profiles/system", "--switch-generation", "1");
  await activate(razer, newer);
  expect(await waiting()).toEqual({ kind: "older", running: 2, next: 1 });
});

test("on a host itself it is this machine, and the flake's other machines are shown", async () => {
  await using p620 = await hypervisor({
    name: "p620",
    files: {
      "homelab.yml":
        "hosts: { p620: {}, gone: { address: 10.255.0.1 } }\nmicrovms: { web: {} }\nunits: { ssh: { unit: ssh.service } }\n",
      "flake.nix":
        "{ outputs = { self }: { nixosConfigurations = { p620 = {}; spare = {}; web = {}; vm1 = {}; }; }; }\n",
    },
  });
  await p620.run("mkdir", "/var/lib/microvms/vm1");
  await makeNixos(p620, [NEW]);
  const list = await p620.homelab("host", "list");
  expect(list).toMatchObject({
    code: 0,
    stdout: [
      "HOST   REACHED AT    STAGE",
      "p620   this machine",
      "gone   10.255.0.1           no entry in the flake",
      "spare  spare                no recipe",
      "",
    ].join("\n"),
    stderr: "",
  });
  const { document } = await p620.json("host", "list", "spare", "p620");
  expect(document.hosts).toMatchObject([
    { id: "spare", recipe: false, here: false, flake: true },
    { id: "p620", recipe: true, here: true, flake: true },
  ]);
  expect((await p620.json("host", "status", "p620")).document.hosts[0]).toMatchObject({
    here: true,
    state: "ready",
  });
  const refers = "hosts have a status of their own: `homelab host status p620`\n";
  const mixed = await p620.homelab("status", "ssh", "p620");
  expect(mixed.stderr).toBe(refers);
  expect(mixed.stdout).toStartWith("ssh  ");
  expect(await p620.homelab("why", "p620")).toMatchObject({ code: 0, stdout: "", stderr: refers });
  expect(await p620.homelab("host", "ssh", "p620", "hostname")).toMatchObject({ code: 0, stdout: "p620\n" });
  expect((await p620.homelab("host", "ssh", "p620")).stderr).toBe(
    "error: `p620` is this machine: you are logged in\n  hint: put a command behind it: `homelab host ssh p620 -- uptime`\n",
  );
  expect((await p620.homelab("host", "status", "spar")).stderr).toBe(
    "error: unknown host `spar`\n  hint: did you mean `spare`?\n",
  );
  expect((await p620.homelab("host", "status", "web")).stderr).toBe(
    "error: `web` is a microvm, and no host\n  hint: `homelab vm` is for MicroVMs\n",
  );
  await p620.write(p620.lab.path("flake.nix"), "{ outputs = \n");
  const broken = await p620.homelab("host", "list");
  expect(broken.stderr).toMatch(/^the flake in .* was not read: .*syntax error/);
  expect(broken.stdout).toContain("this machine");
});

test("logs and commands come from the host, and what it refuses is said", async () => {
  await using laptop = await homelab({});
  await using p620 = await hypervisor({ beside: laptop, name: "p620" });
  await using razer = await hypervisor({ beside: laptop, name: "razer" });
  const lab = reaching(laptop, [p620]);
  laptop.write({
    "homelab.yml": [
      "hosts:",
      `  p620: ${hostLine(p620, "admin", ", stage: both")}`,
      `  guest: ${hostLine(p620, "guest", ", stage: both")}`,
      `  nobody: ${hostLine(p620, "nobody")}`,
      `  razer: ${hostLine(razer, "root")}`,
      "",
    ].join("\n"),
  });
  await p620.write(
    "/etc/systemd/system/hello.service",
    "[Service]\nType=oneshot\nExecStart=/bin/echo one\nExecStart=/bin/echo two\n",
  );
  await p620.run("systemctl", "start", "hello.service");
  const logs = await lab.run("host", "logs", "p620", "hello", "nope");
  expect(logs).toMatchObject({ code: 0, stderr: "warning: p620 has no unit `nope` now\n" });
  expect(logs.stdout).toMatch(/^p620\/hello +\| one\np620\/hello +\| two$/m);
  expect((await lab.run("host", "logs", "p620")).stdout).toMatch(/^echo: two$/m);
  const since = await lab.json("logs", "p620", "--grep", "^echo: one$");
  expect(since.document.lines).toMatchObject([{ id: "p620", stream: "stdout", text: "echo: one" }]);
  expect((await lab.run("host", "logs", "p620", "hello", "--since", "yesterday-ish")).code).toBe(2);
  expect(await lab.run("host", "logs", "guest")).toMatchObject({
    code: 77,
    stderr:
      "error: the journal of guest cannot be read without root\n  hint: join the group `systemd-journal` there, or: log in as root, or allow it without a password in sudoers (NOPASSWD)\n",
  });
  // Who may read it by himself needs no sudo.
  await p620.run("usermod", "--append", "--groups", "systemd-journal", "guest");
  // Groups and shell are those of the login.
  await p620.run("pkill", "-u", "guest");
  expect((await lab.run("host", "logs", "guest", "hello")).stdout).toMatch(/^one$/m);

  expect(await lab.run("host", "ssh", "p620", "--", "sh", "-c", "id -un; exit 7")).toMatchObject({
    code: 7,
    stdout: "admin\n",
  });
  expect((await lab.json("host", "ssh", "guest", "id -un; exit 3")).document).toEqual({
    ...{ version: 1, id: "guest", command: ["sh", "-c", "id -un; exit 3"] },
    ...{ exitCode: 3, stdout: "guest\n", stderr: "" },
  });
  expect(await lab.run("host", "ssh", "both")).toMatchObject({
    code: 2,
    stderr: "error: `both` stands for 2 hosts\n  hint: name one: p620, guest\n",
  });

  const followed = lab.start("host", "logs", "p620", "hello", "-f");
  await eventually("it follows", async () => followed.printed().includes("two"));
  await p620.run("systemctl", "start", "hello.service");
  await eventually("new lines come", async () => followed.printed().split("\ntwo\n").length > 2);
  followed.kill("SIGINT");
  expect((await followed.ended).code).toBe(130);

  await p620.run("usermod", "--shell", "/usr/sbin/nologin", "guest");
  await p620.run("pkill", "-u", "guest");
  const shut =
    "guest cannot be asked: This account is currently not available.\n  hint: its login needs a shell that runs commands\n";
  expect((await lab.run("host", "generations", "guest")).stderr).toBe(`error: ${shut}`);
  expect((await lab.json("host", "status", "guest")).document.hosts).toMatchObject([
    { state: "unreachable" },
  ]);

  // Another machine answers where razer was.
  const known = join(laptop.top, "known_hosts");
  writeFileSync(
    known,
    `${p620.ssh.knownHosts}\n${razer.ssh.address} ${p620.ssh.knownHosts.split(" ").slice(1).join(" ")}\n`,
  );
  const { document } = await lab.json("host", "status", "nobody", "razer");
  expect(document.hosts).toMatchObject([
    { id: "nobody", state: "refused", problem: { code: "permission" } },
    { id: "razer", state: "refused", problem: { code: "refused" } },
  ]);
  expect(document.hosts[1].detail).toContain("is not the known one: another machine answers");
  expect((await lab.run("host", "ssh", "razer", "true")).code).toBe(5);

  for (const [words, message] of [
    [["host", "stat"], "error: `host` has no `stat`\n  hint: did you mean `homelab host status`?\n"],
    [["host", "status", "razr"], "error: unknown host `razr`\n  hint: did you mean `razer`?\n"],
    [["host", "generations"], "error: `host generations` needs a host\n  hint: see `homelab host --help`\n"],
    [
      ["host", "status", "--since", "1h"],
      "error: `host status` takes no `--since`\n  hint: see `homelab host --help`\n",
    ],
  ] as const)
    expect(await lab.run(...words)).toMatchObject({ code: 2, stderr: message });
});
