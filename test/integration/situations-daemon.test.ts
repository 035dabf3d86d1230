import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { app, composeFile, health, idle, shell } from "../helpers/compose.ts";
import { type Daemon, startDaemon } from "../helpers/daemon.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";

// One daemon for all of these, so they run one after the other.
let daemon: Daemon;
beforeAll(async () => {
  daemon = await startDaemon();
});
beforeEach(() => daemon.start());
afterEach(async () => {
  await daemon.start();
  await daemon.clear();
});
afterAll(() => daemon[Symbol.asyncDispose]());

/** The same homelab on the daemon that may be killed. */
const onDaemon = (lab: Homelab, env: Record<string, string> = {}) =>
  lab.with({ env: { DOCKER_HOST: daemon.host, ...env } });

/** Becomes healthy once there is a file. */
const WAITS = health("test -e /tmp/well", { start_period: "1h" });
const getWell = (lab: Homelab, name: string) => lab.docker("exec", `${name}-app-1`, "touch", "/tmp/well");

const CHAIN = {
  "homelab.yml": `services:
  base~: { ready: { stable: 500ms } }
  first~: { needs: [base~] }
  second~: { needs: [first~], ready: { stable: 500ms } }
`,
  "services/base~/compose.yml": app(),
  "services/first~/compose.yml": app(WAITS),
  "services/second~/compose.yml": app(),
};

const ended = ({ steps }: { steps: { id: string; action: string; result: string }[] }) =>
  steps.map(({ id, action, result }) => [id, action, result]);

describe("situation 2: the daemon goes away in the middle of a run and comes back", () => {
  test.each(["SIGKILL", "SIGTERM"] as const)("%s while a service is verified", async (signal) => {
    await using made = await homelab(CHAIN);
    const lab = onDaemon(made);
    const run = lab.start("ensure", "all");
    await eventually("first~ is up", async () => (await lab.statuses())["services/first~:app"] === "running");
    await daemon.end(signal);
    await eventually("it says so", () => run.said().includes("Docker went away"));
    await daemon.start();
    await eventually("first~ is up again", async () => {
      const up = (await lab.statuses())["services/first~:app"] === "running";
      return up && run.said().includes("Docker is back");
    });
    await getWell(lab, "first~");
    const { code, stderr } = await run.ended;
    console.log(stderr);
    expect(code).toBe(0);
  });
});
