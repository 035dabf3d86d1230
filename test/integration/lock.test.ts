import { describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { app, health } from "../helpers/compose.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";
import { BINARY } from "../helpers/paths.ts";

const SLOW = { "services/web~/compose.yml": app(health("test -e /tmp/well", { start_period: "10m" })) };

/** The homelab as another user of the machine has it: his own state directory, and none of root's settings. */
function asNobody(lab: Homelab): Homelab {
  if (process.getuid?.() !== 0)
    throw new Error("only root can become another user: run `sudo scripts/test integration`");
  const binary = join(lab.top, "homelab");
  copyFileSync(BINARY, binary);
  chmodSync(binary, 0o755);
  const state = join(lab.top, "state-of-nobody");
  mkdirSync(state, { recursive: true });
  chmodSync(state, 0o777);
  return lab.with({
    binary,
    before: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
    env: { HOME: "/nonexistent", HOMELAB_STATE_DIR: state },
  });
}

/** Starts a run that waits for a health check, and returns when it holds the lock. */
async function holder(lab: Homelab) {
  const run = lab.start("ensure", "web~", "-v");
  await eventually("the container is up", async () =>
    Object.values(await lab.statuses()).includes("running"),
  );
  return run;
}

const getWell = (lab: Homelab) => lab.docker("exec", "web~-app-1", "touch", "/tmp/well");

describe("one run at a time (checklist 32)", () => {
  test.concurrent("a second run is refused and names the first (situation 26)", async () => {
    await using lab = await homelab(SLOW);
    const first = await holder(lab);
    const refused = await lab.run("ensure", "web~");
    expect(refused).toEqual({
      code: 75,
      stdout: "",
      stderr: expect.stringMatching(
        /^error: `homelab ensure web~ -v` \(pid \d+, since \d\d:\d\d:\d\d\) is working on <root>\n {2}hint: try again later, or wait for it with `--lock-wait 10m`\n$/,
      ),
    });
    expect(refused.stderr).toContain(`pid ${first.pid},`);
    const { code, document } = await lab.json("ensure", "web~");
    expect({ code, error: document.error.code, exit: document.error.exit }).toEqual({
      code: 75,
      error: "lock-held",
      exit: 75,
    });
    expect((await lab.run("lock", "status")).stdout).toContain(
      `held by \`homelab ensure web~ -v\` (pid ${first.pid}`,
    );
    expect((await lab.json("lock", "status")).document.holder.pid).toBe(first.pid);
    await getWell(lab);
    expect(await first.ended).toMatchObject({ code: 0 });
    expect((await lab.run("lock", "status")).stdout).toBe("free\n");
  });

  test.concurrent("commands that only read are never refused (checklist 27, situation 26)", async () => {
    await using lab = await homelab(SLOW);
    await holder(lab);
    expect((await lab.run("plan", "web~")).code).toBe(0);
    expect((await lab.run("status")).code).toBe(3);
    expect((await lab.run("ensure", "web~", "--dry-run")).code).toBe(0);
  });

  test.concurrent("root's run keeps another user's out, and the other way round", async () => {
    await using lab = await homelab(SLOW);
    const nobody = asNobody(lab);
    const first = await holder(lab);
    const refused = await nobody.run("ensure", "web~");
    expect(refused.code).toBe(75);
    expect(refused.stderr).toContain(`(pid ${first.pid},`);
    expect(refused.stderr).toContain("`homelab ensure web~ -v`");
    await getWell(lab);
    await first.ended;

    // Now nobody holds it, as far as his rights go: he waits at a socket that does not answer.
    using silent = Bun.listen({ unix: join(lab.top, "silent.sock"), socket: { data() {} } });
    chmodSync(join(lab.top, "silent.sock"), 0o777);
    const second = nobody.with({ env: { DOCKER_HOST: `unix://${silent.unix}` } }).start("ensure", "web~");
    await eventually(
      "nobody holds the lock",
      async () => !(await lab.run("lock", "status")).stdout.includes("free"),
    );
    const refusedRoot = await lab.run("ensure", "web~");
    expect(refusedRoot.code).toBe(75);
    expect(refusedRoot.stderr).toContain(`(pid ${second.pid},`);
    second.kill("SIGKILL");
  });

  test.concurrent("--lock-wait waits for the other run and then does its work (situation 26)", async () => {
    await using lab = await homelab(SLOW);
    const first = await holder(lab);
    const second = lab.start("ensure", "web~", "--lock-wait", "2m");
    await eventually("it says that it waits", () => second.said().includes("waiting for `homelab ensure"));
    await getWell(lab);
    expect(await first.ended).toMatchObject({ code: 0 });
    expect(await second.ended).toMatchObject({ code: 0 });
  });

  test.concurrent("--lock-wait that is too short ends with 75", async () => {
    await using lab = await homelab(SLOW);
    await holder(lab);
    expect(await lab.run("ensure", "web~", "--lock-wait", "1s")).toMatchObject({ code: 75 });
  });

  test.concurrent("the lock of a killed run is free at once (situation 26)", async () => {
    await using lab = await homelab(SLOW);
    const first = await holder(lab);
    first.kill("SIGKILL");
    await first.ended;
    expect((await lab.run("lock", "status")).stdout).toBe("free\n");
    await getWell(lab);
    expect(await lab.run("ensure", "web~")).toMatchObject({ code: 0 });
  });

  test.concurrent("two roots do not wait for each other", async () => {
    await using one = await homelab(SLOW);
    await using two = await homelab({ "services/web~/compose.yml": app() });
    await holder(one);
    expect(await two.run("ensure", "web~")).toMatchObject({ code: 0 });
  });
});
