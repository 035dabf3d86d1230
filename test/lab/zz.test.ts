import { test } from "bun:test";
import { hypervisor } from "../helpers/hypervisor.ts";

const FILES = {
  "homelab.yml": [
    "microvms:",
    "  vm1: { address: 10.1.0.2, ready: { http: 'http://10.1.0.2/', within: 60s, stable: 1s } }",
    "",
  ].join("\n"),
};
test("x", async () => {
  await using host = await hypervisor({ vms: { vm1: { kind: "imperative", running: true } }, files: FILES });
  await host.configure("vm1", { version: "2" });
  let t = Date.now();
  const go = async (...a: string[]) => {
    t = Date.now();
    const r = await host.homelab(...a);
    console.log(a.join(" "), Date.now() - t, r.code, r.stdout, r.stderr);
  };
  await go("vm", "-Ru", "vm1");
  await go("vm", "rollback", "vm1");
  console.log(
    await host.run("journalctl", "-u", "microvm*@vm1", "-n", "60", "--no-pager", "-o", "short-monotonic"),
  );
  await go("vm", "-Ru", "vm1");
  await go("vm", "-Ru", "vm1", "--force");
  await go("vm", "list");
}, 200000);
