import { expect, test } from "bun:test";
import { app, composeFile, idle, shell } from "../helpers/compose.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";

/** Containers that are paused, dead, being removed, or could not be started: situation 33 of the list in issue 4. */

const WEB = "services/web~/compose.yml";
/** For what takes a busy disk long. */
const LONG_MS = 300_000;
const plan = async (lab: Homelab) => {
  const { document } = await lab.json("plan", "web~");
  const { action, reason } = document.steps[0];
  return `${action}: ${reason.text}`;
};
const status = async (lab: Homelab) => {
  const { document } = await lab.json("status", "web~");
  return `${document.recipes[0].state}: ${document.recipes[0].detail}`;
};
const port = () => 30_000 + Math.floor(Math.random() * 2_000);

test.concurrent("situation 33: a paused container goes on, and one beside it that is down is started", async () => {
  await using lab = await homelab({ [WEB]: composeFile({ app: idle(), db: idle() }) });
  await lab.run("ensure", "web~");
  const before = await lab.ids();
  await lab.docker("pause", "web~-app-1");
  expect(await plan(lab)).toBe("repair: web~-app-1 is paused");
  expect((await lab.run("ensure", "web~")).code).toBe(0);
  await lab.docker("pause", "web~-app-1");
  await lab.docker("kill", "web~-db-1");
  expect((await lab.run("ensure", "web~")).code).toBe(0);
  expect(await lab.statuses()).toEqual({ "services/web~:app": "running", "services/web~:db": "running" });
  expect(await lab.ids()).toEqual(before);
});

test.concurrent(
  "situation 33: a removal that goes on is waited for, and the container made anew",
  async () => {
    await using lab = await homelab({
      // So many files take a second or more to remove.
      [WEB]: app(shell("mkdir /f; cd /f; seq 1 100000 | xargs -n 5000 touch; touch /done; exec sleep 1000")),
    });
    await lab.run("ensure", "web~");
    const [before] = await lab.containers();
    await eventually(
      "the files are there",
      () =>
        lab.docker("exec", "web~-app-1", "test", "-e", "/done").then(
          () => true,
          () => false,
        ),
      LONG_MS,
    );
    await lab.docker("kill", "web~-app-1");
    const removal = lab.docker("rm", "web~-app-1");
    await eventually(
      "it is being removed",
      async () => (await lab.statuses())["services/web~:app"] === "removing",
    );
    const run = lab.start("ensure", "web~", "-v");
    const { code, stderr } = await run.ended;
    await removal;
    expect(code).toBe(0);
    expect(lab.shared(stderr)).toContain("web~: waiting until web~-app-1 is removed\n");
    expect(lab.shared(stderr)).toMatch(/web~: started in .* \(web~-app-1 is being removed\)\n/);
    const [after] = await lab.containers();
    expect([after?.status, after?.id === before?.id]).toEqual(["running", false]);
  },
  LONG_MS,
);

test.concurrent("situation 33: a container that a removal left dead is removed and made anew", async () => {
  await using lab = await homelab({ [WEB]: app() });
  await lab.run("ensure", "web~");
  const [before] = await lab.containers();
  const root = (await lab.docker("info", "--format", "{{.DockerRootDir}}")).trim();
  const held = `${root}/containers/${before?.id}/held`;
  await lab.tool(".", "touch", held);
  await lab.docker("kill", "web~-app-1");
  // Nobody can take this file away, as if something held it.
  await lab.tool(".", "chattr", "+i", held);
  try {
    expect(lab.docker("rm", "web~-app-1")).rejects.toThrow("operation not permitted");
    await eventually("dead", async () => (await lab.statuses())["services/web~:app"] === "dead");
    expect(await status(lab)).toMatch(
      /^failed: web~-app-1 is dead: it could not be removed: .*operation not permitted$/,
    );
    const { code, stderr } = await lab.run("ensure", "web~");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^web~: failed after <time>: web~-app-1 is dead and cannot be removed: .*operation not permitted\n {2}hint: something holds its files: `systemctl restart docker` removes what is dead, then run again\n/,
    );
  } finally {
    await lab.tool(".", "chattr", "-i", held);
  }
  const { code, stderr } = await lab.run("ensure", "web~");
  expect(code).toBe(0);
  expect(stderr).toMatch(/^web~: started in <time> \(web~-app-1 is dead: it could not be removed: /);
  const [after] = await lab.containers();
  expect([after?.status, after?.id === before?.id]).toEqual(["running", false]);
});

test.concurrent("situation 33: a container that could not be started is started again, and the old error told", async () => {
  const at = port();
  await using lab = await homelab({
    [WEB]: composeFile({
      app: {
        image: idle().image,
        command: ["sleep", "1000"],
        ports: [`127.0.0.1:${at}:80`],
        stop_signal: "SIGKILL",
      },
    }),
  });
  const squatter = Bun.listen({ hostname: "127.0.0.1", port: at, socket: { data() {} } });
  try {
    await lab.compose("services/web~", "-p", "web~", "up", "-d").catch(() => undefined);
  } finally {
    squatter.stop(true);
  }
  expect(await lab.statuses()).toEqual({ "services/web~:app": "created" });
  const why = `web~-app-1 could not be started before: .*${at}.*address already in use`;
  expect(await status(lab)).toMatch(new RegExp(`^failed: ${why}`));
  expect(await plan(lab)).toMatch(new RegExp(`^start: ${why}`));
  const { code, stderr } = await lab.run("ensure", "web~");
  expect(code).toBe(0);
  expect(stderr).toMatch(new RegExp(`^web~: started in <time> \\(${why}`));
  expect(await lab.statuses()).toEqual({ "services/web~:app": "running" });
});
