import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { UnitFile } from "../../src/units/host/audit/unit-file.ts";
import { eventually } from "../helpers/eventually.ts";
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
beforeEach(() => hosts.idle("web"));

const homelab = (...words: string[]) => hosts.laptop.homelab(...words);
const deploy = (...words: string[]) => homelab("host", "deploy", "web", ...words, "--yes");
const units = { "web.service": service("one") };
/** What `web` is to be next. */
const next = (change: Parameters<Hosts["configure"]>[1] = {}) =>
  hosts.configure("web", { version: `${runs + 1}`, units, ...change });
const deployed = async () => {
  const { code, stderr } = await deploy();
  expect([code, stderr]).toEqual([0, expect.stringContaining("web: activated in <time>")]);
  runs++;
};
const all = (version: number) => ({ runs: `${version}`, boots: `${version}`, profile: `${version}` });
const PATHS = /\/nix\/store\/[0-9a-z]{32}-/g;
/** Lines of a diff that tell of more than packages and units. */
const told = async () => {
  const { stdout } = await homelab("host", "diff", "web");
  return stdout.split("\n").filter((line) => /firewall|warning|error|cannot be/.test(line));
};

/** The service as NixOS has it, with what its script says. */
const firewall = (...rules: string[]) => ({
  "etc/systemd/system/firewall.service":
    "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=@@out@/firewall-start firewall-start\n",
  "firewall-start": [
    "#!/bin/sh -e",
    "ip46tables() { :; }",
    "ip46tables -A nixos-fw -m conntrack --ctstate ESTABLISHED,RELATED -j nixos-fw-accept",
    ...rules.map((rule) => `ip46tables -A nixos-fw ${rule} -j nixos-fw-accept`),
    "ip46tables -A INPUT -j nixos-fw",
    "",
  ].join("\n"),
});
const nftables = (...rules: string[]) => ({
  "etc/systemd/system/nftables.service":
    "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=@out@/rules.nft\n",
  "rules.nft": `#!/bin/true\ninclude "@out@/table.nft"\n`,
  "table.nft": `table inet nixos-fw {\n  chain input {\n    type filter hook input priority filter; policy drop;\n    ct state vmap { established : accept, new : jump input-allow }\n  }\n  chain input-allow {\n    ${rules.join("\n    ")}\n  }\n}\n`,
});

test("services without a guard and ports that are opened are told before anybody is asked", async () => {
  next({ files: firewall("-p tcp --dport 22", "-p tcp --dport 80") });
  expect(await told()).toEqual([
    "  new units: firewall.service",
    "  starts: firewall.service",
    "  the firewall is switched on",
  ]);
  await deployed();
  next({
    units: { ...units, "new.service": service("new", ""), "good.service": service("good") },
    files: {
      ...firewall("-p tcp --dport 22", "-p tcp --dport 6000:6010 -i eth0"),
      "etc/systemd/system/new.service.d/overrides.conf": "[Service]\nNoNewPrivileges=yes\n",
    },
  });
  const lines = [
    "  changed units: firewall.service",
    "  restarts: firewall.service",
    "  the firewall closes tcp 80 on all interfaces",
    "  warning: new.service: runs as root without ProtectSystem, ProtectHome, PrivateTmp, PrivateDevices, CapabilityBoundingSet (unit-hardening)",
    "  warning: firewall: opens tcp 6000-6010 on eth0 (firewall-open-port)",
  ];
  expect(await told()).toEqual(lines);
  const { code, screen } = await hosts.laptop.terminal(["host", "deploy", "web"], async (send, written) => {
    await eventually("the question", () => written().includes("[y/N]"));
    send("n\r");
  });
  expect(code).toBe(5);
  // A terminal wraps what is too long for it.
  const seen = screen.replace(/\s+/g, "");
  for (const line of lines) expect(seen).toContain(line.replace(/\s+/g, ""));
  const { document } = await hosts.laptop.json("host", "diff", "web");
  expect(document.steps.find(({ id }: { id: string }) => id === "audit web").warnings).toEqual(
    lines.slice(3).map((line) => line.replace("  warning: ", "")),
  );
  expect(document.hosts[0]).toMatchObject({
    firewall: { opens: ["tcp 6000-6010 on eth0"], closes: ["tcp 80 on all interfaces"] },
    blockers: [],
    findings: [
      { level: "warning", rule: "unit-hardening", at: { file: "new.service" } },
      { level: "warning", rule: "firewall-open-port", at: { file: "firewall" } },
    ],
  });
  await deployed();
  expect(await told()).toEqual([]);
});

test("a unit file is read as systemd reads it", async () => {
  const web = hosts.on("web");
  const own = [
    "[Unit]",
    "Description=one \\",
    "# in the middle",
    "; as well",
    "  two",
    "[Service]",
    "User = nobody",
    "PrivateTmp=yes",
    "ExecStart=/bin/true a \\",
    "",
    "ProtectHome=read-only",
    "  ProtectSystem=full",
    "CapabilityBoundingSet=CAP_CHOWN",
    "ExecStart=/bin/true b",
    "Type=oneshot",
  ].join("\n");
  const first = "[Service]\nUser=root\nExecStart=\nExecStart=/bin/true c \\\n  d\nPrivateTmp=no\n";
  const second = "[Service]\nUser=\nWorkingDirectory=/tmp\nCapabilityBoundingSet=\n";
  await web.write("/etc/systemd/system/odd.service", own);
  await web.write("/etc/systemd/system/odd.service.d/10-first.conf", first);
  await web.write("/etc/systemd/system/odd.service.d/20-second.conf", second);
  await web.run("systemctl", "daemon-reload");
  const unit = new UnitFile([own, first, second]);
  const shown = async (key: string) =>
    (await web.run("systemctl", "show", "odd.service", "--value", `--property=${key}`)).trim();
  for (const key of ["User", "ProtectHome", "ProtectSystem", "PrivateTmp", "Type", "WorkingDirectory"])
    expect([key, unit.last(key)]).toEqual([key, await shown(key)]);
  expect([unit.last("CapabilityBoundingSet"), await shown("CapabilityBoundingSet")]).toEqual(["", ""]);
  expect(await shown("ExecStart")).toContain(`argv[]=${unit.all("ExecStart").join().replace(/\s+/g, " ")} ;`);
});

test("another kind of firewall is the same one, and none is a warning", async () => {
  const kept = { ...units, "new.service": service("new", "") };
  const dropIn = { "etc/systemd/system/new.service.d/overrides.conf": "[Service]\nNoNewPrivileges=yes\n" };
  next({
    units: kept,
    files: {
      ...dropIn,
      ...nftables("tcp dport { 22, 443 } accept", "iifname eth0 tcp dport { 6000-6010 } accept"),
    },
  });
  expect((await told()).slice(-1)).toEqual([
    "  warning: firewall: opens tcp 443 on all interfaces (firewall-open-port)",
  ]);
  await deployed();
  next({ units: kept, files: dropIn });
  expect((await told()).slice(-1)).toEqual([
    "  warning: firewall: is switched off: all ports are open to everybody (firewall-off)",
  ]);
});

test("a host whose store cannot be read is deployed to all the same", async () => {
  const web = hosts.on("web");
  const find = "/usr/local/bin/find";
  next();
  const services = 'case " $* " in *" -maxdepth 2 "*) echo find: it is broken >&2; exit 127;; esac';
  await web.write(find, `#!/bin/sh\n${services}\nexec /usr/bin/find "$@"\n`);
  await web.run("chmod", "755", find);
  try {
    expect(await told()).toEqual([
      "  warning: not audited: web does not say what is in its store: find: it is broken (not-audited)",
    ]);
    await deployed();
  } finally {
    await web.run("rm", find);
  }
});

test("what only a reboot can change is not switched to, but may be what boots", async () => {
  const inhibitors = (dbus: string) => ({ "switch-inhibitors": JSON.stringify({ dbus, added: dbus }) });
  next({ files: inhibitors("dbus-1.14") });
  await deployed();
  next({ files: inhibitors("dbus-broker-36") });
  const text =
    "cannot be switched to while it runs: added: dbus-1.14 → dbus-broker-36, dbus: dbus-1.14 → dbus-broker-36";
  expect(await told()).toEqual([`  it ${text}`]);
  for (const verb of ["deploy", "test"]) {
    const { code, stderr } = await homelab("host", verb, "web", "--yes");
    expect([code, stderr]).toEqual([
      5,
      expect.stringContaining(
        `compare web: failed after <time>: the new system of web ${text}\n  hint: \`homelab host deploy web --boot\` makes it what boots next, and \`sudo systemctl reboot\` there brings it up\n`,
      ),
    ]);
  }
  expect(await hosts.versions("web")).toEqual(all(runs));
  const { code, stderr } = await deploy("--boot");
  expect({ code, stderr: stderr.replace(PATHS, "") }).toEqual({
    code: 0,
    stderr: `web: activated in <time> (boots nixos-system-web-${runs + 1} from now on; it runs what it did before)\n1 changed in <time>\n`,
  });
  expect(await hosts.versions("web")).toEqual({
    runs: `${runs}`,
    boots: `${runs + 1}`,
    profile: `${runs + 1}`,
  });
  await hosts.idle("web");
  const again = await deploy("--boot");
  expect({ code: again.code, stderr: again.stderr }).toEqual({ code: 0, stderr: "" });
  const back = await homelab("host", "rollback", "web", "--boot", "--yes");
  expect(back.code).toBe(0);
  expect(await hosts.versions("web")).toEqual(all(runs));
});

test("a boot entry that cannot be made leaves what boots as it is", async () => {
  next();
  await hosts.on("web").run("touch", "/run/full-boot");
  const { code, stderr } = await deploy("--boot");
  await hosts.on("web").run("rm", "/run/full-boot");
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining("its boot entry could not be made; web boots what it did before\n"),
  ]);
  expect(await hosts.versions("web")).toEqual(all(runs));
});

test("once it is begun, it becomes what boots, also when its supervisor is killed over that", async () => {
  const web = hosts.on("web");
  next();
  const [, generation = ""] =
    /^system-(\d+)-link/.exec(await web.run("readlink", "/nix/var/nix/profiles/system")) ?? [];
  await web.run("touch", "/run/slow-boot");
  const child = hosts.laptop.lab.start("host", "deploy", "web", "--boot", "--yes");
  await hosts.at("web", "committing");
  await web.run("systemctl", "kill", "--signal=KILL", "homelab-switch-*");
  await web.run("rm", "/run/slow-boot");
  expect((await child.ended).code).toBe(0);
  expect(await hosts.versions("web")).toEqual({
    runs: `${runs}`,
    boots: `${runs + 1}`,
    profile: `${runs + 1}`,
  });
  await hosts.idle("web");
  // Others were made since, and given up.
  expect((await homelab("host", "rollback", "web", "--to", generation, "--boot", "--yes")).code).toBe(0);
  expect(await hosts.versions("web")).toEqual(all(runs));
});

test("another way to speak to the first process needs a reboot, too", async () => {
  next({ files: { "init-interface-version": "systemd 2" } });
  expect(await told()).toEqual(["  it cannot be switched to while it runs: init: none → systemd 2"]);
  expect((await deploy()).code).toBe(5);
  expect(await hosts.versions("web")).toEqual(all(runs));
});

test("a host that waits for a reboot already is no surprise", async () => {
  next({ kernel: "6.12.5" });
  await deployed();
  next({ kernel: "6.12.5" });
  expect(await told()).toEqual([
    "  warning: web waits for a reboot already: kernel, initrd, kernel-modules (reboot-pending)",
  ]);
});
