import { describe, expect, test } from "bun:test";
import { app, composeFile, health, idle, shell } from "../helpers/compose.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";

const READY = "{ ready: { stable: 0s } }";
/** The VPN serves a page; whoever lives in its network sees it at 127.0.0.1, and nobody else does. */
const vpn = (more = {}) =>
  app({
    ...shell("mkdir -p /www; echo through >/www/index.html; exec httpd -f -p 8000 -h /www"),
    ...health("wget -q -O /dev/null http://127.0.0.1:8000/index.html"),
    container_name: "vpn~",
    ...more,
  });
const behind = (more = {}) => app({ network_mode: "container:vpn~", ...more });
/** No recipe says that `tor~` needs `vpn~`: its compose file does. */
const FILES = {
  "homelab.yml": `services:\n  tor~: ${READY}\n  arr~: ${READY}\n  plex~: ${READY}\n`,
  "services/vpn~/compose.yml": vpn(),
  "services/tor~/compose.yml": behind(),
  "services/arr~/compose.yml": composeFile({ app: idle({ network_mode: "container:vpn~" }), db: idle() }),
  "services/plex~/compose.yml": app(),
};

const steps = ({ steps }: { steps: { id: string; action: string; result: string }[] }) =>
  steps.map(({ id, action, result }) => `${id} ${action} ${result}`);
const planned = ({ steps }: { steps: { id: string; action: string; reason: { text: string } }[] }) =>
  steps
    .filter(({ action }) => action !== "none")
    .map(({ id, action, reason }) => `${id} ${action}: ${reason.text}`);
const states = ({ recipes }: { recipes: { id: string; state: string }[] }) =>
  Object.fromEntries(recipes.map(({ id, state }) => [id, state]));

/** What a container sees of the network that it is meant to share. */
const sees = (lab: Homelab, name: string) =>
  lab
    .docker("exec", name, "wget", "-q", "-O", "-", "http://127.0.0.1:8000/index.html")
    .catch(() => "nothing");

async function expectWell(lab: Homelab) {
  expect(await sees(lab, "tor~-app-1")).toBe("through\n");
  expect(await sees(lab, "arr~-app-1")).toBe("through\n");
  expect(await lab.run("status")).toMatchObject({ code: 0 });
  expect(await lab.run("ensure", "all")).toEqual({ code: 0, stdout: "", stderr: "" });
}

describe("situation 10: the VPN was restarted, and what lives in its network is dead although it is up", () => {
  test.concurrent.each([
    ["by hand", (lab: Homelab) => lab.docker("restart", "-t", "1", "vpn~")],
    [
      "by its restart policy",
      async (lab: Homelab) => {
        process.kill(Number(await lab.docker("inspect", "-f", "{{.State.Pid}}", "vpn~")), "SIGKILL");
      },
    ],
  ])("%s: exactly those are restarted, across projects, after it is healthy", async (_, restart) => {
    await using lab = await homelab({ ...FILES, "services/vpn~/compose.yml": vpn({ restart: "always" }) });
    expect((await lab.run("ensure", "all")).code).toBe(0);
    const before = await lab.containers();
    const born = (await lab.docker("inspect", "-f", "{{.State.StartedAt}}", "vpn~")).trim();
    await restart(lab);
    await eventually("the VPN lives again", async () => {
      const now = (
        await lab.docker("inspect", "-f", "{{.State.StartedAt}} {{.State.Running}}", "vpn~")
      ).trim();
      return now.endsWith("true") && !now.startsWith(born);
    });
    expect(await sees(lab, "tor~-app-1")).toBe("nothing");
    expect(states((await lab.json("status")).document)).toMatchObject({
      "tor~": "unhealthy",
      "arr~": "unhealthy",
    });
    const why = "tor~-app-1 shares the network of vpn~, which was restarted since";
    expect(planned((await lab.json("plan", "all")).document)).toContain(`tor~ repair: ${why}`);
    const { code, document } = await lab.json("ensure", "all");
    expect(code).toBe(0);
    expect(steps(document).filter((line) => line.includes("changed") && !line.includes("unchanged"))).toEqual(
      ["tor~ repair changed", "arr~ repair changed"],
    );
    await expectWell(lab);
    const after = await lab.containers();
    expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    const restarted = after.filter(({ startedAt }, at) => startedAt !== before[at]?.startedAt);
    expect(restarted.map(({ name }) => name)).toEqual(["arr~-app-1", "tor~-app-1", "vpn~"]);
  });

  test.concurrent("it is down: it is started first, and they after it", async () => {
    await using lab = await homelab(FILES);
    await lab.run("ensure", "all");
    await lab.docker("stop", "-t", "1", "vpn~");
    expect((await lab.run("why", "tor~")).stdout).toMatch(/^tor~ .*\bvpn~ .*(?:stopped|exited)/);
    const { code, document } = await lab.json("ensure", "tor~");
    expect([code, ...steps(document)]).toEqual([
      0,
      "vpn~ start changed",
      "tor~ repair changed",
      "arr~ repair changed",
    ]);
    await expectWell(lab);
  });
});

describe("situation 11: the VPN was made anew, and what lived in its network cannot even start", () => {
  test.concurrent("by a change of its files: in one run, and only what shares its network", async () => {
    await using lab = await homelab(FILES);
    await lab.run("ensure", "all");
    const before = await lab.ids();
    lab.write({ "services/vpn~/compose.yml": vpn({ hostname: "other" }) });
    const why = "shares the network of vpn~, which is changed first";
    expect(planned((await lab.json("plan", "vpn~")).document)).toEqual([
      "vpn~ update: compose.yml changed since it was last ready",
      `tor~ repair: tor~-app-1 ${why}`,
      `arr~ repair: arr~-app-1 ${why}`,
    ]);
    const { code, document } = await lab.json("ensure", "vpn~");
    expect([code, ...steps(document)]).toEqual([
      0,
      "vpn~ update changed",
      "tor~ repair changed",
      "arr~ repair changed",
    ]);
    await expectWell(lab);
    const after = await lab.ids();
    expect(Object.keys(after).filter((key) => after[key] === before[key])).toEqual([
      "services/arr~:db",
      "services/plex~:app",
    ]);
  });

  test.concurrent.each([
    ["while they are up", async () => {}],
    ["and they are down", (lab: Homelab) => lab.docker("kill", "tor~-app-1", "arr~-app-1")],
  ])("by somebody else, %s: the next run makes theirs anew", async (_, then) => {
    await using lab = await homelab(FILES);
    await lab.run("ensure", "all");
    await lab.compose("services/vpn~", "-p", "vpn~", "up", "-d", "--force-recreate", "--wait");
    await then(lab);
    const why = "the container whose network tor~-app-1 shares was removed or made anew since";
    expect(planned((await lab.json("plan", "tor~")).document)).toContain(`tor~ repair: ${why}`);
    expect(steps((await lab.json("ensure", "all")).document)).toContain("tor~ repair changed");
    await expectWell(lab);
  });
});

test.concurrent("situation 42: after a boot at random everything is ready after one run", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "all");
  // As the engine leaves it: all are down, one came up before the VPN and failed, the VPN came up, plex did not.
  await lab.docker("kill", "vpn~", "tor~-app-1", "arr~-app-1", "arr~-db-1", "plex~-app-1");
  await expect(lab.docker("start", "tor~-app-1")).rejects.toThrow("non running container");
  await lab.docker("start", "vpn~", "arr~-db-1");
  expect((await lab.run("status")).code).toBe(3);
  const { code, document } = await lab.json("ensure", "all");
  expect(code).toBe(0);
  expect(steps(document).sort()).toEqual([
    "arr~ start changed",
    "plex~ start changed",
    "tor~ start changed",
    expect.stringMatching(/^vpn~ (none|adopt) unchanged$/),
  ]);
  await expectWell(lab);
});

describe("needs that the compose files tell", () => {
  test.concurrent("whose network is shared is brought up first, although no recipe says so", async () => {
    await using lab = await homelab(FILES);
    const { document } = await lab.json("plan", "tor~");
    expect(document.steps.map(({ id, needs }: never) => [id, needs])).toEqual([
      ["vpn~", []],
      ["tor~", ["vpn~"]],
    ]);
    expect((await lab.run("ensure", "tor~")).code).toBe(0);
    expect(await sees(lab, "tor~-app-1")).toBe("through\n");
    expect((await lab.run("stop", "vpn~")).stderr).toContain("tor~ runs and needs vpn~");
    expect((await lab.run("stop", "vpn~", "--yes")).code).toBe(0);
    expect(states((await lab.json("status", "tor~", "vpn~")).document)).toEqual({
      "tor~": "held",
      "vpn~": "held",
    });
  });

  test.concurrent("a recipe that says the contrary is followed, with a warning", async () => {
    await using lab = await homelab({ ...FILES, "homelab.yml": "services:\n  vpn~: { needs: [tor~] }\n" });
    const { code, stderr } = await lab.run("plan", "tor~", "vpn~");
    expect(code).toBe(0);
    expect(stderr).toBe(
      "warning: `tor~` shares the network of `vpn~`, and yet `vpn~` needs `tor~`: neither can come first; take `tor~` out of what `vpn~` needs\n",
    );
    expect((await lab.run("validate")).stdout).toContain("neither can come first");
  });
});

describe("the VPN goes down in the middle of a run, and is started again", () => {
  const OK = "/tmp/ok";
  const ready = `{ ready: { exec: { service: app, command: [test, -e, ${OK}] }, within: 1m } }`;
  const files = {
    ...FILES,
    "homelab.yml": `services:\n  vpn~: ${ready}\n  tor~: ${READY}\n  arr~: ${READY}\n  plex~: ${READY}\n`,
    // Leaves when it is told to, as if an earlier run had asked it to.
    "services/vpn~/compose.yml": vpn(
      shell(`rm -f /tmp/end; mkdir -p /www; echo through >/www/index.html; touch ${OK}
httpd -p 8000 -h /www; until test -e /tmp/end; do sleep 0.1; done`),
    ),
  };
  /** Lets the VPN go down while a run waits for it. */
  async function goDown(lab: Homelab, ...targets: string[]) {
    expect((await lab.run("ensure", "all")).code).toBe(0);
    await lab.docker("exec", "vpn~", "rm", OK);
    const run = lab.start("ensure", ...targets, "--json", "-v");
    await eventually("it is waited for", () => run.said().includes("test -e"));
    await lab.docker("exec", "vpn~", "touch", "/tmp/end");
    const { code, stdout } = await run.ended;
    return [code, ...steps(JSON.parse(lab.shared(stdout)))];
  }

  test.concurrent("who was thought to be ready in its network is repaired after it", async () => {
    await using lab = await homelab(files);
    expect(await goDown(lab, "all")).toEqual([
      0,
      "vpn~ start changed",
      "tor~ repair changed",
      "arr~ repair changed",
      "plex~ none unchanged",
    ]);
    await expectWell(lab);
  });

  test.concurrent("and so is who was not asked for", async () => {
    await using lab = await homelab(files);
    expect(await goDown(lab, "vpn~")).toEqual([
      0,
      "vpn~ start changed",
      "tor~ repair changed",
      "arr~ repair changed",
    ]);
    await expectWell(lab);
  });
});

test.concurrent("what cannot be repaired after a rollback fails, and the rollback is told", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "all");
  lab.write({ "services/vpn~/compose.yml": vpn({ hostname: "other" }) });
  await lab.run("ensure", "all");
  const broken = behind({ hostname: "${TOKEN:?}" });
  lab.write({ "services/tor~/compose.yml": broken, "services/arr~/compose.yml": broken });
  const { code, document } = await lab.json("rollback", "vpn~", "--yes");
  expect([code, ...steps(document)]).toEqual([
    78,
    "vpn~ rollback changed",
    "tor~ blocked failed",
    "arr~ blocked failed",
  ]);
  expect(document.steps[1].reason.code).toBe("variable-unset");
  expect((await lab.json("report")).document).toMatchObject({ outcome: "failed", changed: 1, failed: 2 });
});

test.concurrent("who goes back to an earlier release takes along what shares its network", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "all");
  lab.write({ "services/vpn~/compose.yml": vpn({ hostname: "other" }) });
  await lab.run("ensure", "all");
  const { code, document } = await lab.json("rollback", "vpn~", "--yes");
  expect([code, ...steps(document)]).toEqual([
    0,
    "vpn~ rollback changed",
    "tor~ repair changed",
    "arr~ repair changed",
  ]);
  expect(await sees(lab, "tor~-app-1")).toBe("through\n");
});
