import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { homelab } from "../helpers/homelab.ts";
import { hypervisor } from "../helpers/hypervisor.ts";

test("from a laptop, a deploy pulls on the hypervisor, builds and restarts there, and keeps back what cannot be pulled", async () => {
  await using laptop = await homelab({});
  await using host = await hypervisor({
    ...{ beside: laptop, name: "p620" },
    vms: { vm1: { kind: "imperative", running: true } },
  });
  const { address, key, knownHosts } = host.ssh;
  const known = join(laptop.top, "known_hosts");
  writeFileSync(known, `${knownHosts}\n`);
  const config = join(laptop.top, "ssh_config");
  writeFileSync(config, `Host *\n  UserKnownHostsFile ${known}\n`);
  laptop.write({
    "homelab.yml": [
      `hosts:\n  p620: { address: ${address}, user: root, identity: ${key} }`,
      "microvms:",
      "  vm1: { host: p620, address: 10.1.0.2, ready: { http: 'http://10.1.0.2/', within: 60s, stable: 1s } }",
      "",
    ].join("\n"),
  });
  const lab = laptop.with({ env: { HOMELAB_SSH_CONFIG: config } });
  const here = await lab.json("vm", "list");
  expect(here.document.vms).toMatchObject([{ id: "vm1", host: "p620", state: "ready", pending: null }]);

  // The hypervisor's repository gets an upstream that is ahead of it.
  await host.run("git", "clone", "--quiet", "--bare", "/root/infra", "/root/infra.git");
  await host.run("git", "-C", "/root/infra", "remote", "add", "origin", "/root/infra.git");
  await host.run("git", "-C", "/root/infra", "fetch", "--quiet", "origin");
  const branch = (await host.run("git", "-C", "/root/infra", "branch", "--show-current")).trim();
  await host.run("git", "-C", "/root/infra", "branch", `--set-upstream-to=origin/${branch}`);
  await host.configure("vm1", { version: "2" });
  await host.run("git", "-C", "/root/infra", "push", "--quiet");
  await host.run("git", "-C", "/root/infra", "reset", "--quiet", "--hard", "HEAD~1");

  const deployed = await lab.json("deploy", "vm1");
  expect(deployed.document).toMatchObject({ outcome: "changed" });
  const steps = deployed.document.steps.map(({ id, result }: { id: string; result: string }) => [id, result]);
  expect(steps).toEqual([
    ["git pull p620:/root/infra", "changed"],
    ["vm1", "changed"],
  ]);
  expect(await host.version("vm1")).toBe("2");

  // Somebody commits on the hypervisor, and somebody else upstream.
  await host.run("git", "clone", "--quiet", "/root/infra.git", "/root/elsewhere");
  await host.run("git", "-C", "/root/elsewhere", "commit", "--quiet", "--allow-empty", "--message=Elsewhere");
  await host.run("git", "-C", "/root/elsewhere", "push", "--quiet");
  await host.configure("vm1", { version: "3" });
  const refused = await lab.run("deploy", "vm1");
  expect(refused.stderr).toContain(
    "git pull p620:/root/infra: failed after <time>: /root/infra on p620 cannot be pulled: Not possible to fast-forward, aborting\n",
  );
  expect(refused.code).toBe(1);
  expect(await host.version("vm1")).toBe("2");
});
