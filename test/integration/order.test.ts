import { expect, test } from "bun:test";
import { app, health, shell } from "../helpers/compose.ts";
import { eventually } from "../helpers/eventually.ts";
import { homelab } from "../helpers/homelab.ts";

const results = (document: { steps: { id: string; result: string; detail: string }[] }) =>
  document.steps.map(({ id, result, detail }) => [id, result, detail]);

const DIAMOND = {
  "homelab.yml": `
services:
  base~: {}
  left~: { needs: [base~] }
  right~: { needs: [base~] }
  top~: { needs: [left~, right~] }
  other~: {}
`,
  "services/left~/compose.yml": app(),
  "services/right~/compose.yml": app(),
  "services/top~/compose.yml": app(),
  "services/other~/compose.yml": app(),
};

test.concurrent("a diamond's shared need that fails runs once, blocks its dependents, and the rest goes on (checklist 21, situation 29)", async () => {
  await using lab = await homelab({
    ...DIAMOND,
    "services/base~/compose.yml": app({ ...shell("echo run; exit 3"), restart: "no" }),
  });
  const { code, document } = await lab.json("ensure", "all");
  expect(code).toBe(1);
  expect(document).toEqual({
    version: 1,
    run: expect.stringMatching(/^\d{8}-\d{6}-[0-9a-f]{6}$/),
    outcome: "failed",
    steps: [
      step("base~", "failed", "not-ready", "base~-app-1 exited with code 3"),
      step("left~", "blocked", "need-failed", "needs base~, which failed"),
      step("right~", "blocked", "need-failed", "needs base~, which failed"),
      step("top~", "blocked", "need-failed", "needs left~, which is blocked"),
      step("other~", "changed", "absent", "other~-app-1 is up"),
    ],
    changed: 1,
    failed: 1,
    durationMs: expect.any(Number),
  });
  expect(await lab.statuses()).toEqual({ "services/base~:app": "exited", "services/other~:app": "running" });
  expect(await lab.docker("logs", "base~-app-1")).toBe("run\n");
});

const step = (id: string, result: string, code: string, detail: string) => ({
  id,
  kind: "service",
  action: "create",
  result,
  reason: { code, text: expect.any(String) },
  durationMs: expect.any(Number),
  detail,
});

test.concurrent("a run with failures says per service what happened, what it said last, and what to do", async () => {
  await using lab = await homelab({
    ...DIAMOND,
    "services/base~/compose.yml": app({ ...shell("echo first; echo second; exit 3") }),
  });
  expect(await lab.run("ensure", "top~")).toEqual({
    code: 1,
    stdout: "",
    stderr: `base~: failed after <time>: base~-app-1 exited with code 3
  | first
  | second
  hint: \`docker logs base~-app-1\` shows all that it said
left~: blocked: needs base~, which failed
right~: blocked: needs base~, which failed
top~: blocked: needs left~, which is blocked
1 failed, 3 blocked in <time>
details: homelab report <run>
`,
  });
});

test.concurrent("needs come up first, and each as soon as its own are ready (checklist 20)", async () => {
  await using lab = await homelab({ ...DIAMOND, "services/base~/compose.yml": app() });
  expect(await lab.run("ensure", "top~")).toMatchObject({ code: 0 });
  const containers = await lab.containers();
  const at = (name: string) =>
    Date.parse(containers.find(({ project }) => project === name)?.startedAt ?? "");
  expect(at("base~")).toBeLessThan(at("left~"));
  expect(at("base~")).toBeLessThan(at("right~"));
  expect(Math.max(at("left~"), at("right~"))).toBeLessThan(at("top~"));
  expect(containers.map(({ project }) => project)).not.toContain("other~");
});

test.concurrent("--no-needs leaves the needs alone", async () => {
  await using lab = await homelab({ ...DIAMOND, "services/base~/compose.yml": app() });
  expect(await lab.run("ensure", "--no-needs", "left~")).toMatchObject({ code: 0 });
  expect(await lab.statuses()).toEqual({ "services/left~:app": "running" });
});

test.concurrent("`after` orders two services that are both wanted, and pulls in nothing", async () => {
  await using lab = await homelab({
    "homelab.yml": "services:\n  a~: { after: [z~] }\n  z~: {}\n",
    "services/a~/compose.yml": app(),
    "services/z~/compose.yml": app(),
  });
  expect((await lab.json("plan", "a~")).document.steps).toHaveLength(1);
  expect(await lab.run("ensure", "a~", "z~")).toMatchObject({ code: 0 });
  const [a, z] = await lab.containers();
  expect(Date.parse(z?.startedAt ?? "")).toBeLessThan(Date.parse(a?.startedAt ?? ""));
});

test.concurrent("`after` a service that fails does not block", async () => {
  await using lab = await homelab({
    "homelab.yml": "services:\n  a~: { after: [z~] }\n  z~: {}\n",
    "services/a~/compose.yml": app(),
    "services/z~/compose.yml": app(shell("exit 1")),
  });
  const { code, document } = await lab.json("ensure", "all");
  expect(code).toBe(1);
  expect(results(document)).toEqual([
    ["z~", "failed", "z~-app-1 exited with code 1"],
    ["a~", "changed", "a~-app-1 is up"],
  ]);
});

test.concurrent("a need `when: started` does not wait for health, and one `when: completed` waits for the end", async () => {
  await using lab = await homelab({
    "homelab.yml": `
services:
  slow~: {}
  migrate~: {}
  early~: { needs: [{ name: slow~, when: started }] }
  late~: { needs: [{ name: migrate~, when: completed }] }
`,
    "services/slow~/compose.yml": app({
      ...shell("sleep 4; touch /tmp/well; exec sleep 1000"),
      healthcheck: { test: ["CMD", "test", "-e", "/tmp/well"], interval: "500ms", start_period: "20s" },
    }),
    "services/migrate~/compose.yml": app(shell("sleep 2")),
    "services/early~/compose.yml": app(),
    "services/late~/compose.yml": app(),
  });
  expect(await lab.run("ensure", "all")).toMatchObject({ code: 0 });
  const containers = await lab.containers();
  const at = (name: string) =>
    Date.parse(containers.find(({ project }) => project === name)?.startedAt ?? "");
  expect(at("early~") - at("slow~")).toBeLessThan(4000);
  expect(at("late~") - at("migrate~")).toBeGreaterThanOrEqual(2000);
  expect(await lab.run("ensure", "all")).toEqual({ code: 0, stdout: "", stderr: "" });
});

test.concurrent("--keep-going=never begins nothing new after a failure (checklist 23)", async () => {
  await using lab = await homelab({
    "homelab.yml": "services:\n  a~: {}\n  b~: { needs: [slow~] }\n  slow~: {}\n",
    "services/a~/compose.yml": app(shell("echo alas; exit 3")),
    // Up long after the other has failed: what is in hand is finished, and what needs it is not begun.
    "services/slow~/compose.yml": app(health("test -e /tmp/well", { start_period: "1m" })),
    "services/b~/compose.yml": app(),
  });
  const run = lab.start("ensure", "all", "--keep-going=never");
  await eventually("the failure is told", () => run.said().includes("failed"));
  await lab.docker("exec", "slow~-app-1", "touch", "/tmp/well");
  const ended = await run.ended;
  expect([ended.code, ended.stdout]).toEqual([1, ""]);
  expect(lab.shared(ended.stderr)).toContain("b~: cancelled: not begun: a~ failed\n");
  expect(await lab.statuses()).toEqual({ "services/a~:app": "exited", "services/slow~:app": "running" });
  const { document } = await lab.json("report");
  expect(document.outcome).toBe("failed");
  expect(results(document)).toEqual([
    ["a~", "failed", "a~-app-1 exited with code 3"],
    ["slow~", "changed", "slow~-app-1 is healthy"],
    ["b~", "cancelled", "not begun: a~ failed"],
  ]);
  expect(await lab.run("ensure", "all", "--keep-going")).toMatchObject({ code: 2 });
  expect(await lab.run("ensure", "all", "--keep-going=always")).toEqual({
    code: 2,
    stdout: "",
    stderr: "error: `--keep-going` takes one of independent, never, not `always`\n",
  });
});

test.concurrent("-j 1 changes one service at a time", async () => {
  await using lab = await homelab({ ...DIAMOND, "services/base~/compose.yml": app() });
  const shown = await lab.run("ensure", "all", "-j", "1", "-v");
  expect(shown.code).toBe(0);
  expect(Object.values(await lab.statuses())).toEqual(Array(5).fill("running"));
});
