import { expect, test } from "bun:test";
import { eventually } from "../helpers/eventually.ts";
import { type Hypervisor, hypervisor } from "../helpers/hypervisor.ts";

const FILES = {
  "homelab.yml": [
    "microvms:",
    "  vm1: { address: 10.1.0.2, ready: { http: 'http://10.1.0.2/', within: 60s, stable: 1s } }",
    "  vm2: { address: 10.2.0.2, needs: [vm1], ready: { http: 'http://10.2.0.2/', within: 12s, stable: 1s } }",
    "groups: { some: [vm1] }",
    "",
  ].join("\n"),
};

const results = (document: { steps: { id: string; action: string; result: string }[] }) =>
  document.steps.map(({ id, action, result }) => [id, action, result]);

test("a new system is built, put in place, brought into force, and taken back", async () => {
  await using host = await hypervisor({ vms: { vm1: { kind: "imperative", running: true } }, files: FILES });
  const pending = async () => (await host.json("vm", "list", "vm1")).document.vms[0].pending;
  expect(await pending()).toBeNull();
  const nothing = await host.homelab("vm", "update", "vm1");
  expect(nothing).toMatchObject({ code: 0, stdout: "", stderr: "" });

  await host.configure("vm1", { version: "2" });
  const dry = await host.json("vm", "update", "vm1", "--restart", "--dry-run");
  expect(dry.document.steps).toEqual([
    {
      ...{ id: "vm1", kind: "microvm", action: "update", effect: "write", needs: [] },
      reason: { code: "outdated", text: "its configuration stands for another system" },
    },
  ]);
  expect(results((await host.json("vm", "build", "vm1")).document)).toEqual([["vm1", "run", "changed"]]);
  expect(await pending()).toBe("update");
  expect(results((await host.json("vm", "update", "vm1")).document)).toEqual([["vm1", "update", "changed"]]);
  expect(await pending()).toBe("restart");
  expect(await host.version("vm1")).toBe("1");
  const ensured = await host.json("ensure", "vm1");
  expect(ensured.document).toMatchObject({ outcome: "unchanged" });
  expect(ensured.document.steps[0].detail).toEndWith("; a newer system is in place and waits for a restart");

  expect(results((await host.json("vm", "update", "vm1", "-R")).document)).toEqual([
    ["vm1", "restart", "changed"],
  ]);
  expect(await host.version("vm1")).toBe("2");
  expect(await pending()).toBeNull();

  const back = await host.json("vm", "rollback", "vm1");
  expect(results(back.document)).toEqual([["vm1", "rollback", "changed"]]);
  expect(await host.version("vm1")).toBe("1");
  const kept = await host.json("vm", "-Ru", "vm1");
  expect(kept.document.outcome).toBe("unchanged");
  expect(kept.document.steps[0].reason.text).toContain("put back");
  expect(results((await host.json("vm", "-Ru", "vm1", "--force")).document)).toEqual([
    ["vm1", "update", "changed"],
  ]);
  expect(await host.version("vm1")).toBe("2");
  // On a terminal the build is a line of the tree, with what Nix is at.
  await host.configure("vm1", { version: "3", takes: 1 });
  const shown = await host.terminal(["vm", "-Ru", "vm1"]);
  expect(shown.written).toContain("build vm1");
  expect(shown.screen).toContain("✓ vm1  updated in <time>  its configuration stands for another system");
  expect(await host.version("vm1")).toBe("3");
  await staysStopped(host);
});

/** Stopped is stopped, until it is started by its name: not by what only changes its system. */
async function staysStopped(host: Hypervisor): Promise<void> {
  expect(results((await host.json("vm", "stop", "vm1")).document)).toEqual([["vm1", "stop", "changed"]]);
  await host.configure("vm1", { version: "4" });
  const left = ["vm1", "held", "held"];
  expect(results((await host.json("vm", "update", "--restart")).document)).toContainEqual(left);
  // Nothing is started by it: the system is put in place all the same.
  expect(results((await host.json("vm", "update", "some")).document)).toEqual([["vm1", "update", "changed"]]);
  expect(results((await host.json("vm", "rollback", "vm1")).document)).toEqual([
    ["vm1", "rollback", "changed"],
  ]);
  for (const words of [
    ["vm", "restart", "some"],
    ["vm", "start", "some"],
    ["ensure", "all"],
  ])
    expect(results((await host.json(...words)).document)).toContainEqual(left);
  expect((await host.ask("systemctl", "is-active", "microvm@vm1")).stdout).toBe("inactive\n");
}

test("a deploy restarts along the needs, and puts back what does not come up", async () => {
  await using host = await hypervisor({
    vms: { vm1: { kind: "imperative", running: true }, vm2: { kind: "imperative", running: true } },
    files: FILES,
  });
  await host.configure("vm1", { version: "2" });
  await host.configure("vm2", { answers: false, version: "2" });
  const deployed = await host.json("deploy", "vm2", "--no-pull");
  expect(deployed.code).toBe(1);
  const [first, second] = deployed.document.steps.filter(({ kind }: { kind: string }) => kind === "microvm");
  expect(first).toMatchObject({ id: "vm1", action: "update", result: "changed" });
  expect(second).toMatchObject({ id: "vm2", action: "update", result: "failed" });
  expect(second.detail).toStartWith("not ready in time: http://10.2.0.2/ does not answer");
  expect(second.detail).toEndWith("; the system before runs again");
  expect(await host.version("vm1")).toBe("2");
  expect(await host.version("vm2")).toBe("1");

  const again = await host.json("deploy", "vm2", "--no-pull");
  expect(again).toMatchObject({ code: 0, document: { outcome: "unchanged" } });
  await host.configure("vm2", { answers: true, version: "3" });
  expect((await host.json("deploy", "vm2", "--no-pull")).document).toMatchObject({
    outcome: "changed",
    changed: 1,
  });
  expect(await host.version("vm2")).toBe("3");
});

test("what does not build touches nothing, and is told with Nix's own words", async () => {
  await using host = await hypervisor({ vms: { vm1: { kind: "imperative", running: true } }, files: FILES });
  const life = () => host.run("systemctl", "show", "--property=InvocationID,NRestarts", "microvm@vm1");
  const before = await life();
  await host.configure("vm1", { builds: false });
  const failed = await host.homelab("vm", "update", "vm1", "--restart");
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain("the package of vm1 does not compile");
  await host.write("/root/infra/hosts/vm1/default.nix", "{ address = ;\n");
  await host.commit("Break it");
  const broken = await host.homelab("deploy", "vm1", "--no-pull");
  expect(broken.code).not.toBe(0);
  expect(broken.stderr).toContain("syntax error");
  expect(await life()).toBe(before);
  expect(await host.version("vm1")).toBe("1");
  // Looking needs no evaluation.
  expect((await host.homelab("ensure", "vm1")).code).toBe(0);
});

test("one that was never here is made from the flake; a declared one comes with its host", async () => {
  await using host = await hypervisor({
    vms: { vm1: { kind: "declarative", running: true } },
    files: { "homelab.yml": "microvms:\n  vm9: { flake: 'git+file:///root/infra', address: 10.9.0.2 }\n" },
  });
  const missing = await host.homelab("ensure", "vm9");
  expect(missing.code).toBe(5);
  expect(missing.stderr).toStartWith("error: there is no MicroVM `vm9` on this machine\n");
  await host.run("cp", "-r", "/root/infra/hosts/vm1", "/root/infra/hosts/vm9");
  await host.commit("Add vm9");
  expect(results((await host.json("vm", "update", "vm9")).document)).toEqual([["vm9", "create", "changed"]]);
  expect(await host.run("cat", "/var/lib/microvms/vm9/flake")).toBe("git+file:///root/infra");
  expect(await host.run("stat", "-c", "%U:%G %a", "/var/lib/microvms/vm9")).toBe("microvm:kvm 775\n");

  await host.configure("vm1", { version: "2" });
  expect((await host.json("vm", "update", "vm1")).document.outcome).toBe("unchanged");
  await host.switchHost("vm1");
  expect((await host.json("vm", "list", "vm1")).document.vms[0]).toMatchObject({
    ...{ kind: "declarative", pending: "restart" },
  });
  expect((await host.json("vm", "rollback", "vm1")).document.outcome).toBe("changed");
  expect(await host.version("vm1")).toBe("1");
});

test("what was seen ready last is gone back to, whatever came in between", async () => {
  const quick = FILES["homelab.yml"].replace("within: 60s", "within: 20s");
  await using host = await hypervisor({
    vms: { vm1: { kind: "imperative", running: true } },
    files: { "homelab.yml": quick },
    restartSec: "100ms",
  });
  // Two updates that nobody tried: the second does not boot, the first would not either.
  await host.configure("vm1", { version: "2", starts: false });
  expect((await host.json("vm", "update", "vm1")).document.outcome).toBe("changed");
  await host.configure("vm1", { version: "3" });
  expect((await host.json("vm", "update", "vm1")).document.outcome).toBe("changed");
  const restarted = await host.json("vm", "restart", "vm1");
  expect(restarted.code).toBe(1);
  expect(restarted.document.steps[0].detail).toEndWith("; the system before runs again");
  expect(await host.version("vm1")).toBe("1");

  // A run that is killed with the new system in place leaves it to the next one.
  await host.configure("vm1", { version: "4" });
  const killed = host.lab.start("deploy", "vm1", "--no-pull");
  const place = (link: string) => host.ask("readlink", `/var/lib/microvms/vm1/${link}`);
  const good = (await place("good")).stdout;
  await eventually("the new system is in place", async () => (await place("current")).stdout !== good);
  await host.run("pkill", "-KILL", "-x", "homelab");
  await killed.ended;
  const next = await host.json("deploy", "vm1", "--no-pull");
  expect(next.document.steps.at(-1).detail).toEndWith("; the system before runs again");
  expect(await host.version("vm1")).toBe("1");

  // What cannot be evaluated goes on with what it has.
  await host.write("/root/infra/hosts/vm1/default.nix", "{ address = ;\n");
  await host.commit("Break it");
  const serving = await host.json("deploy", "vm1", "--no-pull");
  expect(serving.document.steps.at(-1)).toMatchObject({ result: "failed" });
  expect(serving.document.steps.at(-1).detail).toEndWith("; it runs with what it has");

  // A probe that never answered is nothing to go back for.
  await host.configure("vm1", { version: "5", starts: true });
  await host.write(`${host.lab.root}/homelab.yml`, quick.replace("http://10.1.0.2/", "http://10.1.0.2:81/"));
  const silent = await host.json("deploy", "vm1", "--no-pull");
  expect(silent.document.steps.at(-1).detail).toEndWith(
    "; it did not answer before either, so the new system stays",
  );
  expect(await host.answer("vm1")).toBe("5");
});
