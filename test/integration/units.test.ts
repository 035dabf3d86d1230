import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Homelab, homelab } from "../helpers/homelab.ts";
import { bootSystemd } from "../helpers/systemd.ts";

const RECIPES = `units:
  jellyfin~: { unit: jellyfin.service, needs: [disk~] }
  disk~: { unit: disk.service, ready: { stable: 0s } }
  broken~: { unit: broken.service, needs: [disk~] }
  ghost~: { unit: ghost.service }
  once~: { unit: once.service }
  never~: { unit: never.service }
  slow~: { unit: slow.service, ready: { within: 1s } }
  odd~: { unit: jellyfin.service, ready: { command: [no-such-probe], within: 1s, stable: 0s } }
  long~: { unit: long.service, ready: { stable: 0s } }
  site~: { unit: site.service, ready: { tcp: 127.0.0.1:18099, within: 4s } }
groups:
  media~: [jellyfin~, disk~]
`;

const UNITS: Readonly<Record<string, string>> = {
  "jellyfin.service": "[Service]\nExecStart=/bin/sh -c 'echo serving films; exec sleep 1000'\n",
  "disk.service": "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/echo mounted\n",
  "broken.service": "[Service]\nExecStart=/bin/sh -c 'echo no config file; exit 7'\n",
  "once.service": "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo done >>/run/done'\n",
  "never.service": "[Unit]\nConditionPathExists=/nowhere\n[Service]\nType=oneshot\nExecStart=/bin/true\n",
  "long.service": "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'printf %%9000d 1; echo; echo end'\n",
  "slow.service": "[Service]\nType=notify\nExecStart=/bin/sleep 1000\n",
  "site.service": "[Service]\nExecStart=/bin/sleep 1000\n",
};

/** A machine with the units that the recipes name. */
async function machine(made: Homelab) {
  const { lab, systemctl } = await bootSystemd(made);
  const dir = join(made.top, "units");
  mkdirSync(dir);
  for (const [name, text] of Object.entries(UNITS)) {
    writeFileSync(join(dir, name), text);
    await systemctl("link", join(dir, name));
  }
  return { lab, systemctl };
}

test("units are started in the order of their needs, seen to stay up, and left alone then", async () => {
  await using made = await homelab({ "homelab.yml": RECIPES });
  const { lab, systemctl } = await machine(made);
  const before = await lab.json("plan", "jellyfin~");
  expect(before.document.steps).toEqual([
    {
      ...{ id: "disk~", kind: "unit", action: "start", effect: "write", needs: [] },
      reason: { code: "stopped", text: "not started" },
    },
    {
      ...{ id: "jellyfin~", kind: "unit", action: "start", effect: "write", needs: ["disk~"] },
      reason: { code: "stopped", text: "not started" },
    },
  ]);
  const first = await lab.json("ensure", "jellyfin~");
  expect(first.code).toBe(0);
  expect(first.document).toMatchObject({ outcome: "changed", changed: 2, failed: 0 });
  expect(await systemctl("is-active", "jellyfin.service")).toBe("active");
  const again = await lab.run("ensure", "jellyfin~");
  expect(again).toMatchObject({ code: 0, stdout: "", stderr: "" });

  const status = await lab.json("status", "media~");
  expect(status.code).toBe(0);
  const states = status.document.recipes.map(({ id, kind, state }: Record<string, string>) => [
    id,
    kind,
    state,
  ]);
  expect(states).toEqual([
    ["jellyfin~", "unit", "ready"],
    ["disk~", "unit", "ready"],
  ]);
  const logs = await lab.run("logs", "jellyfin~", "--no-follow", "--grep", "films");
  expect(logs).toMatchObject({ code: 0, stdout: "serving films\n" });

  const life = () => systemctl("show", "--property=InvocationID", "jellyfin.service");
  const old = await life();
  expect((await lab.json("restart", "jellyfin~")).document).toMatchObject({ outcome: "changed", changed: 1 });
  expect(await life()).not.toBe(old);
});

test("a unit that is stopped is held, and so is what needs it", async () => {
  await using made = await homelab({ "homelab.yml": RECIPES });
  const { lab, systemctl } = await machine(made);
  await lab.run("ensure", "media~");
  const stopped = await lab.json("stop", "disk~", "--yes");
  expect(stopped.document.steps.map(({ id, result }: Record<string, string>) => [id, result])).toEqual([
    ["jellyfin~", "changed"],
    ["disk~", "changed"],
  ]);
  expect(await systemctl("is-active", "jellyfin.service")).toBe("inactive");
  const group = await lab.json("ensure", "media~");
  expect(group.document.steps.map(({ id, result }: Record<string, string>) => [id, result])).toEqual([
    ["disk~", "held"],
    ["jellyfin~", "held"],
  ]);
  expect((await lab.run("status", "media~")).code).toBe(3);
  expect((await lab.json("ensure", "jellyfin~", "disk~")).document).toMatchObject({ changed: 2 });
});

test("a unit that ends, one that systemd does not have and one that does not answer are told apart", async () => {
  await using made = await homelab({ "homelab.yml": RECIPES });
  const { lab } = await machine(made);
  const broken = await lab.json("ensure", "broken~");
  expect(broken.code).toBe(1);
  expect(broken.document.steps.at(-1)).toMatchObject({
    ...{ id: "broken~", result: "failed", detail: "failed (exit code 7)" },
  });
  const told = await lab.run("ensure", "broken~");
  expect(told.stderr).toContain("broken~: failed after <time>: failed (exit code 7)\n");
  expect(told.stderr).toContain("| no config file\n");
  expect(told.stderr).toContain("hint: `homelab logs broken~` shows all that it said\n");
  const why = await lab.run("why", "broken~");
  expect(why.stdout).toContain("broken~ is failed: failed (exit code 7)");
  expect(why.stdout).toContain("| no config file");

  const ghost = await lab.run("ensure", "ghost~");
  expect(ghost).toMatchObject({ code: 5, stdout: "" });
  expect(ghost.stderr).toBe(
    "error: systemd has no unit `ghost.service`\n  hint: `systemctl list-unit-files` shows those that there are\n",
  );
  const odd = await lab.run("ensure", "odd~", "disk~");
  expect(odd.code).toBe(1);
  const untried = "`no-such-probe` cannot be tried: cannot start `no-such-probe`";
  expect(odd.stderr).toContain(`odd~: failed after <time>: not ready in time: ${untried}\n`);
  const status = await lab.json("status", "odd~", "disk~");
  expect(status).toMatchObject({
    code: 3,
    document: { recipes: [{ state: "unhealthy", detail: untried }, { state: "ready" }] },
  });
  expect((await lab.json("plan", "odd~", "disk~")).code).toBe(0);
  const site = await lab.json("ensure", "site~");
  expect(site.document.steps.at(-1)).toMatchObject({
    result: "failed",
    detail: "not ready in time: 127.0.0.1:18099 takes no connection (ECONNREFUSED)",
  });
});

test("a oneshot that systemd has forgotten is finished, and runs again when that is forced", async () => {
  await using made = await homelab({ "homelab.yml": RECIPES });
  const { lab } = await machine(made);
  expect((await lab.run("status", "once~")).code).toBe(3);
  expect(await lab.run("ensure", "once~")).toMatchObject({ code: 0 });
  expect(await lab.run("ensure", "once~")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect((await lab.run("status", "once~")).stdout).toContain("once~  ready  finished with exit code 0");
  expect((await lab.json("restart", "once~")).document).toMatchObject({ changed: 1, failed: 0 });

  expect(await lab.run("ensure", "long~")).toMatchObject({ code: 0 });
  expect((await lab.run("logs", "long~", "--no-follow")).stdout).toContain(`${" ".repeat(8999)}1\nend\n`);

  const never = await lab.run("ensure", "never~");
  expect(never.code).toBe(1);
  expect(never.stderr).toContain("never~: failed after <time>: not started\n");
  expect(never.stderr).toContain("unmet condition check");

  // What the recipe allows counts, and not how long systemd would wait.
  const slow = await lab.run("ensure", "slow~");
  expect(slow.code).toBe(1);
  expect(slow.stderr).toContain("`systemctl start slow.service` takes too long; systemd goes on with it");
});

test("without systemd a unit says so, and nothing else stands still", async () => {
  await using lab = await homelab({ "homelab.yml": RECIPES });
  const { code, stderr } = await lab.run("ensure", "jellyfin~");
  expect(code).toBe(69);
  expect(stderr).toStartWith("error: systemd does not run on this machine\n");
});
