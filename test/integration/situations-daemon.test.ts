import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { processesOf } from "../../src/os/cgroup.ts";
import { app, composeFile, health, idle, shell } from "../helpers/compose.ts";
import { type Daemon, startDaemon } from "../helpers/daemon.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";
import { openInbox } from "../helpers/inbox.ts";
import { IMAGE } from "../helpers/paths.ts";
import { makeImage, openDoor, script } from "../helpers/registry.ts";
import type { Running } from "../helpers/spawn.ts";

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
const onDaemon = (lab: Homelab, env: Record<string, string | undefined> = {}) =>
  lab.with({ env: { DOCKER_HOST: daemon.host, ...env } });

/** Becomes healthy once there is a file. */
const WAITS = health("test -e /tmp/well", { start_period: "1h" });
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
const ALL_UP = {
  "services/base~:app": "running",
  "services/first~:app": "running",
  "services/second~:app": "running",
};
const UNTOUCHED = { code: 0, stdout: "", stderr: "" };
/** How and when a container was ended: by the daemon as it went, or by the next one. */
const HOW = / \(exit code \d+, [^)]* ago\)/g;

const firstIsUp = (lab: Homelab) =>
  eventually("first~ is up", async () => (await lab.statuses())["services/first~:app"] === "running");
/** The first of the chain has come to its end, and the second is in hand. */
async function firstIsInHand(lab: Homelab, run: Pick<Running, "said">): Promise<void> {
  await eventually("base~ is ready", () => /base~\S* {1,2}(?:created|started)/.test(lab.shared(run.said())));
  await firstIsUp(lab);
}
const getWell = (lab: Homelab) => lab.docker("exec", "first~-app-1", "touch", "/tmp/well");
const says = (run: Running, text: string) => eventually(`it says: ${text}`, () => run.said().includes(text));
/** Kills the daemon while it starts a container, until it does not know any more that it did. */
async function loseTrackOf(id: string): Promise<void> {
  for (;;) {
    await daemon.docker("stop", id);
    // Ends with the daemon.
    const starting = daemon.docker("start", id).catch(() => {});
    await eventually("its process is there", () => processesOf(id).length > 0);
    await daemon.end("SIGKILL");
    await starting;
    await daemon.start();
    try {
      await daemon.docker("start", id);
    } catch (error) {
      if (/already exists|id already in use/.test(String(error))) return;
      throw error;
    }
  }
}

const ended = ({ steps }: { steps: { id: string; action: string; result: string }[] }) =>
  steps.map(({ id, action, result }) => [id, action, result]);

describe("situation 2: the daemon goes away in the middle of a run and comes back", () => {
  test.each(["SIGKILL", "SIGTERM"] as const)("while a service is verified (%s)", async (signal) => {
    await using made = await homelab(CHAIN);
    const lab = onDaemon(made);
    const run = lab.start("ensure", "all");
    await firstIsInHand(lab, run);
    await daemon.end(signal);
    await says(run, "Docker went away");
    await daemon.start();
    await says(run, "Docker is back");
    await firstIsUp(lab);
    await getWell(lab);
    const { code, stdout, stderr } = await run.ended;
    // What had been brought up before was stopped by the daemon, and is started again.
    expect([code, stdout, lab.text(stderr).replace(HOW, "")]).toEqual([
      0,
      "",
      `base~: created in <time>
Docker went away: waiting up to <time> for it to come back
Docker is back: going on from what is there now
base~: started in <time> (base~-app-1 is stopped)
first~: created in <time>
second~: created in <time>
3 changed in <time>
`,
    ]);
    expect(await lab.statuses()).toEqual(ALL_UP);
    expect(await lab.run("ensure", "all")).toEqual(UNTOUCHED);
    const { document } = await lab.json("report");
    expect(ended(document)).toEqual([
      ["base~", "create", "changed"],
      ["first~", "create", "changed"],
      ["second~", "create", "changed"],
    ]);
    expect(document.steps[0].reason.text.replace(HOW, "")).toBe(
      "it has no containers yet; then, after Docker went away: base~-app-1 is stopped",
    );
  });

  test.each(["SIGKILL", "SIGTERM"] as const)("while compose is at work (%s)", async (signal) => {
    await using made = await homelab({
      "services/web~/compose.yml": composeFile({
        app: idle({ depends_on: { db: { condition: "service_healthy" } } }),
        db: idle(health("test -e /tmp/well", { start_period: "1h" })),
      }),
      "services/other~/compose.yml": app({ restart: "unless-stopped" }),
    });
    const lab = onDaemon(made);
    const run = lab.start("ensure", "all", "--json", "-v");
    await eventually(
      "compose waits for db",
      async () => (await lab.statuses())["services/web~:db"] === "running",
    );
    await daemon.end(signal);
    await daemon.start();
    await eventually("db is up again", async () => (await lab.statuses())["services/web~:db"] === "running");
    await lab.docker("exec", "web~-db-1", "touch", "/tmp/well");
    const { code, stdout } = await run.ended;
    const document = JSON.parse(lab.shared(stdout));
    expect([code, document.outcome, ended(document)]).toEqual([
      0,
      "changed",
      [
        ["other~", "create", "changed"],
        ["web~", "create", "changed"],
      ],
    ]);
    expect(await lab.run("status")).toMatchObject({ code: 0 });
    expect(await lab.run("ensure", "all")).toEqual(UNTOUCHED);
  });

  test("a service that is wrong by itself fails all the same, and blocks what needs it", async () => {
    await using made = await homelab({
      ...CHAIN,
      "services/second~/compose.yml": app(shell("echo broken; exit 3")),
    });
    const lab = onDaemon(made);
    const run = lab.start("ensure", "all", "--json", "-v");
    await firstIsInHand(lab, run);
    await daemon.end("SIGKILL");
    await daemon.start();
    await firstIsUp(lab);
    await getWell(lab);
    const { code, stdout } = await run.ended;
    expect([code, ended(JSON.parse(lab.shared(stdout)))]).toEqual([
      1,
      [
        ["base~", "create", "changed"],
        ["first~", "create", "changed"],
        ["second~", "create", "failed"],
      ],
    ]);
  });

  test("what was restarted or made anew already is not restarted once more", async () => {
    await using made = await homelab({
      ...CHAIN,
      "services/base~/compose.yml": app({ restart: "always" }),
      "services/first~/compose.yml": app(health("true", { interval: "3s" })),
    });
    const lab = onDaemon(made);
    expect(await lab.run("ensure", "all")).toMatchObject({ code: 0 });
    const before = await lab.ids();
    const run = lab.start("ensure", "base~", "first~", "--force", "--json");
    await eventually(
      "first~ is made anew",
      async () => (await lab.ids())["services/first~:app"] !== before["services/first~:app"],
    );
    await firstIsUp(lab);
    const { "services/base~:app": base } = await lab.ids();
    expect(base).not.toBe(before["services/base~:app"] as string);
    await daemon.end("SIGKILL");
    await daemon.start();
    const { code, stdout } = await run.ended;
    expect([code, ended(JSON.parse(lab.shared(stdout)))]).toEqual([
      0,
      [
        ["base~", "recreate", "changed"],
        ["first~", "recreate", "changed"],
      ],
    ]);
    expect((await lab.ids())["services/base~:app"]).toBe(base as string);
  });

  test("what shares the network of a service in hand is not forgotten", async () => {
    const vpn = (more = {}) => app({ container_name: "vpn~", ...more });
    await using made = await homelab({
      "homelab.yml": "services:\n  vpn~: { ready: { stable: 0s } }\n  tor~: { ready: { stable: 0s } }\n",
      "services/vpn~/compose.yml": vpn(),
      "services/tor~/compose.yml": app({ network_mode: "container:vpn~" }),
    });
    const lab = onDaemon(made);
    expect(await lab.run("ensure", "all")).toMatchObject({ code: 0 });
    const before = await lab.ids();
    lab.write({ "services/vpn~/compose.yml": vpn(WAITS) });
    const run = lab.start("ensure", "vpn~", "--json");
    const isUp = async () => {
      const isAnew = (await lab.ids())["services/vpn~:app"] !== before["services/vpn~:app"];
      return isAnew && (await lab.statuses())["services/vpn~:app"] === "running";
    };
    await eventually("vpn~ is made anew", isUp);
    await daemon.end("SIGKILL");
    await daemon.start();
    await eventually("vpn~ is up again", isUp);
    await lab.docker("exec", "vpn~", "touch", "/tmp/well");
    const { code, stdout } = await run.ended;
    expect([code, ended(JSON.parse(lab.shared(stdout)))]).toEqual([
      0,
      [
        ["vpn~", "update", "changed"],
        ["tor~", "repair", "changed"],
      ],
    ]);
    expect(await lab.run("status")).toMatchObject({ code: 0 });
    expect(await lab.run("ensure", "all")).toEqual(UNTOUCHED);
  });

  test.each(["files", "image"] as const)("a bad update goes back also then (new %s)", async (what) => {
    const WEB = "services/web~/compose.yml";
    const good = "touch /tmp/well; exec sleep 1000";
    const bad = "exec sleep 1000";
    const file = (line: string) =>
      app({ ...(what === "files" && shell(line)), image: "web~", restart: "always" });
    await using made = await homelab({
      "homelab.yml":
        "services:\n  web~: { rollback: auto, ready: { exec: { service: app, command: [test, -e, /tmp/well] }, within: 15s } }\n",
      [WEB]: file(good),
    });
    const lab = onDaemon(made);
    const image = async (line: string) => {
      const id = (await lab.docker("create", IMAGE, "true")).trim();
      await lab.docker("commit", "--change", `CMD ["sh", "-c", "${line}"]`, id, "web~:latest");
      await lab.docker("rm", id);
    };
    await image(good);
    expect(await lab.run("ensure", "all")).toMatchObject({ code: 0 });
    const before = await lab.ids();
    if (what === "image") await image(bad);
    else lab.write({ [WEB]: file(bad) });
    const run = lab.start("ensure", "web~", "--json");
    await eventually("it is made anew", async () => {
      const { "services/web~:app": id = before["services/web~:app"] } = await lab.ids();
      return id !== before["services/web~:app"] && (await lab.statuses())["services/web~:app"] === "running";
    });
    await daemon.end("SIGKILL");
    await daemon.start();
    const { code, stdout } = await run.ended;
    const [step] = JSON.parse(lab.shared(stdout)).steps;
    expect([code, step.id, step.result, step.reason.code]).toEqual([1, "web~", "failed", "rolled-back"]);
    await lab.docker("exec", "web~-app-1", "test", "-e", "/tmp/well");
    expect(await lab.run("ensure", "all")).toEqual(UNTOUCHED);
    await daemon.clear();
    await lab.docker("rmi", "web~");
    await daemon.docker("image", "prune", "--force");
  });

  test("what is impossible by the time that it is back fails, and what was done before is told", async () => {
    await using made = await homelab({ ...CHAIN, "services/base~/compose.yml": app({ restart: "always" }) });
    const lab = onDaemon(made);
    const run = lab.start("ensure", "first~", "--json");
    await firstIsInHand(lab, { said: () => "base~ created" });
    await daemon.end("SIGKILL");
    lab.write({ "services/first~/compose.yml": app({ hostname: "${TOKEN:?}" }) });
    await daemon.start();
    const { code, stdout } = await run.ended;
    const document = JSON.parse(lab.shared(stdout));
    expect([code, ended(document), document.steps[1].reason.code]).toEqual([
      78,
      [
        ["base~", "create", "changed"],
        ["first~", "blocked", "failed"],
      ],
      "variable-unset",
    ]);
  });

  test("a daemon that does not come back is told once, with 69, and not once a service", async () => {
    await using made = await homelab(CHAIN);
    const lab = onDaemon(made);
    const run = lab.start("ensure", "all", "--docker-wait", "2s");
    await firstIsInHand(lab, run);
    await daemon.end("SIGKILL");
    const { code, stdout, stderr } = await run.ended;
    expect([code, stdout, lab.text(stderr)]).toEqual([
      69,
      "",
      `base~: created in <time>
Docker went away: waiting up to <time> for it to come back
docker engine: failed: Docker went away and did not come back in time
  hint: see \`systemctl status docker\` and \`journalctl -u docker\`, then run again
1 changed, 1 failed, 2 blocked in <time>
details: homelab report <run>
`,
    ]);
    await daemon.start();
    const { document } = await lab.json("report");
    expect(ended(document)).toEqual([
      ["docker engine", "run", "failed"],
      ["base~", "create", "changed"],
      ["first~", "create", "blocked"],
      ["second~", "create", "blocked"],
    ]);
  });

  test("--timeout ends the wait with 124, Ctrl-C with 130", async () => {
    await using made = await homelab(CHAIN);
    const lab = onDaemon(made);
    const late = lab.start("ensure", "all", "--timeout", "20s");
    await firstIsInHand(lab, late);
    await daemon.end("SIGKILL");
    const { code, stderr } = await late.ended;
    expect(code).toBe(124);
    expect(stderr).toContain("docker engine: timed out: out of time while Docker was away\n");

    await daemon.start();
    const stopped = lab.start("ensure", "all", "--json", "-v");
    await firstIsInHand(lab, stopped);
    await daemon.end("SIGKILL");
    await says(stopped, "Docker went away");
    stopped.kill("SIGINT");
    const { code: interrupted, stdout } = await stopped.ended;
    const document = JSON.parse(lab.shared(stdout));
    expect([interrupted, document.outcome]).toEqual([130, "interrupted"]);
    expect(ended(document).slice(1)).toEqual([
      ["first~", expect.any(String), "cancelled"],
      ["second~", "create", "cancelled"],
    ]);
  });

  test("those who are told of failures are told once, and of its end", async () => {
    await using made = await homelab(CHAIN);
    using inbox = openInbox();
    made.write({ "../notify.env": `WEBHOOK_URL=${inbox.url}\n` });
    chmodSync(join(made.top, "notify.env"), 0o600);
    const file = join(made.top, "notify.env");
    const lab = onDaemon(made, { HOMELAB_NOTIFY: undefined, HOMELAB_NOTIFY_FILE: file });
    const run = lab.start("ensure", "all", "--docker-wait", "1s");
    await firstIsInHand(lab, run);
    await daemon.end("SIGKILL");
    expect((await run.ended).code).toBe(69);
    expect(inbox.documents()).toMatchObject([
      {
        event: "failure",
        failed: [{ id: "docker engine", reason: "docker-unavailable" }],
        blocked: [lab.own("first~"), lab.own("second~")],
      },
    ]);
    await daemon.start();
    lab.write({ "services/first~/compose.yml": app(health("true")) });
    expect(await lab.run("ensure", "first~")).toMatchObject({ code: 0 });
    expect(inbox.documents()).toMatchObject([{ event: "recovery", recovered: [{ id: "docker engine" }] }]);
  });

  test("a container that the killed daemon lost track of is made anew, and nothing is left of it", async () => {
    await using made = await homelab({
      "homelab.yml": "services:\n  web~: { ready: { stable: 500ms } }\n",
      "services/web~/compose.yml": app(),
    });
    const lab = onDaemon(made);
    expect(await lab.run("ensure", "web~")).toMatchObject({ code: 0 });
    const { "services/web~:app": id = "" } = await lab.ids();
    await loseTrackOf(id);
    expect(await lab.json("ensure", "web~")).toMatchObject({
      code: 0,
      document: { steps: [{ id: "web~", action: "start", result: "changed" }] },
    });
    expect(processesOf(id)).toEqual([]);
    expect(await lab.statuses()).toEqual({ "services/web~:app": "running" });
    expect(await lab.run("ensure", "web~")).toEqual(UNTOUCHED);
  });

  test("on a terminal the tree goes on with what is there", async () => {
    await using made = await homelab(CHAIN);
    const lab = onDaemon(made);
    const shown = await lab.terminal(["ensure", "all"], async (_, written) => {
      await firstIsInHand(lab, { said: written });
      await daemon.end("SIGKILL");
      await eventually("it says so", () => written().includes("Docker went away"));
      await daemon.start();
      await eventually("it goes on", () => written().includes("Docker is back"));
      await firstIsUp(lab);
      await getWell(lab);
    });
    expect([shown.code, shown.cursorVisible]).toEqual([0, true]);
    const [base, away, back, again, first, second, ...rest] = shown.screen.split("\n");
    expect([base, away, back, again?.replace(HOW, ""), second, ...rest]).toEqual([
      "✓ base~  created in <time>  it has no containers yet",
      "Docker went away: waiting up to <time> for it to come back",
      "Docker is back: going on from what is there now",
      "✓ base~  started in <time>  base~-app-1 is stopped",
      "✓ second~  created in <time>  it has no containers yet",
      "✓ 3 ready: 3 created in <time>",
    ]);
    // It is up by itself by then or is not, as the daemon went.
    expect(first).toStartWith("✓ first~  created in <time>  it has no containers yet");
  });

  describe("while an image is pulled", () => {
    /** Runs a command that pulls the image of a service, and kills the daemon before the registry answers. */
    async function killedWhilePulling(made: Homelab, words: readonly string[]) {
      const registry = await script("registry");
      try {
        using door = openDoor(registry);
        await makeImage(made, `${registry}/web~:1`, "web");
        await made.docker("push", "-q", `${registry}/web~:1`);
        made.write({ "services/web~/compose.yml": app({ image: `${door.host}/web~:1` }) });
        const hold = Promise.withResolvers<Response>();
        let held = false;
        door.answer = (_, path) => {
          if (!path.includes("/manifests/")) return undefined;
          held = true;
          return hold.promise;
        };
        const run = onDaemon(made).start(...words);
        await eventually("the pull is in hand", () => held);
        door.answer = () => undefined;
        await daemon.end("SIGKILL");
        hold.resolve(new Response("", { status: 503 }));
        await says(run, "Docker went away");
        await daemon.start();
        const { code, stderr } = await run.ended;
        await daemon.clear();
        await daemon.docker("rmi", made.own(`${door.host}/web~:1`));
        return { code, stderr: made.text(stderr).replaceAll(door.host, "<registry>") };
      } finally {
        await script("down", "registry", registry.split(":")[1] ?? "");
      }
    }
    const AWAY = `Docker went away: waiting up to <time> for it to come back
Docker is back: going on from what is there now
`;

    test.each([
      [
        "`pull-images` goes on as well",
        ["pull-images"],
        "<registry>/web~:1: pulled in <time> (used by web~)",
      ],
      ["a service gets its image all the same", ["ensure", "web~"], "web~: created in <time>"],
    ])("%s", async (_, words, line) => {
      await using made = await homelab({});
      expect(await killedWhilePulling(made, words)).toEqual({
        code: 0,
        stderr: `${AWAY}${line}\n1 changed in <time>\n`,
      });
    });
  });

  test("`stop` goes on as well", async () => {
    await using made = await homelab({
      "homelab.yml": "services:\n  slow~: { needs: [base~] }\n  base~: {}\n",
      "services/base~/compose.yml": app({ restart: "always" }),
      // Does not hear that it is to end, and is killed after a while.
      "services/slow~/compose.yml": app({
        ...shell("trap '' TERM; while :; do sleep 1; done"),
        stop_signal: "SIGTERM",
        stop_grace_period: "4s",
        restart: "always",
      }),
    });
    const lab = onDaemon(made);
    expect(await lab.run("ensure", "all")).toMatchObject({ code: 0 });
    const run = lab.start("stop", "base~", "--yes", "-v");
    await says(run, "docker compose stop");
    await daemon.end("SIGKILL");
    await daemon.start();
    expect(await run.ended).toMatchObject({ code: 0 });
    expect(run.said()).toContain("Docker is back");
    expect(await lab.statuses()).toEqual({ "services/base~:app": "exited", "services/slow~:app": "exited" });
  });
});

describe("situation 1: Docker is not up yet", () => {
  test("--docker-wait waits for it, says so once, and goes on", async () => {
    await using made = await homelab({ "services/base~/compose.yml": app() });
    const lab = onDaemon(made);
    await daemon.end("SIGTERM");
    const run = lab.start("ensure", "base~", "--docker-wait", "2m");
    await says(run, "waiting up to");
    await daemon.start();
    const { code, stderr } = await run.ended;
    expect([code, lab.text(stderr).replace(daemon.socket, "<socket>")]).toEqual([
      0,
      `Docker is not running: there is no socket at <socket>: waiting up to <time> for it
base~: created in <time>
1 changed in <time>
`,
    ]);
  });

  test("HOMELAB_DOCKER_WAIT does so for units; without either the error comes at once", async () => {
    await using made = await homelab({ "services/base~/compose.yml": app() });
    await daemon.end("SIGKILL");
    // The socket of a daemon that was killed is still there, and nobody listens.
    const error = `error: Docker does not answer at ${daemon.socket}`;
    const hint = "\n  hint: see `systemctl status docker` and `journalctl -u docker`\n";
    const lab = onDaemon(made);
    expect(await lab.run("ensure", "base~")).toEqual({ code: 69, stdout: "", stderr: error + hint });
    const unit = onDaemon(made, { HOMELAB_DOCKER_WAIT: "1s" });
    expect(await unit.run("ensure", "base~")).toEqual({
      code: 69,
      stdout: "",
      stderr: `Docker does not answer at ${daemon.socket}: waiting up to <time> for it
${error}, also after <time> of waiting${hint}`,
    });
    expect(await onDaemon(made, { HOMELAB_DOCKER_WAIT: "soon" }).run("ensure", "base~")).toEqual({
      code: 2,
      stdout: "",
      stderr: "error: `HOMELAB_DOCKER_WAIT` takes a duration such as 30s, 10m or 1h30m, not `soon`\n",
    });
    const patient = onDaemon(made, { HOMELAB_DOCKER_WAIT: "10m" });
    const run = patient.start("ensure", "base~");
    await says(run, "waiting up to 10 min");
    run.kill("SIGINT");
    expect(await run.ended).toEqual({
      code: 130,
      stdout: "",
      stderr: expect.stringContaining("error: interrupted before anything was done"),
    });
    // For a command that changes nothing and holds no lock the signal is enough.
    const looking = patient.start("status");
    await says(looking, "waiting up to 10 min");
    looking.kill("SIGINT");
    await looking.ended;
    await daemon.start();
    const late = patient.start("ensure", "base~");
    expect(await late.ended).toMatchObject({ code: 0 });
  });
});
