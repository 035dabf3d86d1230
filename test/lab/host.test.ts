import { expect, test } from "bun:test";
import { eventually } from "../helpers/eventually.ts";
import { homelab } from "../helpers/homelab.ts";
import { hypervisor } from "../helpers/hypervisor.ts";
import { start } from "../helpers/spawn.ts";

const RUNNER = "git+file:///root/infra#nixosConfigurations.vm1.config.microvm.declaredRunner";

test("a MicroVM boots, answers over http and ssh, follows its flake, and ends in order", async () => {
  await using host = await hypervisor({ vms: { vm1: { kind: "imperative", running: true } } });
  expect(await host.version("vm1")).toBe("1");
  const login = ["ssh", `root@${host.address("vm1")}`];
  expect(await host.run(...login, "hostname; ping -c 1 10.1.0.1 | grep received")).toBe(
    "vm1\n1 packets transmitted, 1 packets received, 0% packet loss\n",
  );
  const outside = (await host.run("ip", "route", "show", "default")).split(" ")[2];
  expect(await host.run(...login, `ping -c 1 ${outside} | grep received`)).toContain(" 1 packets received");
  expect((await host.run("ls", "/var/lib/microvms/vm1")).split("\n").filter(Boolean)).toEqual([
    "booted",
    "current",
    "flake",
    "vm1.sock",
  ]);

  await host.configure("vm1", { version: "2", memory: 160 });
  await host.run("nix", "build", "-o", "/var/lib/microvms/vm1/current", RUNNER);
  expect(await host.version("vm1")).toBe("1");
  const [booted, current] = ["booted", "current"].map((link) => `/var/lib/microvms/vm1/${link}`);
  expect(await host.run("nix", "store", "diff-closures", `${booted}`, `${current}`)).toMatch(/^web: 1 → 2$/m);
  await host.run("systemctl", "restart", "microvm@vm1");
  expect(await host.answer("vm1")).toBe("2");

  await host.run("systemctl", "stop", "microvm@vm1");
  expect(await host.version("vm1")).toBeUndefined();
  // `systemctl stop` does not wait for what ends with the unit.
  await eventually("its interface and its link are gone", async () => {
    const { stdout } = await host.ask("ls", "/sys/class/net", "/var/lib/microvms/vm1");
    return !/vm-vm1|booted/.test(stdout);
  });
  const journal = await host.console("vm1");
  expect(journal.match(/^guest vm1: .*/gm)?.map((line) => line.replace(/Linux \S+/, "Linux,"))).toEqual([
    "guest vm1: Linux, version 1",
    "guest vm1: is up at 10.1.0.2",
    "guest vm1: shutting down",
    "guest vm1: Linux, version 2",
    "guest vm1: is up at 10.1.0.2",
    "guest vm1: shutting down",
  ]);
  expect(await host.run("systemctl", "show", "--property=Result", "microvm@vm1")).toBe("Result=success\n");
});

test("what is broken fails as a real one does", async () => {
  await using host = await hypervisor({
    restartSec: "100ms",
    vms: {
      vm1: { kind: "declarative" },
      vm2: { kind: "imperative", settings: { boots: false } },
      vm3: { kind: "imperative", settings: { starts: false } },
    },
  });
  expect((await host.run("ls", "/var/lib/microvms/vm1")).split("\n").filter(Boolean)).toEqual([
    "current",
    "toplevel",
  ]);
  await host.run("systemctl", "start", "microvm@vm2", "microvm@vm3");
  await eventually("vm3 is given up", async () => {
    const { stdout } = await host.ask("systemctl", "is-failed", "microvm@vm3");
    return stdout.trim() === "failed";
  });
  await eventually("vm2 is started anew", async () => {
    const shown = await host.run("systemctl", "show", "--property=NRestarts", "--value", "microvm@vm2");
    return Number(shown) > 0;
  });
  await host.configure("vm1", { builds: false });
  const broken = await host.ask("nix", "build", "--no-link", RUNNER);
  expect(broken.code).toBe(1);
  expect(broken.stderr).toContain("the package of vm1 does not compile");
  await host.write("/root/infra/hosts/vm1/default.nix", "{ address = ");
  const wrong = await host.ask("nix", "build", "--no-link", RUNNER);
  expect(wrong.stderr).toContain("syntax error");
});

test("several run at once, reach each other and the homelab's directory by ssh", async () => {
  await using lab = await homelab({});
  await using one = await hypervisor({ beside: lab, name: "one", vms: { vm1: { kind: "imperative" } } });
  await using two = await hypervisor({ beside: lab, name: "two" });
  await one.addDirectories(
    "vm1",
    Array.from({ length: 50 }, (_, at) => `more${at}`),
  );
  expect((await one.run("ls", "/var/lib/microvms")).split("\n").filter(Boolean)).toHaveLength(51);
  expect(await two.run("systemctl", "is-system-running")).toBe("running\n");
  const known = lab.write({ known: `${two.ssh.knownHosts}\n` }).path("known");
  const checked = ["-o", "BatchMode=yes", "-o", `UserKnownHostsFile=${known}`, "-i", two.ssh.key];
  const from = async (user: string, ...words: string[]) =>
    (await one.ask("ssh", ...checked, `${user}@${two.ssh.address}`, ...words)).stdout.trim();
  expect(await from("root", "hostname")).toBe("two");
  expect(await from("admin", "sudo", "-n", "id", "-un")).toBe("root");
  expect(await from("guest", "sudo", "-n", "id", "-un")).toBe("");
  const { stdout } = await start(["bash", "-c", `exec 3<>/dev/tcp/${two.ssh.address}/22; head -n 1 <&3`], {
    cwd: "/",
    env: process.env,
  }).ended;
  expect(stdout).toStartWith("SSH-2.0-");
  expect((await one.homelab("--version")).stdout).toStartWith("homelab ");
  expect((await one.terminal(["--version"])).screen).toStartWith("homelab ");
});

test("the machine's Docker is there where it is wanted", async () => {
  await using host = await hypervisor({
    docker: true,
    files: {
      "services/web/docker-compose.yml":
        "services: { web: { image: 'homelab-lab/base:1', network_mode: none } }",
    },
  });
  const { code, stderr } = await host.homelab("ensure", "web", "--yes");
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(await host.lab.statuses()).toEqual({ "services/web:web": "running" });
});
