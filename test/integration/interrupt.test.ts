import { describe, expect, test } from "bun:test";
import { app, composeFile, health, idle, shell } from "../helpers/compose.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";
import type { Running } from "../helpers/spawn.ts";

const NAMES = ["a~", "b~", "c~", "d~"];
const FILES = {
  "homelab.yml": "services:\n  a~: {}\n  b~: { needs: [a~] }\n  c~: { needs: [b~] }\n  d~: { needs: [b~] }\n",
  "services/a~/compose.yml": app(health("true")),
  "services/b~/compose.yml": composeFile({ app: idle({ depends_on: ["db"] }), db: idle(health("true")) }),
  "services/c~/compose.yml": app(shell("sleep 1")),
  "services/d~/compose.yml": app(),
};

/** Moments of a run, each as a condition. */
const MOMENTS: Record<string, (lab: Homelab, run: Running) => Promise<unknown>> = {
  "before anything runs": (lab) =>
    eventually("the lock is taken", async () => !(await lab.run("lock", "status")).stdout.startsWith("free")),
  "while compose makes the first container": (lab) =>
    eventually("a first container", async () => (await lab.containers()).length > 0),
  "while the first is verified": (lab) =>
    eventually("a~ runs", async () => (await lab.statuses())["services/a~:app"] === "running"),
  "in the middle of a project": (lab) =>
    eventually("db of b~", async () => "services/b~:db" in (await lab.statuses())),
};
const SIGNALS = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGKILL", null],
] as const;
const CASES = Object.keys(MOMENTS).flatMap((moment) =>
  SIGNALS.map(([signal, code]) => ({ moment, signal, code })),
);

async function expectFinished(lab: Homelab) {
  const done = await lab.run("ensure", "all");
  expect(done).toMatchObject({ code: 0 });
  const containers = await lab.containers();
  expect(containers.map(({ name }) => name)).toEqual([
    "a~-app-1",
    "b~-app-1",
    "b~-db-1",
    "c~-app-1",
    "d~-app-1",
  ]);
  expect((await lab.run("status")).code).toBe(0);
  expect(await lab.run("ensure", "all")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await lab.containers()).toEqual(containers);
}

describe("a run that is broken off leaves nothing that the next one does not finish (checklist 30)", () => {
  test.concurrent.each(CASES)("$signal $moment", async ({ moment, signal, code }) => {
    await using lab = await homelab(FILES);
    const run = lab.start("ensure", "all");
    await MOMENTS[moment]?.(lab, run);
    run.kill(signal);
    const ended = await run.ended;
    expect(ended.code).toBe(code);
    expect(await lab.run("lock", "status")).toEqual({ code: 0, stdout: "free\n", stderr: "" });
    await expectFinished(lab);
  });
});

test.concurrent("an interrupted run says what was left, and its history does", async () => {
  await using lab = await homelab(FILES);
  const run = lab.start("ensure", "all", "--json");
  await MOMENTS["while the first is verified"]?.(lab, run);
  run.kill("SIGINT");
  const { code, stdout } = await run.ended;
  expect(code).toBe(130);
  const document = JSON.parse(lab.shared(stdout));
  expect(document.outcome).toBe("interrupted");
  expect(document.steps.map(({ id }: never) => id).sort()).toEqual(NAMES);
  expect(document.steps.at(-1).result).toBe("cancelled");
  expect((await lab.json("history")).document.runs[0]).toMatchObject({
    command: `ensure all`,
    outcome: "interrupted",
  });
});

test.concurrent("a second Ctrl-C breaks off what is in hand (checklist 30)", async () => {
  // Compose waits for the health of the one before it starts the other: a change that takes long.
  await using lab = await homelab({
    "services/a~/compose.yml": composeFile({
      app: idle({ depends_on: { db: { condition: "service_healthy" } } }),
      db: idle(health("false", { start_period: "1h" })),
    }),
  });
  const run = lab.start("ensure", "a~");
  await eventually("compose waits", async () => (await lab.statuses())["services/a~:db"] === "running");
  run.kill("SIGINT");
  await eventually("it says that it finishes", () => run.said().includes("stopping: "));
  run.kill("SIGINT");
  const { code, stderr } = await run.ended;
  expect(code).toBe(130);
  expect(stderr).toContain("breaking off");
});

test.concurrent("Ctrl-C on a terminal reaches the run and not compose, and the cursor comes back (checklist 31)", async () => {
  await using lab = await homelab({
    ...FILES,
    "services/a~/compose.yml": app(health("false", { start_period: "1h" })),
  });
  const shown = await lab.terminal(["ensure", "all"], async (send) => {
    await MOMENTS["while the first is verified"]?.(lab, undefined as never);
    send("\x03");
  });
  expect(shown.code).toBe(130);
  expect(shown.cursorVisible).toBe(true);
  expect(shown.screen).toContain("interrupted");
});

test.concurrent("a terminal that goes away ends the run as SIGTERM does (checklist 30)", async () => {
  await using lab = await homelab({
    ...FILES,
    "services/a~/compose.yml": app(health("false", { start_period: "1h" })),
  });
  const run = lab.start("ensure", "all");
  await MOMENTS["while the first is verified"]?.(lab, run);
  run.kill("SIGHUP");
  expect((await run.ended).code).toBe(143);
});
