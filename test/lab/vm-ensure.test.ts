import { expect, test } from "bun:test";
import { eventually } from "../helpers/eventually.ts";
import { type Hypervisor, hypervisor } from "../helpers/hypervisor.ts";

interface Step {
  readonly id: string;
  readonly result: string;
  readonly detail: string;
}
const results = (document: { steps: Step[] }) => document.steps.map(({ id, result }) => [id, result]);

/** Of its present life; empty where it has none. */
const life = (host: Hypervisor, vm: string) =>
  host.run("systemctl", "show", "--property=InvocationID", "--value", `microvm@${vm}`);
const active = async (host: Hypervisor, vm: string) =>
  (await host.ask("systemctl", "is-active", `microvm@${vm}`)).stdout.trim();

const compose = (command = "sleep 1000") =>
  `services: { main: { image: "homelab-lab/base:1", network_mode: none, command: ${command}, stop_grace_period: 1s } }`;

test("services and MicroVMs come up in the order of their needs, and go down in reverse", async () => {
  await using host = await hypervisor({
    docker: true,
    vms: { vm1: { kind: "imperative" } },
    files: {
      "homelab.yml": `
microvms: { vm1: { address: 10.1.0.2, needs: [disk~], ready: { http: "http://10.1.0.2/", tcp: "10.1.0.2:22", within: 45s } } }
services: { web~: { dir: services/web, needs: [vm1] }, disk~: { dir: services/disk, ready: { stable: 0s } } }
`,
      "services/web/docker-compose.yml": compose(),
      "services/disk/docker-compose.yml": compose(),
    },
  });
  // Cold: it answers when the run ends.
  const first = await host.json("ensure", "web~");
  expect(results(first.document)).toEqual([
    ["disk~", "changed"],
    ["vm1", "changed"],
    ["web~", "changed"],
  ]);
  expect(await host.version("vm1")).toBe("1");
  const containers = await host.lab.containers();
  const startOf = (dir: string) => Date.parse(containers.find((each) => each.dir === dir)?.startedAt ?? "");
  const shown = await host.run(
    "systemctl",
    "show",
    "--timestamp=us",
    "--property=ActiveEnterTimestamp",
    "microvm@vm1",
  );
  const booted = Date.parse(shown.trim().replace(/.*=\w+ (\S+) (\S+) UTC/, "$1T$2Z"));
  expect(startOf("services/disk")).toBeLessThan(booted);
  expect(booted).toBeLessThan(startOf("services/web"));

  // No-op: nothing is said or touched.
  const born = await life(host, "vm1");
  const began = performance.now();
  expect(await host.homelab("ensure", "web~")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(performance.now() - began).toBeLessThan(5_000);
  expect(await life(host, "vm1")).toBe(born);

  const listed = await host.json("status");
  expect(
    listed.document.recipes.map(({ id, kind, state }: Record<string, string>) => [id, kind, state]),
  ).toEqual([
    ["vm1", "microvm", "ready"],
    ["web~", "service", "ready"],
    ["disk~", "service", "ready"],
  ]);

  // Its console, through the journal.
  const log = await host.json("logs", "vm1", "--grep", "^guest");
  expect(
    log.document.lines.map(({ id, unit, text }: Record<string, string>) => [
      id,
      unit,
      text?.replace(/Linux \S+/, "Linux,"),
    ]),
  ).toEqual([
    ["vm1", "microvm@vm1.service", "guest vm1: Linux, version 1"],
    ["vm1", "microvm@vm1.service", "guest vm1: is up at 10.1.0.2"],
  ]);
  const { time } = log.document.lines[1];
  expect((await host.homelab("logs", "vm1", "--since", time, "--tail", "1")).stdout).toBe(
    "guest vm1: is up at 10.1.0.2\n",
  );

  // Restarted, it has a new life; who follows its lines sees it end and begin.
  const following = host.lab.start("logs", "vm1", "--follow", "--since", "1s", "--grep", "^guest");
  const restarted = await host.json("restart", "vm1");
  expect(results(restarted.document)).toContainEqual(["vm1", "changed"]);
  expect(await life(host, "vm1")).not.toBe(born);
  expect(await host.version("vm1")).toBe("1");
  await eventually("the new life is shown", () =>
    /shutting down\n[\s\S]*guest vm1: is up at/.test(following.printed()),
  );
  following.kill("SIGKILL");
  await host.ask("pkill", "-INT", "-f", "logs vm1 --follow");

  // Stopped, what needs it first; it is held then.
  const asked = await host.homelab("stop", "vm1");
  expect(asked.code).toBe(5);
  expect(asked.stderr).toContain("web~ runs and needs vm1");
  const stopped = await host.json("stop", "vm1", "--yes");
  expect(results(stopped.document)).toEqual([
    ["web~", "changed"],
    ["vm1", "changed"],
  ]);
  expect(await host.version("vm1")).toBeUndefined();
  expect(await host.lab.statuses()).toEqual({
    "services/disk:main": "running",
    "services/web:main": "exited",
  });
  expect((await host.homelab("ensure", "web~")).stderr).toContain(
    "`web~` needs `vm1`, which was stopped on purpose",
  );
  expect(results((await host.json("ensure", "all")).document)).toContainEqual(["vm1", "held"]);
  expect(await active(host, "vm1")).toBe("inactive");
  const why = await host.homelab("why", "web~");
  expect(why.stdout).toContain("vm1 is held: stopped on purpose");
  expect((await host.json("status", "vm1")).document.recipes[0]).toMatchObject({ state: "held" });
  expect((await host.json("status", "web~")).document.recipes[0]).toMatchObject({ state: "held" });
  // Started by hand, it is held no more, and nothing is for its sake.
  await host.run("systemctl", "start", "--no-block", "microvm@vm1");
  await eventually("it is up", async () => (await active(host, "vm1")) === "active");
  expect((await host.json("status", "web~")).document.recipes[0]).toMatchObject({ state: "stopped" });
});

test("a MicroVM that does not come up is told from one that is missing, with its last lines", async () => {
  await using host = await hypervisor({
    restartSec: "500ms",
    vms: {
      vm1: { kind: "imperative", settings: { answers: false } },
      vm2: { kind: "imperative", settings: { starts: false } },
      vm3: { kind: "declarative", running: true },
    },
    files: {
      "homelab.yml": `
microvms:
  vm1: { address: 10.1.0.2, ready: { within: 8s } }
  vm2: { address: 10.2.0.2 }
  vm3: { address: 10.3.0.2 }
  vm4: {}
  vm5: {}
units: { after: { unit: after.service, needs: [vm1] } }
`,
    },
  });
  await host.write("/etc/systemd/system/after.service", "[Service]\nExecStart=/bin/sleep 1000\n");
  await host.run("install", "-d", "/var/lib/microvms/vm4");

  const told = await host.homelab("ensure", "vm4");
  expect(told.code).toBe(5);
  expect(told.stderr).toBe(
    "error: the MicroVM `vm4` was never built on this machine\n  hint: `homelab vm update vm4` builds it from its flake; one that its host declares comes with a switch of the host\n",
  );
  expect(await host.homelab("ensure", "vm5")).toMatchObject({
    code: 5,
    stderr: expect.stringContaining("error: there is no MicroVM `vm5` on this machine\n"),
  });
  expect(await active(host, "vm2")).toBe("inactive");

  const { code, stderr } = await host.homelab("ensure", "after", "vm2");
  expect(code).toBe(1);
  expect(stderr).toContain("vm1: failed after <time>: not ready in time: 10.1.0.2:22 takes no connection");
  expect(stderr).toMatch(/^ {2}\| guest vm1: Linux \S+, version 1$/m);
  expect(stderr).toContain("after: blocked: needs vm1, which failed\n");
  // One that starts, and ends at once, again and again.
  expect(stderr).toContain("vm2: failed after <time>: ");
  expect(stderr).toMatch(
    /vm2: failed after <time>: (keeps ending|failed too often in a row) \(exit code 1\)/,
  );
  expect(stderr).toContain("  | qemu: could not set up the memory of vm2\n");
  expect((await host.homelab("why", "after")).stdout).toContain(
    "vm1 is unhealthy: 10.1.0.2:22 takes no connection",
  );
  await host.ask("systemctl", "stop", "microvm@vm1", "microvm@vm2");

  // A system that waits for a restart is told of, and left alone.
  await host.configure("vm3", { version: "2" });
  await host.switchHost("vm3");
  const born = await life(host, "vm3");
  expect(await host.homelab("ensure", "vm3")).toMatchObject({ code: 0, stderr: "" });
  const plan = await host.json("plan", "vm3");
  expect(plan.document.steps[0].reason.text).toEndWith(
    "; a newer system is in place and waits for a restart",
  );
  expect((await host.homelab("status", "vm3")).stdout).toContain(
    "; a newer system is in place and waits for a restart",
  );
  expect([await life(host, "vm3"), await host.version("vm3")]).toEqual([born, "1"]);
});

const CUT = `microvms: { vm1: { address: 10.1.0.2, ready: { stable: 20s } } }
units: { slow: { unit: slow.service } }
`;

test("a start that is broken off goes on with the next run, and two runs make one start", async () => {
  await using host = await hypervisor({
    vms: { vm1: { kind: "imperative" } },
    files: { "homelab.yml": CUT },
  });
  await host.write(
    "/etc/systemd/system/slow.service",
    "[Service]\nType=notify\nNotifyAccess=all\nExecStart=/bin/sh -c 'sleep 8; systemd-notify --ready; exec sleep 1000'\n",
  );
  const late = await host.homelab("ensure", "slow", "--timeout", "2s");
  expect(late.code).toBe(124);
  expect(late.stderr).toContain("not waited for any more; systemd goes on with `start slow.service`");

  const running = host.lab.start("ensure", "vm1");
  await eventually("it is started", async () => (await active(host, "vm1")) === "active");
  await host.run("pkill", "-INT", "-x", "homelab");
  const { code } = await running.ended;
  expect(code).toBe(130);
  expect(await active(host, "vm1")).toBe("active");
  const born = await life(host, "vm1");

  host.lab.write({ "homelab.yml": CUT.replace("20s", "1s") });
  const [one, two] = await Promise.all(
    ["ensure", "ensure"].map((verb) => host.json(verb, "vm1", "--lock-wait", "60s")),
  );
  expect([one?.code, two?.code]).toEqual([0, 0]);
  expect([await life(host, "vm1"), await host.version("vm1")]).toEqual([born, "1"]);
  const slow = await host.json("ensure", "slow");
  expect(slow.document).toMatchObject({ failed: 0 });
});

test("an ordinary user ends what sudo started, and reads what root may, as far as he may", async () => {
  await using host = await hypervisor({
    vms: { vm1: { kind: "imperative" } },
    files: { "homelab.yml": "units: { deaf: { unit: deaf.service } }\nmicrovms: { vm1: {} }\n" },
  });
  const [admin, guest] = [host.as("admin"), host.as("guest")];
  const left = async (program: string) => (await host.ask("pgrep", "-x", program)).stdout;
  await host.write(
    "/etc/systemd/system/deaf.service",
    "[Service]\nTimeoutStopSec=infinity\nExecStart=/bin/sh -c 'trap \"\" TERM; echo listening; while :; do sleep 1; done'\n",
  );
  // So sudo becomes what it starts, which is root's alone then: else it stays, and passes signals on.
  await host.write("/etc/sudoers.d/bare", "Defaults !pam_session, !pam_setcred, !use_pty\n");
  expect(await admin.run("ensure", "deaf")).toMatchObject({ code: 0 });

  const following = admin.start("logs", "deaf", "--follow");
  await eventually("it is shown", () => following.printed().includes("listening"));
  await host.run("pkill", "-INT", "-x", "homelab");
  expect((await following.ended).code).toBe(130);
  expect(await left("journalctl")).toBe("");

  const began = performance.now();
  const stopped = await admin.run("stop", "deaf", "--yes", "--timeout", "2s");
  expect(stopped.code).toBe(124);
  expect(stopped.stderr).toContain("systemd goes on with");
  expect(performance.now() - began).toBeLessThan(15_000);
  expect(await left("systemctl")).toBe("");
  // What may be started as root, and not be ended, is left behind.
  await host.run("systemctl", "kill", "--signal=KILL", "deaf");
  await host.write("/etc/sudoers.d/guest", "guest ALL=(root) NOPASSWD: /usr/bin/systemctl\n");
  await host.run("systemctl", "start", "deaf");
  expect((await guest.run("stop", "deaf", "--yes", "--timeout", "2s")).code).toBe(124);
  expect(performance.now() - began).toBeLessThan(30_000);
  expect(await left("systemctl")).not.toBe("");
  await host.run("systemctl", "kill", "--signal=KILL", "deaf");

  // Who may read the journal needs no root for it.
  const refused = await guest.run("logs", "deaf", "--no-follow");
  expect(refused).toMatchObject({ code: 77, stdout: "" });
  expect(refused.stderr).toContain("error: the journal of this machine cannot be read without root\n");
  await host.run("usermod", "--append", "--groups=systemd-journal", "guest");
  expect(await guest.run("logs", "deaf", "--no-follow", "--grep", "^listening")).toMatchObject({
    code: 0,
    stdout: "listening\nlistening\n",
  });

  // A closed directory beside those of MicroVMs, as file systems have them.
  await host.run("install", "-d", "-m", "700", "/var/lib/microvms/lost+found");
  const listed = await guest.json("vm", "list");
  expect(listed.document.vms.map(({ id, state }: Record<string, string>) => [id, state])).toEqual([
    ["vm1", "stopped"],
  ]);
});
