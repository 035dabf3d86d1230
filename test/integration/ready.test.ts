import { describe, expect, test } from "bun:test";
import { app, composeFile, health, idle, shell } from "../helpers/compose.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";
import { openInbox } from "../helpers/inbox.ts";

const WEB = "services/web~/compose.yml";
const first = async (lab: Homelab, ...args: string[]) => {
  const { code, document } = await lab.json("ensure", "web~", ...args);
  const { action, result, detail } = document.steps[0];
  return { code, action, result, detail };
};

describe("health", () => {
  test.concurrent("an unhealthy container is not ready, although compose calls it running (situation 6)", async () => {
    await using lab = await homelab({
      // Its health check alone would be given half a minute.
      "homelab.yml": "services:\n  web~: { ready: { within: 6s } }\n",
      [WEB]: app(health("echo no good; exit 1")),
    });
    expect(await first(lab)).toEqual({
      code: 1,
      action: "create",
      result: "failed",
      detail: "not ready in time: web~-app-1: unhealthy: the last probe said: no good",
    });
    expect(await lab.compose("services/web~", "-p", "web~", "ps", "--format", "{{.State}}")).toBe(
      "running\n",
    );
    expect(await first(lab)).toMatchObject({ code: 1, result: "failed" });
    const { code, document } = await lab.json("status", "web~");
    expect(code).toBe(3);
    expect(document.recipes[0]).toMatchObject({ state: "unhealthy", detail: "web~-app-1 is unhealthy" });
  });

  test.concurrent("a container that becomes healthy again needs no change (situation 7)", async () => {
    await using lab = await homelab({ [WEB]: app(health("test ! -e /tmp/sick")) });
    await lab.run("ensure", "web~");
    const before = await lab.containers();
    await lab.docker("exec", "web~-app-1", "touch", "/tmp/sick");
    await eventually("unhealthy", async () =>
      (await lab.run("status", "web~")).stdout.includes("is unhealthy"),
    );
    const waiting = lab.start("ensure", "web~", "--json");
    await lab.docker("exec", "web~-app-1", "rm", "/tmp/sick");
    expect(await waiting.ended).toMatchObject({ code: 0 });
    expect(await lab.containers()).toEqual(before);
  });

  test.concurrent("a health check that passes late is waited for, and the needs of others with it (situation 7)", async () => {
    await using lab = await homelab({
      "homelab.yml": "services:\n  next~: { needs: [web~] }\n",
      [WEB]: app({
        ...shell("sleep 3; touch /tmp/well; exec sleep 1000"),
        ...health("test -e /tmp/well", { retries: 1, start_period: "30s" }),
      }),
      "services/next~/compose.yml": app(),
    });
    expect(await lab.run("ensure", "next~")).toMatchObject({ code: 0 });
    const [next, web] = await lab.containers();
    expect(Date.parse(next?.startedAt ?? "") - Date.parse(web?.startedAt ?? "")).toBeGreaterThanOrEqual(3000);
  });
});

test.concurrent("a container that is removed while it is waited for is a failed step", async () => {
  await using lab = await homelab({ [WEB]: app(health("false", { start_period: "1h" })) });
  const run = lab.start("ensure", "web~");
  await eventually("it runs", async () => Object.values(await lab.statuses()).includes("running"));
  await lab.docker("rm", "--force", "web~-app-1");
  const { code, stderr } = await run.ended;
  expect(code).toBe(1);
  expect(lab.shared(stderr)).toMatch(/^web~: failed after .*(removed|removing|exited|dead)/);
});

describe("crash loops", () => {
  test.concurrent.each([
    ["at once", "exit 1"],
    ["after a second", "sleep 1; exit 1"],
    ["after a second, with exit code 0", "sleep 1; exit 0"],
  ])(
    "a container without health check that leaves %s and is restarted is not ready (situation 9)",
    async (_, line) => {
      await using lab = await homelab({
        [WEB]: app({ ...shell(`echo dying; ${line}`), restart: "unless-stopped" }),
      });
      const failed = await lab.run("ensure", "web~");
      expect(failed.code).toBe(1);
      expect(failed.stderr).toMatch(
        /web~: failed after <time>: web~-app-1 keeps crashing: \d restarts, exit code \d\n {2}\| dying\n/,
      );
      expect((await lab.run("status", "web~")).code).toBe(3);
    },
  );

  test.concurrent("a service that crashes later is not called up to date by the next run (situation 9)", async () => {
    await using lab = await homelab({
      [WEB]: app({ ...shell("until test -e /tmp/end; do sleep 0.1; done; exit 4"), restart: "always" }),
    });
    expect(await first(lab)).toMatchObject({ code: 0, action: "create" });
    await lab.docker("exec", "web~-app-1", "touch", "/tmp/end");
    const restarts = () => lab.docker("inspect", "--format", "{{.RestartCount}}", "web~-app-1");
    await eventually("a restart", async () => (await restarts()) !== "0\n");
    expect(await first(lab)).toMatchObject({ code: 1, result: "failed" });
  });
});

describe("one-shots", () => {
  test.concurrent("one that exits with 0 is ready and is not run again (situation 4)", async () => {
    await using lab = await homelab({ [WEB]: app(shell("echo done")) });
    expect(await first(lab)).toEqual({
      code: 0,
      action: "create",
      result: "changed",
      detail: "web~-app-1 finished with exit code 0",
    });
    const before = await lab.containers();
    expect(await lab.run("ensure", "web~")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await lab.containers()).toEqual(before);
    expect((await lab.run("status", "web~")).code).toBe(0);
  });

  test.concurrent("it is not run again when a sibling of its project has to be started (situation 4)", async () => {
    await using lab = await homelab({
      [WEB]: composeFile({
        app: idle({ depends_on: { migrate: { condition: "service_completed_successfully" } } }),
        migrate: idle(shell("date +%N")),
      }),
    });
    expect(await lab.run("ensure", "web~")).toMatchObject({ code: 0 });
    const before = await lab.containers();
    await lab.docker("kill", "web~-app-1");
    expect(await first(lab)).toMatchObject({ code: 0, action: "start", result: "changed" });
    const after = await lab.containers();
    const started = (containers: typeof before, name: string) =>
      containers.find(({ service }) => service === name)?.startedAt;
    expect(started(after, "migrate")).toBe(started(before, "migrate"));
    expect(started(after, "app")).not.toBe(started(before, "app"));
  });

  test.concurrent("one that was run by hand before is adopted as finished (situation 4)", async () => {
    await using lab = await homelab({ [WEB]: app(shell("echo done")) });
    await lab.compose("services/web~", "up");
    const before = await lab.containers();
    expect(await first(lab)).toMatchObject({ code: 0, action: "adopt", result: "unchanged" });
    expect(await lab.containers()).toEqual(before);
  });

  test.concurrent("one that exits with 3 fails with what it said, and is run again by the next ensure (situation 5)", async () => {
    await using lab = await homelab({ [WEB]: app(shell("echo the reason; exit 3")) });
    const failed = {
      code: 1,
      stdout: "",
      stderr: `web~: failed after <time>: web~-app-1 exited with code 3
  | the reason
  hint: \`docker logs web~-app-1\` shows all that it said
1 failed in <time>
details: homelab report <run>
`,
    };
    expect(await lab.run("ensure", "web~")).toEqual(failed);
    expect(await first(lab)).toMatchObject({ code: 1, action: "start", result: "failed" });
  });

  test.concurrent("a server that leaves with 0 is none (situation 4)", async () => {
    await using lab = await homelab({
      [WEB]: app({ ...shell("sleep 1"), ...health("true", { interval: "30s" }) }),
    });
    expect(await first(lab)).toMatchObject({
      code: 1,
      result: "failed",
      detail: "web~-app-1 exited with code 0",
    });
  });
});

describe("probes", () => {
  const port = () => 20_000 + Math.floor(Math.random() * 9_000);
  const served = (at: number) =>
    app({ ...shell(`sleep 2; exec httpd -f -p 127.0.0.1:${at} -h /www`), network_mode: "host" });

  test.concurrent("an http probe waits until the address answers", async () => {
    const at = port();
    await using lab = await homelab({
      "homelab.yml": `services:\n  web~: { ready: { http: "http://127.0.0.1:${at}/" } }\n`,
      [WEB]: served(at),
    });
    expect(await first(lab)).toMatchObject({ code: 0, result: "changed" });
    expect(await lab.run("ensure", "web~")).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test.concurrent("a probe never goes through a proxy of the environment (checklist 34)", async () => {
    const at = port();
    await using lab = await homelab({
      "homelab.yml": `services:\n  web~: { ready: { http: "http://127.0.0.1:${at}/", within: 20s } }\n`,
      [WEB]: served(at),
    });
    using proxy = openInbox();
    const behind = lab.with({ env: { HTTP_PROXY: proxy.url, http_proxy: proxy.url, ALL_PROXY: proxy.url } });
    expect(await first(behind)).toMatchObject({ code: 0, result: "changed" });
    expect(proxy.take()).toEqual([]);
  });

  test.concurrent("an http probe that gets an error says which", async () => {
    const at = port();
    await using lab = await homelab({
      "homelab.yml": `services:\n  web~: { ready: { http: "http://127.0.0.1:${at}/missing", within: 8s } }\n`,
      [WEB]: served(at),
    });
    const answer = await first(lab);
    expect(answer).toEqual({
      code: 1,
      action: "create",
      result: "failed",
      detail: `not ready in time: http://127.0.0.1:${at}/missing answers with status 404`,
    });
  });

  test.concurrent("a tcp probe that nobody answers fails in the end", async () => {
    const at = port();
    await using lab = await homelab({
      "homelab.yml": `services:\n  web~: { ready: { tcp: "127.0.0.1:${at}", within: 5s } }\n`,
      [WEB]: app(),
    });
    expect(await first(lab)).toEqual({
      code: 1,
      action: "create",
      result: "failed",
      detail: `not ready in time: 127.0.0.1:${at} takes no connection (ECONNREFUSED)`,
    });
  });

  test.concurrent("a command probe runs in the root, and 0 is ready", async () => {
    await using lab = await homelab({
      "homelab.yml": "services:\n  web~: { ready: { command: [test, -e, flag], within: 60s } }\n",
      [WEB]: app(),
    });
    const run = lab.start("ensure", "web~", "-v");
    await eventually("the container runs", async () =>
      Object.values(await lab.statuses()).includes("running"),
    );
    lab.write({ flag: "" });
    expect(await run.ended).toMatchObject({ code: 0 });
  });

  test.concurrent("a service without health check must stay up as long as the recipe says", async () => {
    await using lab = await homelab({
      "homelab.yml": "services:\n  web~: { ready: { stable: 8s } }\n",
      [WEB]: app(shell("sleep 5; exit 1")),
    });
    expect(await first(lab)).toMatchObject({
      code: 1,
      result: "failed",
      detail: "web~-app-1 exited with code 1",
    });
  });
});

test.concurrent("--timeout ends the run with 124 and says what was not ready", async () => {
  await using lab = await homelab({
    "homelab.yml": "services:\n  next~: { needs: [web~] }\n",
    [WEB]: app(health("false", { start_period: "1h" })),
    "services/next~/compose.yml": app(),
  });
  const { code, document } = await lab.json("ensure", "next~", "--timeout", "5s");
  expect(code).toBe(124);
  expect(document).toMatchObject({ outcome: "failed", changed: 0, failed: 1 });
  expect(document.steps.map(({ id, result }: never) => [id, result])).toEqual([
    ["web~", "timed-out"],
    ["next~", "cancelled"],
  ]);
  const text = await lab.run("ensure", "next~", "--timeout", "1s");
  expect(text.code).toBe(124);
  expect(text.stderr).toContain("web~: timed out after <time>: ");
  expect(await lab.run("ensure", "next~", "--timeout", "1ms")).toMatchObject({ code: 124 });
});
