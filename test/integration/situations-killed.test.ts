import { describe, expect, test } from "bun:test";
import { app, composeFile, idle, shell } from "../helpers/compose.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";
import { randomFrom } from "../unit/random.ts";

/** Ends only when it is killed, so that a switch takes its time. */
const slow = (more = {}) =>
  app(
    {
      ...shell("trap '' TERM; while :; do sleep 1; done"),
      stop_signal: "SIGTERM",
      stop_grace_period: "5s",
      container_name: "web~",
      volumes: ["data:/data", "/anonymous"],
      ...more,
    },
    { volumes: { data: {} } },
  );
const NEXT = { hostname: "next" };

const names = async (lab: Homelab) =>
  (await lab.containers()).map(({ name }) => name.replace(/^[0-9a-f]{12}_/, "<id>_"));

/** Brings a switch to the moment at which the new container is made and the old one is being stopped. */
async function beginSwitch(lab: Homelab) {
  await lab.run("ensure", "web~");
  await lab.docker("exec", "web~", "sh", "-c", "echo kept >/data/file; echo kept >/anonymous/file");
  lab.write({ "services/web~/compose.yml": slow(NEXT) });
  const run = lab.start("ensure", "web~");
  await eventually("the switch has begun", async () => (await names(lab)).length === 2);
  return run;
}

async function expectSwitched(lab: Homelab) {
  expect(await names(lab)).toEqual(["web~"]);
  expect(await lab.docker("exec", "web~", "sh", "-c", "hostname; cat /data/file /anonymous/file")).toBe(
    "next\nkept\nkept\n",
  );
  expect(await lab.run("ensure", "web~")).toEqual({ code: 0, stdout: "", stderr: "" });
}

describe("situation 25: a run is broken off in the middle of a switch", () => {
  test.concurrent("Ctrl-C lets the switch end", async () => {
    await using lab = await homelab({ "services/web~/compose.yml": slow() });
    const run = await beginSwitch(lab);
    run.kill("SIGINT");
    await run.ended;
    expect(await names(lab)).toEqual(["web~"]);
    expect((await lab.run("ensure", "web~")).code).toBe(0);
    await expectSwitched(lab);
  });

  test.concurrent("the run is killed: compose goes on, and the next run waits for it", async () => {
    await using lab = await homelab({ "services/web~/compose.yml": slow() });
    const run = await beginSwitch(lab);
    run.kill("SIGKILL");
    await run.ended;
    const { code, stderr } = await lab.run("ensure", "web~");
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^waiting for the change of web~ that an interrupted run left in hand \(pid \d+\)\n/,
    );
    await expectSwitched(lab);
  });

  test.concurrent("all of it is killed, as by a power failure: the old one is left, and the next run says so", async () => {
    await using lab = await homelab({ "services/web~/compose.yml": slow() });
    await beginSwitch(lab);
    await lab.killAll();
    expect(await names(lab)).toEqual(["<id>_web~", "web~"]);
    const plan = await lab.run("plan", "web~");
    expect(plan.stdout).toMatch(
      /^web~ +repair +[0-9a-f]{12}_web~ is left over from a switch that was broken off\n/,
    );
    const { code, stderr } = await lab.run("ensure", "web~");
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^the last run was broken off during the update of web~\nweb~: repaired in <time> /,
    );
    await expectSwitched(lab);
  });

  test.concurrent("somebody brought up the half of it: it is given its name again, and goes on running", async () => {
    await using lab = await homelab({ "services/web~/compose.yml": slow() });
    await beginSwitch(lab);
    await lab.killAll();
    await lab.compose("services/web~", "-p", "web~", "up", "-d");
    expect(await names(lab)).toEqual(["<id>_web~"]);
    const [before] = await lab.containers();
    expect((await lab.run("ensure", "web~")).code).toBe(0);
    expect((await lab.containers()).map(({ id, startedAt }) => [id, startedAt])).toEqual([
      [before?.id ?? "", before?.startedAt ?? ""],
    ]);
    await expectSwitched(lab);
  });
});

/** How many times runs are killed, and how many homelabs share the work. */
const KILLS = 50;
const LABS = 5;
const SEED = Number(process.env.HOMELAB_SEED ?? 25);
/** A run of these takes about this long, in milliseconds. */
const RUN_MS = 1_500;

describe(`situation 25: kill -9 at ${KILLS} random moments always converges (HOMELAB_SEED=${SEED})`, () => {
  const files = (round: number) => ({
    "homelab.yml": `services:
  db~: { ready: { stable: 0s } }
  web~: { needs: [db~], ready: { stable: 0s } }
  job~: { needs: [db~], ready: { stable: 0s } }
`,
    "services/db~/compose.yml": app(
      { hostname: `db-${round}`, container_name: "db~", volumes: ["data:/data"] },
      { volumes: { data: {} } },
    ),
    "services/web~/compose.yml": composeFile({
      app: idle({ hostname: `web-${round}`, depends_on: ["side"] }),
      side: idle(),
    }),
    "services/job~/compose.yml": app({ network_mode: "container:db~" }),
  });

  test.concurrent.each(Array.from({ length: LABS }, (_, index) => index))(
    "homelab %d",
    async (index) => {
      const below = randomFrom(SEED * LABS + index);
      await using lab = await homelab(files(0));
      expect((await lab.run("ensure", "all")).code).toBe(0);
      await lab.docker("exec", "db~", "sh", "-c", "echo kept >/data/file");
      for (let round = 1; round <= KILLS / LABS; round++) {
        lab.write(files(round));
        const run = lab.start("ensure", "all");
        await Bun.sleep(below(RUN_MS));
        // Half of the time compose dies with it.
        if (below(2) === 0) await lab.killAll();
        else run.kill("SIGKILL");
        await run.ended;
        if (below(3) === 0) continue; // The next one is killed as well, on top of what this one left.
        const { code, stderr } = await lab.run("ensure", "all");
        expect({ round, code, stderr: code === 0 ? "" : stderr }).toEqual({ round, code: 0, stderr: "" });
        expect(await names(lab)).toEqual(["db~", "job~-app-1", "web~-app-1", "web~-side-1"]);
        expect(await lab.docker("exec", "job~-app-1", "hostname")).toBe(`db-${round}\n`);
        expect(await lab.docker("exec", "db~", "cat", "/data/file")).toBe("kept\n");
      }
      expect((await lab.run("ensure", "all")).code).toBe(0);
      expect(await lab.run("ensure", "all")).toEqual({ code: 0, stdout: "", stderr: "" });
      expect((await lab.run("status")).code).toBe(0);
    },
    300_000,
  );
});
