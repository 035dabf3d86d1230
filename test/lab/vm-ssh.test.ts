import { expect, test } from "bun:test";
import { eventually } from "../helpers/eventually.ts";
import { homelab } from "../helpers/homelab.ts";
import { hypervisor } from "../helpers/hypervisor.ts";

const AWAY = "198.51.100.7";

/** A hypervisor, and another machine that homelab runs on: it knows the hypervisor's key. */
async function pair(recipes: (of: { address: string; key: string }) => string) {
  const lab = await homelab({});
  const far = await hypervisor({
    ...{ beside: lab, name: "far", restartSec: "500ms" },
    vms: { vm1: { kind: "imperative" }, vm2: { kind: "imperative" } },
  });
  const near = await hypervisor({ beside: lab, name: "near" });
  const { address, key, knownHosts } = far.ssh;
  lab.write({
    "homelab.yml": recipes({ address, key }),
    "services/web/compose.yml": 'services: { main: { image: "homelab-lab/base:1", command: sleep 1000 } }',
  });
  const trust = (line: string) => near.write("/root/.ssh/known_hosts", line);
  await trust(`${knownHosts}\n`);
  // It is known at once that nothing is there, and the guests are for their hypervisor alone.
  for (const place of [AWAY, "10.0.0.0/8"]) await near.run("ip", "route", "add", "unreachable", place);
  return {
    ...{ lab, far, near, trust },
    async [Symbol.asyncDispose]() {
      await near[Symbol.asyncDispose]();
      await far[Symbol.asyncDispose]();
      await lab[Symbol.asyncDispose]();
    },
  };
}

const RECIPES = ({ address, key }: { address: string; key: string }) => `
hosts:
  far: { address: ${address}, user: root, identity: ${key} }
  asadmin: { address: ${address}, user: admin, identity: ${key} }
  asguest: { address: ${address}, user: guest, identity: ${key} }
  away: { address: ${AWAY}, user: root, identity: ${key} }
microvms:
  vm1: { host: far, address: 10.1.0.2, ready: { http: "http://10.1.0.2/", tcp: "10.1.0.2:22", stable: 2s, within: 45s } }
  vm2: { host: asadmin, address: 10.2.0.2, ready: { stable: 6s } }
  gone: { host: away, address: 10.9.0.2 }
services:
  web: { needs: [vm2] }
units:
  after: { unit: after.service, needs: [gone], ready: { stable: 0s } }
groups:
  all-of-them: [vm1, after]
`;

const AS_GUEST = (of: { address: string; key: string }) =>
  RECIPES(of).replace("vm1: { host: far", "vm1: { host: asguest");

const results = (document: { steps: { id: string; result: string }[] }) =>
  document.steps.map(({ id, result }) => [id, result]);

test("a MicroVM of another machine is brought up, looked at, read and stopped over ssh", async () => {
  await using all = await pair(RECIPES);
  const { lab, far, near, trust } = all;

  // Two hosts: one that is not there keeps back only what is on it.
  await near.write("/etc/systemd/system/after.service", "[Service]\nExecStart=/bin/sleep 1000\n");
  const first = await near.json("ensure", "all-of-them");
  expect(first.code).toBe(69);
  expect(results(first.document)).toEqual([
    ["vm1", "changed"],
    ["gone", "failed"],
    ["after", "blocked"],
  ]);
  // It answers where it is; from here there is no way to it.
  expect(await far.version("vm1")).toBe("1");
  expect((await near.ask("curl", "--silent", "--max-time", "1", "http://10.1.0.2/")).code).not.toBe(0);

  const began = performance.now();
  expect(await near.homelab("ensure", "vm1")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(performance.now() - began).toBeLessThan(8_000);
  expect((await near.json("status", "vm1")).document.recipes).toMatchObject([{ id: "vm1", state: "ready" }]);
  const log = await near.json("logs", "vm1", "--grep", "is up at");
  expect(log.document.lines).toMatchObject([
    { id: "vm1", unit: "microvm@vm1.service", text: "guest vm1: is up at 10.1.0.2" },
  ]);

  // A user who becomes root there without a password; the connection is lost while the guest has to stay up.
  const running = near.lab.start("ensure", "vm2", "--verbose");
  await eventually(
    "the guest runs",
    async () => (await far.ask("systemctl", "is-active", "microvm@vm2")).code === 0,
  );
  await eventually(
    "the connections are cut",
    async () => (await far.ask("pkill", "-KILL", "-x", "sshd-session")).code === 0,
  );
  const healed = await running.ended;
  expect({ ...healed, stdout: "" }).toMatchObject({ code: expect.any(Number) });
  if (healed.code !== 0) expect(lab.shared(healed.stderr)).toContain("was lost while `systemctl` ran");
  expect(await near.homelab("ensure", "vm2")).toMatchObject({ code: 0 });
  expect(await far.version("vm2")).toBe("1");

  // There is no Docker here, and whether what needs it runs cannot be said: it is stopped all the same.
  const stopped = await near.json("vm", "stop", "vm2");
  expect(results(stopped.document)).toEqual([["vm2", "changed"]]);
  expect(stopped.stderr).toContain(
    "warning: `web` needs vm2, and whether it runs cannot be said: Docker is not running",
  );
  expect(await far.version("vm2")).toBeUndefined();
  expect((await near.json("status", "vm2")).document.recipes).toMatchObject([{ state: "held" }]);

  // One who may not is told, and nothing is done.
  const { address, key } = far.ssh;
  lab.write({ "homelab.yml": AS_GUEST({ address, key }) });
  const born = await far.run("systemctl", "show", "--property=InvocationID", "microvm@vm1");
  for (const verb of ["restart", "stop"]) {
    const { code, stderr } = await near.homelab(verb, "vm1");
    expect({ verb, code }).toEqual({ verb, code: 77 });
    expect(stderr).toContain("this needs root on asguest, and `sudo` asks for a password there");
  }
  expect(await far.run("systemctl", "show", "--property=InvocationID", "microvm@vm1")).toBe(born);
  expect((await near.homelab("status", "vm1")).code).toBe(0);

  // A machine that is not there: nobody can say whether it runs, and nothing is claimed.
  const away = "there is no way to away (root@198.51.100.7)";
  for (const verb of ["ensure", "stop", "restart"]) {
    const { code, stdout, stderr } = await near.homelab(verb, "gone");
    expect({ verb, code, stdout }).toEqual({ verb, code: 69, stdout: "" });
    expect(stderr).toContain(`error: ${away}`);
  }
  expect((await near.homelab("status", "gone")).stdout).toContain(away);
  expect((await near.homelab("why", "after")).stdout).toContain(`gone is failed: ${away}`);

  // Its key is not the one that was known, or is not known at all.
  await near.ask("pkill", "-x", "ssh");
  await trust(`${address} ${near.ssh.knownHosts.replace(/^\S+ /, "")}\n`);
  lab.write({ "homelab.yml": RECIPES({ address, key }) });
  const changed = await near.homelab("ensure", "vm1");
  expect(changed.code).toBe(5);
  expect(changed.stderr).toContain("is not the known one: another machine answers, or it was installed anew");
  await trust("\n");
  const unknown = await near.homelab("ensure", "vm1");
  expect(unknown.code).toBe(5);
  expect(unknown.stderr).toContain("is not known yet");
});

test("a machine without microvm.nix, and one whose systemd is not there, say so", async () => {
  await using lab = await homelab({
    "homelab.yml": "microvms: { vm1: {} }\nunits: { one: { unit: one.service } }\n",
  });
  for (const target of ["vm1", "one"]) {
    const { code, stderr } = await lab.run("ensure", target);
    expect({ target, code }).toEqual({ target, code: 69 });
    expect(stderr).toStartWith("error: systemd does not run on this machine\n");
  }
  await using host = await hypervisor({ files: { "homelab.yml": "microvms: { vm1: {} }\n" } });
  await host.run("sh", "-c", "rm /etc/systemd/system/microvm@.service && systemctl daemon-reload");
  const { code, stderr } = await host.homelab("ensure", "vm1");
  expect(code).toBe(69);
  expect(stderr).toBe(
    "error: this machine runs no MicroVMs: systemd has no unit `microvm@vm1.service`\n  hint: import microvm.nix's host module there (`microvm.nixosModules.host`), and switch\n",
  );
  expect((await host.homelab("status", "vm1")).stdout).toContain("vm1  missing  ");
});
