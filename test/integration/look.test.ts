import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { app, shell } from "../helpers/compose.ts";
import { eventually } from "../helpers/eventually.ts";
import { FRONT } from "../helpers/front.ts";
import { homelab } from "../helpers/homelab.ts";

describe("plan", () => {
  test.concurrent("shows each step with its reason and changes nothing (checklist 26, 27)", async () => {
    await using lab = await homelab(FRONT);
    expect(await lab.run("plan", "proxy~")).toEqual({
      code: 0,
      stdout: [
        "db~     create  it has no containers yet",
        "web~    create  it has no containers yet",
        "cache~  create  it has no containers yet",
        "proxy~  create  it has no containers yet",
        "4 to change, 0 as they are",
        "",
      ].join("\n"),
      stderr: "",
    });
    const { code, document } = await lab.json("plan", "proxy~");
    expect(code).toBe(0);
    expect(document).toEqual({
      version: 1,
      root: "<root>",
      targets: ["proxy~"],
      steps: [
        create("db~", []),
        create("web~", ["db~"]),
        create("cache~", []),
        create("proxy~", ["web~", "cache~"]),
      ],
      summary: { none: 0, create: 4 },
    });
    expect(await lab.containers()).toEqual([]);
    expect(existsSync(lab.state)).toBe(false);
  });

  test.concurrent("--exit-code tells a script whether something would be done", async () => {
    await using lab = await homelab(FRONT);
    expect((await lab.run("plan", "web~", "--exit-code")).code).toBe(3);
    await lab.run("ensure", "web~");
    expect(await lab.run("plan", "web~", "--exit-code")).toEqual({
      code: 0,
      stdout: "nothing to do: 2 ready\n",
      stderr: "",
    });
    lab.write({ "services/web~/.env": "A=b\n" });
    expect((await lab.run("plan", "web~", "--exit-code")).code).toBe(3);
  });

  test.concurrent("`ensure --dry-run` is the same", async () => {
    await using lab = await homelab(FRONT);
    const plan = await lab.run("plan", "proxy~");
    expect(await lab.run("ensure", "proxy~", "--dry-run")).toEqual(plan);
    expect(await lab.run("-n", "ensure-proxy~")).toEqual(plan);
    expect(await lab.containers()).toEqual([]);
    expect(existsSync(lab.state)).toBe(false);
  });
});

const create = (id: string, needs: string[]) => ({
  id,
  kind: "service",
  action: "create",
  reason: { code: "absent", text: "it has no containers yet" },
  effect: "write",
  needs,
});

describe("status", () => {
  test.concurrent("says of every service what it is, and exits with 3 until all are ready", async () => {
    await using lab = await homelab(FRONT);
    await lab.run("ensure", "web~");
    const some = await lab.run("status");
    expect(some).toMatchObject({ code: 3, stderr: "" });
    expect(some.stdout.replaceAll(/ +/g, " ")).toBe(
      [
        "db~ ready up <time>, healthy",
        "web~ ready up <time>",
        "cache~ missing no containers",
        "proxy~ missing no containers",
        "extra~ missing no containers",
        "2 ready, 3 not: `homelab why NAME` says why",
        "",
      ].join("\n"),
    );
    expect(await lab.run("status", "web~", "-q")).toEqual({ code: 0, stdout: "", stderr: "" });
    await lab.run("ensure", "all");
    const all = await lab.run("status");
    expect(all.code).toBe(0);
    expect(all.stdout).toEndWith("5 ready\n");
  });

  test.concurrent("--json has every service with its containers", async () => {
    await using lab = await homelab(FRONT);
    await lab.run("ensure", "db~");
    const { code, document } = await lab.json("status", "db~", "web~");
    expect(code).toBe(3);
    expect(document).toEqual({
      version: 1,
      root: "<root>",
      recipes: [
        {
          id: "db~",
          kind: "service",
          state: "ready",
          detail: expect.stringMatching(/^up .*, healthy$/),
          project: "db~",
          containers: [
            {
              id: expect.stringMatching(/^[0-9a-f]{64}$/),
              name: "db~-app-1",
              service: "app",
              state: "running",
              health: "healthy",
              image: "homelab-lab/base:1",
              status: expect.stringMatching(/^Up .* \(healthy\)$/),
            },
          ],
        },
        {
          id: "web~",
          kind: "service",
          state: "missing",
          detail: "no containers",
          project: "web~",
          containers: [],
        },
      ],
    });
  });

  test.concurrent.each([
    ["stopped", ["stop"], "stopped"],
    ["paused", ["pause"], "stopped"],
    ["killed", ["kill"], "stopped"],
    ["removed", ["rm", "-f"], "missing"],
  ])("a container that was %s by hand shows, and the next ensure repairs it", async (_, words, state) => {
    await using lab = await homelab({ "services/web~/compose.yml": app({ stop_signal: "SIGTERM" }) });
    await lab.run("ensure", "web~");
    await lab.docker(...words, "web~-app-1");
    const { code, document } = await lab.json("status", "web~");
    expect({ code, state: document.recipes[0].state }).toEqual({ code: 3, state });
    expect(await lab.run("ensure", "web~")).toMatchObject({ code: 0 });
    expect((await lab.run("status", "web~")).code).toBe(0);
  });
});

describe("why", () => {
  test.concurrent("leads down to what is broken, with what it said", async () => {
    await using lab = await homelab(FRONT);
    await lab.run("ensure", "db~");
    await lab.docker("exec", "db~-app-1", "touch", "/tmp/sick");
    await eventually("unhealthy", async () => (await lab.run("status", "db~")).stdout.includes("unhealthy"));
    const { code, stdout, stderr } = await lab.run("why", "proxy~");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /^proxy~ waits for web~, web~ needs db~, and db~ has been unhealthy since \d\d:\d\d \(<time>\): the last probe said: too sick\nproxy~ waits for cache~, and cache~ is missing: no containers\n\ndb~ is unhealthy since \d\d:\d\d \(<time>\): db~-app-1 is unhealthy\n/,
    );
    expect(stdout).toMatch(/\n {2}probe at \d\d:\d\d \(exit code 1\): too sick\n/);
    expect(stdout).toContain("\nweb~ is missing: no containers\n");
    const { document } = await lab.json("why", "proxy~");
    expect(document.targets[0].chains).toEqual([
      ["proxy~", "web~", "db~"],
      ["proxy~", "cache~"],
    ]);
    expect(document.targets[0].causes[0].causes[0]).toMatchObject({
      id: "db~",
      state: "unhealthy",
      container: "db~-app-1",
      since: expect.any(String),
      failing: expect.any(Number),
      probes: expect.arrayContaining([{ at: expect.any(String), exitCode: 1, output: "too sick" }]),
    });
  });

  test.concurrent("a service that is ready is said to be", async () => {
    await using lab = await homelab(FRONT);
    await lab.run("ensure", "web~");
    expect(await lab.run("why", "web~")).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^web~ is ready: up <time>\n$/),
      stderr: "",
    });
  });

  test.concurrent("it remembers how the last run ended", async () => {
    await using lab = await homelab({ "services/web~/compose.yml": app(shell("echo last words; exit 7")) });
    await lab.run("ensure", "web~");
    const { stdout } = await lab.run("why", "web~");
    expect(stdout).toContain("web~ is failed");
    expect(stdout).toContain("| last words\n");
    expect(stdout).toContain("ended with: web~-app-1 exited with code 7 (`homelab report <run>`)\n");
  });
});

test.concurrent("history shows the runs, newest first, with runs without a change as one line", async () => {
  await using lab = await homelab(FRONT);
  expect(await lab.run("history")).toEqual({ code: 0, stdout: "no runs yet\n", stderr: "" });
  await lab.run("ensure", "web~");
  await lab.run("ensure", "web~");
  await lab.run("ensure", "web~");
  const { code, document } = await lab.json("history");
  expect(code).toBe(0);
  expect(document.runs.map(({ command, outcome, repeats }: never) => [command, outcome, repeats])).toEqual([
    ["ensure web~", "unchanged", 2],
    ["ensure web~", "changed", 1],
  ]);
  const { stdout } = await lab.run("history");
  expect(stdout.split("\n")[0]?.replaceAll(/ +/g, " ")).toBe("RUN WHEN COMMAND OUTCOME TOOK WHAT");
  expect(stdout).toContain("db~ create, web~ create");
  expect((await lab.json("history", "--limit", "1")).document.runs).toHaveLength(1);
});
