import { describe, expect, test } from "bun:test";
import { app, composeFile, health, idle, shell } from "../helpers/compose.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";

/** What is true after a start: situations 4 to 9, 12 and 39 of the list in issue 4. */

const WEB = "services/web~/compose.yml";
/** For what has to watch several lives of a container. */
const LONG_MS = 300_000;
const TOP = { "services/top~/compose.yml": app() };
interface Steps {
  readonly steps: readonly { readonly id: string; readonly action: string; readonly result: string }[];
}
const results = ({ steps }: Steps): Record<string, string[]> =>
  Object.fromEntries(steps.map(({ id, action, result }) => [id, [action, result]]));
const inspect = async (lab: Homelab, format: string) =>
  (await lab.docker("inspect", "--format", format, "web~-app-1")).trim();

describe("one-shots", () => {
  test.concurrent("situation 4: a one-shot runs again when its files changed or when asked, and only then", async () => {
    await using lab = await homelab({ [WEB]: app(shell("echo one")) });
    const started = () => inspect(lab, "{{.Id}} {{.State.StartedAt}}");
    expect((await lab.run("ensure", "web~")).code).toBe(0);
    const first = await started();
    expect(await lab.run("ensure", "web~")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await started()).toBe(first);
    expect(results((await lab.json("ensure", "web~", "--force")).document)).toEqual({
      "web~": ["recreate", "changed"],
    });
    const second = await started();
    expect(second).not.toBe(first);
    lab.write({ [WEB]: app(shell("echo two")) });
    expect((await lab.run("ensure", "web~")).code).toBe(0);
    expect(await started()).not.toBe(second);
    expect(await lab.docker("logs", "web~-app-1")).toBe("two\n");
  });

  test.concurrent("situation 4: a one-shot does not run again for a change of another service beside it", async () => {
    const files = (hostname: string, line: string) =>
      composeFile({
        app: idle({ hostname, depends_on: { migrate: { condition: "service_completed_successfully" } } }),
        migrate: idle(shell(line)),
      });
    await using lab = await homelab({ [WEB]: files("one", "echo one") });
    const started = () => lab.docker("inspect", "--format", "{{.State.StartedAt}}", "web~-migrate-1");
    expect((await lab.run("ensure", "web~")).code).toBe(0);
    const first = await started();
    lab.write({ [WEB]: files("two", "echo one") });
    expect(results((await lab.json("ensure", "web~")).document)).toEqual({ "web~": ["update", "changed"] });
    expect(await inspect(lab, "{{.Config.Hostname}}")).toBe("two");
    expect(await started()).toBe(first);
    lab.write({ [WEB]: files("two", "echo two") });
    expect((await lab.run("ensure", "web~")).code).toBe(0);
    expect(await started()).not.toBe(first);
    expect(await lab.run("ensure", "web~")).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test.concurrent("situation 4: a one-shot that gets there at its third try, as its policy allows, is ready", async () => {
    await using lab = await homelab({
      "homelab.yml": "services:\n  top~: { needs: [{ name: web~, when: completed }] }\n",
      [WEB]: app({
        ...shell('echo x >> /tmp/tries; test "$(wc -l < /tmp/tries)" -ge 4'),
        restart: "on-failure:6",
      }),
      ...TOP,
    });
    const { code, document } = await lab.json("ensure", "top~");
    expect([code, results(document)]).toEqual([
      0,
      { "web~": ["create", "changed"], "top~": ["create", "changed"] },
    ]);
    expect(await inspect(lab, "{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}")).toBe("3 exited 0");
  });

  test.concurrent("situation 5: a one-shot that fails says what it said, and blocks what needs it and nothing else", async () => {
    await using lab = await homelab({
      "homelab.yml": "services:\n  top~: { needs: [web~] }\n",
      [WEB]: app(shell("for i in $(seq 1 30); do echo line $i; done; exit 3")),
      "services/other~/compose.yml": app(),
      ...TOP,
    });
    const { code, stderr } = await lab.run("ensure", "all");
    expect(code).toBe(1);
    const lines = Array.from({ length: 20 }, (_, index) => `  | line ${index + 11}\n`).join("");
    expect(stderr).toContain(
      `web~: failed after <time>: web~-app-1 exited with code 3\n${lines}  hint: \`docker logs web~-app-1\` shows all that it said\n`,
    );
    expect(stderr).toContain("top~: blocked: needs web~, which failed\n");
    expect(await lab.statuses()).toEqual({
      "services/other~:app": "running",
      "services/web~:app": "exited",
    });
  });
});

describe("health", () => {
  test.concurrent("situation 6: unhealthy to the deadline is a failure with the last probe's words, and blocks what needs it", async () => {
    await using lab = await homelab({
      "homelab.yml": "services:\n  web~: { ready: { within: 4s } }\n  top~: { needs: [web~] }\n",
      [WEB]: app(health("echo no route to tracker; exit 1")),
      ...TOP,
    });
    expect(await lab.run("ensure", "top~")).toEqual({
      code: 1,
      stdout: "",
      stderr: `web~: failed after <time>: not ready in time: web~-app-1: unhealthy: the last probe said: no route to tracker
  hint: \`docker logs web~-app-1\` shows all that it said
top~: blocked: needs web~, which failed
1 failed, 1 blocked in <time>
details: homelab report <run>
`,
    });
    // It runs on, and is not called running by the next run.
    const { code, document } = await lab.json("ensure", "top~");
    expect([code, results(document)]).toEqual([
      1,
      { "web~": ["adopt", "failed"], "top~": ["create", "blocked"] },
    ]);
  });

  test.concurrent("situation 6: an update that stays unhealthy goes back to what was healthy", async () => {
    await using lab = await homelab({
      "homelab.yml": "services:\n  web~: { rollback: auto, ready: { within: 5s } }\n",
      [WEB]: app({ hostname: "good", ...health("true") }),
    });
    expect((await lab.run("ensure", "web~")).code).toBe(0);
    lab.write({ [WEB]: app({ hostname: "bad", ...health("echo broken; exit 1") }) });
    const { code, document } = await lab.json("ensure", "web~");
    expect({ code, detail: document.steps[0].detail }).toEqual({
      code: 1,
      detail:
        "not ready in time: web~-app-1: unhealthy: the last probe said: broken; rolled back, what ran before serves again",
    });
    expect(await inspect(lab, "{{.Config.Hostname}} {{.State.Health.Status}}")).toBe("good healthy");
  });

  test.concurrent("situation 7: unhealthy is a state and no end: what recovers before the deadline is ready", async () => {
    await using lab = await homelab({
      "homelab.yml": "services:\n  top~: { needs: [web~] }\n",
      [WEB]: app(health("test -e /tmp/well", { retries: 1 })),
      ...TOP,
    });
    const run = lab.start("ensure", "top~", "--json");
    await eventually("unhealthy", async () =>
      lab.docker("inspect", "--format", "{{.State.Health.Status}}", "web~-app-1").then(
        (word) => word === "unhealthy\n",
        () => false,
      ),
    );
    expect(Object.keys(await lab.statuses())).toEqual(["services/web~:app"]);
    await lab.docker("exec", "web~-app-1", "touch", "/tmp/well");
    const { code, stdout } = await run.ended;
    expect([code, results(JSON.parse(lab.shared(stdout)))]).toEqual([
      0,
      { "web~": ["create", "changed"], "top~": ["create", "changed"] },
    ]);
  });

  test.concurrent("situation 8: health of a former life says nothing of this one", async () => {
    // Its second life is not probed within the time that it gets.
    const check = health("cat /tmp/why 2>&1; test -e /tmp/well", { interval: "3s", retries: 1 });
    await using lab = await homelab({
      "homelab.yml": "services:\n  web~: { ready: { within: 2s } }\n",
      [WEB]: app({ ...shell("exec sleep 1000"), ...check }),
    });
    await lab.compose("services/web~", "-p", "web~", "up", "-d");
    await lab.docker("exec", "web~-app-1", "sh", "-c", "echo the old reason > /tmp/why");
    await eventually("unhealthy", async () =>
      (await inspect(lab, "{{json .State.Health}}")).includes("the old reason"),
    );
    await lab.docker("kill", "web~-app-1");
    expect(await inspect(lab, "{{.State.Health.Status}}")).toBe("unhealthy");
    const { document } = await lab.json("status", "web~");
    expect(document.recipes[0]).toMatchObject({
      state: "stopped",
      detail: expect.stringMatching(/^web~-app-1 is stopped \(exit code 137, /),
    });
    const failed = await lab.json("ensure", "web~");
    expect(failed.document.steps[0]).toMatchObject({
      action: "start",
      result: "failed",
      detail: "not ready in time: web~-app-1: health: starting",
    });
    await lab.docker("exec", "web~-app-1", "touch", "/tmp/well");
    lab.write({ "homelab.yml": "services:\n  web~:\n" });
    expect((await lab.json("ensure", "web~")).code).toBe(0);
  });
});

describe("crash loops", () => {
  /** Runs `ensure` until it says that the container keeps crashing; the codes of the runs before. */
  const untilCaught = async (lab: Homelab): Promise<(number | null)[]> => {
    const codes: (number | null)[] = [];
    await eventually(
      "the loop is caught",
      async () => {
        const { code, document } = await lab.json("ensure", "web~");
        if (/^web~-app-1 keeps crashing: /.test(document.steps[0].detail)) return true;
        codes.push(code);
        return false;
      },
      200_000,
    );
    return codes;
  };

  test.concurrent(
    "situation 9: a container that dies every 11 s is up at nearly every look, and is caught",
    async () => {
      await using lab = await homelab({ [WEB]: app({ ...shell("sleep 11; exit 7"), restart: "always" }) });
      expect((await lab.run("ensure", "web~")).code).toBe(0);
      await eventually("a crash", async () => (await inspect(lab, "{{.RestartCount}}")) !== "0");
      const { code, document } = await lab.json("status", "web~");
      expect({ code, ...document.recipes[0] }).toMatchObject({
        code: 3,
        state: expect.stringMatching(/starting|failed/),
      });
      expect(document.recipes[0].detail).toMatch(
        /was restarted (once|2 times) since it was last seen ready|keeps/,
      );
      const { code: failed, stderr } = await lab.run("ensure", "web~");
      expect(failed).toBe(1);
      expect(stderr).toMatch(
        /^web~: failed after <time>: web~-app-1 keeps crashing: \d restarts.*, exit code 7\n/,
      );
      expect((await lab.run("status", "web~")).code).toBe(3);
    },
    LONG_MS,
  );

  test.concurrent(
    "situation 9: a loop that is longer than the window is caught by the counts of earlier runs",
    async () => {
      await using lab = await homelab({ [WEB]: app({ ...shell("sleep 20; exit 7"), restart: "always" }) });
      // Each of these runs sees one more crash, and a container that stays up for as long as it watches.
      const codes = await untilCaught(lab);
      expect(codes.length).toBeGreaterThan(0);
      expect(codes.every((code) => code === 0)).toBe(true);
      const { document } = await lab.json("status", "web~");
      expect(document.recipes[0]).toMatchObject({ state: "failed" });
      expect(document.recipes[0].detail).toMatch(/^web~-app-1 keeps (crashing: \d+ restarts|restarting)/);
    },
    LONG_MS,
  );

  test.concurrent("situation 9: one crash is waited out, and three in two months are no loop", async () => {
    await using lab = await homelab({
      // Less time than the proof takes.
      "homelab.yml": "services:\n  web~: { ready: { within: 6s } }\n",
      [WEB]: app({
        ...shell("until test -e /tmp/end; do sleep 0.1; done; rm /tmp/end; exit 4"),
        restart: "always",
      }),
    });
    expect((await lab.run("ensure", "web~")).code).toBe(0);
    for (const count of [1, 2, 3]) {
      await lab.docker("exec", "web~-app-1", "touch", "/tmp/end");
      await eventually(
        "a crash",
        async () => (await inspect(lab, "{{.RestartCount}} {{.State.Status}}")) === `${count} running`,
      );
    }
    // The last look was two months ago.
    const database = new (await import("bun:sqlite")).Database(`${lab.state}/homelab.db`);
    const { data } = database.query<{ data: string }, []>("SELECT data FROM release").get() ?? { data: "" };
    const release = JSON.parse(data);
    for (const sight of release.containers[0].sights) sight.at -= 60 * 24 * 3_600_000;
    database.run("UPDATE release SET data = ?", [JSON.stringify(release)]);
    database.close();
    const run = lab.start("ensure", "web~", "-v");
    const { code, stderr } = await run.ended;
    expect(code).toBe(0);
    expect(lab.shared(stderr)).toMatch(
      /web~-app-1 is up again after .*; watching that it stays up for 15 s\n/,
    );
    expect(await lab.run("ensure", "web~")).toEqual({ code: 0, stdout: "", stderr: "" });
  });
});

describe("a probe inside of a container", () => {
  const vpn = (within: string) =>
    `services:\n  web~: { ready: { exec: { service: app, command: [cat, /tmp/address] }, within: ${within} } }\n  top~: { needs: [web~] }\n`;

  test.concurrent("situation 12: a VPN that is healthy and lets nothing through keeps closed what needs it", async () => {
    await using lab = await homelab({
      "homelab.yml": vpn("5s"),
      [WEB]: app(health("true")),
      ...TOP,
    });
    expect(await lab.run("ensure", "top~")).toEqual({
      code: 1,
      stdout: "",
      stderr: `web~: failed after <time>: not ready in time: \`cat /tmp/address\` in web~-app-1 ended with exit code 1: cat: can't open '/tmp/address': No such file or directory
  hint: \`docker logs web~-app-1\` shows all that it said
top~: blocked: needs web~, which failed
1 failed, 1 blocked in <time>
details: homelab report <run>
`,
    });
    expect(await lab.statuses()).toEqual({ "services/web~:app": "running" });
    const { code, document } = await lab.json("status", "web~");
    expect({ code, state: document.recipes[0].state, detail: document.recipes[0].detail }).toEqual({
      code: 3,
      state: "unhealthy",
      detail:
        "`cat /tmp/address` in web~-app-1 ended with exit code 1: cat: can't open '/tmp/address': No such file or directory",
    });
    await lab.docker("exec", "web~-app-1", "touch", "/tmp/address");
    expect((await lab.run("ensure", "top~")).code).toBe(0);
    expect((await lab.run("status", "top~", "web~")).code).toBe(0);
  });

  test.concurrent("situation 12: who is asked through a container is not asked without a pause", async () => {
    await using lab = await homelab({
      "homelab.yml":
        'services:\n  web~: { ready: { exec: { service: app, command: [sh, -c, "echo x >> /tmp/tries; exit 1"] }, within: 9s } }\n',
      [WEB]: app(),
    });
    expect((await lab.run("ensure", "web~")).code).toBe(1);
    const tries = (await lab.docker("exec", "web~-app-1", "cat", "/tmp/tries")).split("\n").length - 1;
    expect(tries).toBeGreaterThan(1);
    expect(tries).toBeLessThan(7);
  });

  test.concurrent("situation 12: a probe in a compose service that is not there is found before anything runs", async () => {
    await using lab = await homelab({
      "homelab.yml": 'services:\n  web~: { ready: { exec: { service: vpn, command: ["true"] } } }\n',
      [WEB]: app(),
    });
    const { code, stdout } = await lab.run("validate");
    expect(code).toBe(78);
    expect(stdout).toContain(
      "`ready.exec` of `web~` asks the compose service `vpn`, which its compose file does not have",
    );
    expect(stdout).toContain("hint: it has app\n");
  });

  test.concurrent.each([
    [
      "a compose service that is not there",
      '{ service: vpn, command: ["true"] }',
      "`ready.exec` asks the compose service `vpn`, which has no running container (there are: app, db)",
    ],
    [
      "a program that is not there",
      "{ service: db, command: [no-such-program] }",
      expect.stringMatching(
        /^not ready in time: `no-such-program` in web~-db-1 (could not be tried|ended with exit code 12\d)/,
      ),
    ],
    [
      "a command that does not end",
      '{ service: db, command: [sleep, "1000"] }',
      "not ready in time: `sleep 1000` in web~-db-1 took longer than 10 s",
    ],
  ])("situation 12: %s is not ready", async (_, exec, detail) => {
    await using lab = await homelab({
      "homelab.yml": `services:\n  web~: { ready: { exec: ${exec}, within: 3s } }\n`,
      [WEB]: composeFile({ app: idle(), db: idle() }),
    });
    const { code, document } = await lab.json("ensure", "web~");
    expect(code).toBe(1);
    const [step] = document.steps;
    expect({ ...step, detail: step.detail.replace(/^not ready in time: (?=`ready)/, "") }).toMatchObject({
      result: "failed",
      detail,
    });
  });
});
