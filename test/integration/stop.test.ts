import { expect, test } from "bun:test";
import { app } from "../helpers/compose.ts";
import { homelab } from "../helpers/homelab.ts";

const READY = ", ready: { stable: 0s }";
const FILES = {
  "homelab.yml": `services:
  index~: { needs: [vpn~]${READY} }
  vpn~: { ready: { stable: 0s } }
  plex~: { ready: { stable: 0s } }
groups:
  media~: [index~, plex~]
`,
  "services/vpn~/compose.yml": app(),
  "services/index~/compose.yml": app(),
  "services/plex~/compose.yml": app({ volumes: ["library:/library"] }, { volumes: { library: {} } }),
};
const statusesOf = ({ recipes }: { recipes: { id: string; state: string }[] }) =>
  Object.fromEntries(recipes.map(({ id, state }) => [id, state]));
/** When something was stopped, as it is shown. */
const clock = (text: string) => text.replace(/at \d\d:\d\d/g, "at <clock>");

test.concurrent("what was stopped is held: runs of groups leave it alone and say so, until it is named (situation 32)", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "all");
  const before = await lab.ids();
  expect(await lab.run("stop", "plex~")).toEqual({
    code: 0,
    stdout: "",
    stderr: "plex~: stopped in <time> (asked for with `stop`)\n1 changed in <time>\n",
  });
  expect(await lab.run("ensure-media~")).toEqual({ code: 0, stdout: "", stderr: "" });
  const { code, document } = await lab.json("deploy-media~", "--no-pull");
  expect(code).toBe(0);
  expect(document.outcome).toBe("unchanged");
  const held = document.steps.find(({ id }: { id: string }) => id === "plex~");
  expect({ ...held, reason: clock(held.reason.text), detail: clock(held.detail) }).toEqual({
    id: "plex~",
    kind: "service",
    action: "held",
    result: "held",
    reason: "stopped on purpose at <clock> (`stop plex~`)",
    durationMs: 0,
    detail: "stopped on purpose at <clock> (`stop plex~`)",
  });
  expect(statusesOf((await lab.json("status")).document)).toEqual({
    "index~": "ready",
    "vpn~": "ready",
    "plex~": "held",
  });
  lab.write({ "services/index~/compose.yml": app({ hostname: "other" }) });
  expect((await lab.run("ensure", "all")).stderr).toEndWith("1 changed, 1 held (plex~) in <time>\n");
  expect((await lab.run("ensure", "plex~")).code).toBe(0);
  expect((await lab.ids())["services/plex~:app"]).toBe(before["services/plex~:app"] as string);
  expect(statusesOf((await lab.json("status")).document)["plex~"]).toBe("ready");
  expect((await lab.json("ensure", "all")).document.steps.map(({ action }: never) => action)).toEqual([
    "none",
    "none",
    "none",
  ]);
});

test.concurrent("whoever starts a held service by hand ends the hold", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "plex~");
  await lab.run("stop", "plex~");
  await lab.compose("services/plex~", "-p", "plex~", "start");
  await lab.run("ensure", "all");
  await lab.compose("services/plex~", "-p", "plex~", "stop");
  expect((await lab.run("ensure", "all")).code).toBe(0);
  expect((await lab.statuses())["services/plex~:app"]).toBe("running");
});

test.concurrent("a hold is seen by another user's run, with another state directory", async () => {
  await using lab = await homelab(FILES);
  await lab.tool(".", "git", "init", "-q");
  await lab.run("ensure", "all");
  await lab.run("stop", "plex~");
  const cron = lab.with({ env: { HOMELAB_STATE_DIR: `${lab.top}/other` } });
  expect((await cron.json("ensure", "all")).document.steps.map(({ action }: never) => action)).toContain(
    "held",
  );
  expect((await lab.statuses())["services/plex~:app"]).toBe("exited");
  expect(await lab.tool(".", "git", "status", "--porcelain", "--ignored")).not.toContain("held");
});

test.concurrent("what runs and needs a target is asked about, and stopped first (checklist 29, situation 32)", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "all");
  expect(await lab.run("stop", "vpn~")).toEqual({
    code: 5,
    stdout: "",
    stderr: `error: Stop it as well? (index~ runs and needs vpn~) Nobody can be asked here
  hint: say yes in advance with \`--yes\`
`,
  });
  expect(await lab.run("stop", "vpn~", "--dry-run")).toEqual({
    code: 0,
    stdout: `index~  stop  needs vpn~, which is stopped
vpn~    stop  asked for with \`stop\`
2 to change, 0 as they are
`,
    stderr: "",
  });
  expect(
    (await lab.run("stop", "vpn~", "--yes")).stderr,
  ).toBe(`index~: stopped in <time> (needs vpn~, which is stopped)
vpn~: stopped in <time> (asked for with \`stop\`)
2 changed in <time>
`);
  expect((await lab.run("ensure", "all")).code).toBe(0);
  expect(await lab.statuses()).toEqual({
    "services/index~:app": "exited",
    "services/plex~:app": "running",
    "services/vpn~:app": "exited",
  });
  expect(statusesOf((await lab.json("status")).document)).toEqual({
    "index~": "held",
    "vpn~": "held",
    "plex~": "ready",
  });
  const refused = await lab.run("ensure", "index~");
  expect({ ...refused, stderr: clock(refused.stderr) }).toEqual({
    code: 5,
    stdout: "",
    stderr: `error: \`index~\` needs \`vpn~\`, which was stopped on purpose at <clock> (\`stop vpn~\`)
  hint: start both: \`homelab ensure vpn~ index~\`
`,
  });
  expect((await lab.run("ensure", "vpn~", "index~")).code).toBe(0);
});

test.concurrent("a question on a terminal: no leaves everything as it is, yes goes on", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "all");
  const answer = (text: string) => async (send: (text: string) => void, written: () => string) => {
    while (!written().includes("[y/N]")) await Bun.sleep(20);
    send(`${text}\r`);
  };
  const no = await lab.terminal(["stop", "vpn~"], answer("n"));
  expect([no.code, no.screen]).toEqual([
    5,
    `index~ runs and needs vpn~
Stop it as well? [y/N] n
error: nothing was done: the answer was not yes`,
  ]);
  expect((await lab.statuses())["services/vpn~:app"]).toBe("running");
  expect((await lab.terminal(["stop", "vpn~"], answer("y"))).code).toBe(0);
  expect((await lab.statuses())["services/vpn~:app"]).toBe("exited");
});

test.concurrent("what cannot be stopped is refused, with all else that was named, and is not held", async () => {
  await using lab = await homelab({
    ...FILES,
    "recipes/more.yml":
      "units: { nginx~: { unit: nginx.service } }\ntasks: { hello~: { run: echo hello, needs: [plex~] } }\n",
  });
  await lab.run("ensure", "plex~");
  for (const [word, message, hint] of [
    [
      "nginx~",
      "systemd does not run on this machine",
      "units and MicroVMs need it: name only services, or run this where systemd is process 1",
    ],
    [
      "hello~",
      "`hello~` is a task, which ends by itself",
      "name services, units, MicroVMs or groups of them",
    ],
  ] as const) {
    for (const more of [[], ["--dry-run"], ["--yes"]]) {
      const { code, stdout, stderr } = await lab.run("stop", "plex~", word, ...more);
      expect([code, stdout, stderr]).toEqual([
        word === "hello~" ? 2 : 69,
        "",
        `error: ${message}\n  hint: ${hint}\n`,
      ]);
    }
  }
  expect(await lab.statuses()).toEqual({ "services/plex~:app": "running" });
  expect(statusesOf((await lab.json("status", "plex~")).document)).toEqual({ "plex~": "ready" });
  // Meant by `all` it is no reason to leave all else running.
  const { code, document } = await lab.json("stop", "all");
  expect(code).toBe(69);
  expect(document.steps.map(({ id, action, result }: never) => [id, action, result])).toEqual([
    ["index~", "none", "unchanged"],
    ["vpn~", "none", "unchanged"],
    ["plex~", "stop", "changed"],
    ["nginx~", "blocked", "failed"],
  ]);
  expect(await lab.statuses()).toEqual({ "services/plex~:app": "exited" });
});

test.concurrent("what is stopped with a broken compose file is stopped all the same", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "plex~");
  lab.write({ "services/plex~/compose.yml": "services: [" });
  expect((await lab.run("stop", "plex~")).code).toBe(0);
  expect((await lab.statuses())["services/plex~:app"]).toBe("exited");
});

test.concurrent("restart takes up what the files say, and repairs who shares a target's network", async () => {
  await using lab = await homelab({
    ...FILES,
    "services/vpn~/compose.yml": app({ container_name: "vpn~" }),
    "services/index~/compose.yml": app({ network_mode: "container:vpn~" }),
  });
  await lab.run("ensure", "all");
  const before = await lab.containers();
  const { code, document } = await lab.json("restart", "vpn~");
  expect(code).toBe(0);
  expect(document.steps.map(({ id, action, result }: never) => [id, action, result])).toEqual([
    ["vpn~", "restart", "changed"],
    ["index~", "repair", "changed"],
  ]);
  const vpn = (containers: typeof before) => containers.find(({ name }) => name === "vpn~");
  const after = vpn(await lab.containers());
  expect(after?.id).toBe(vpn(before)?.id as string);
  expect(after?.startedAt).not.toBe(vpn(before)?.startedAt as string);
  expect(await lab.run("ensure", "all")).toEqual({ code: 0, stdout: "", stderr: "" });
});

test.concurrent("an update of one service takes into the plan what shares its network", async () => {
  await using lab = await homelab({
    ...FILES,
    "services/vpn~/compose.yml": app({ container_name: "vpn~" }),
    "services/index~/compose.yml": app({ network_mode: "container:vpn~" }),
  });
  await lab.run("ensure", "all");
  lab.write({ "services/vpn~/compose.yml": app({ container_name: "vpn~", hostname: "other" }) });
  const { document } = await lab.json("ensure", "vpn~");
  expect(document.steps.map(({ id, action, result }: never) => [id, action, result])).toEqual([
    ["vpn~", "update", "changed"],
    ["index~", "repair", "changed"],
  ]);
});
