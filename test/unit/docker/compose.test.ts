import { describe, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { checkCommand, findCompose, upCommand } from "../../../src/docker/compose.ts";
import { temporary } from "../temporary.ts";

const endpoint = { host: "unix:///run/x.sock", unix: "/run/x.sock", base: "http://docker" };
const ours = { COMPOSE_REMOVE_ORPHANS: "false", COMPOSE_IGNORE_ORPHANS: "true", COMPOSE_MENU: "false" };
const PLUGIN = "cli-plugins/docker-compose";

describe("findCompose()", () => {
  test("finds the plugin in the settings", async () => {
    using config = temporary({ [PLUGIN]: "" });
    expect((await findCompose({ DOCKER_CONFIG: config.path }, endpoint)).argv).toEqual([
      join(config.path, PLUGIN),
    ]);
  });

  test("looks into further directories first", async () => {
    using extra = temporary({ "docker-compose": "" });
    using config = temporary({
      [PLUGIN]: "",
      "config.json": JSON.stringify({ cliPluginsExtraDirs: [extra.path] }),
    });
    expect((await findCompose({ DOCKER_CONFIG: config.path }, endpoint)).argv).toEqual([
      join(extra.path, "docker-compose"),
    ]);
  });

  test("hands the person's environment on, less what would turn it to other files and projects", async () => {
    using config = temporary({ [PLUGIN]: "" });
    const env = { DOCKER_CONFIG: config.path, TZ: "UTC", COMPOSE_PARALLEL_LIMIT: "2" };
    const stray = {
      COMPOSE_FILE: "x.yml",
      COMPOSE_PROJECT_NAME: "x",
      COMPOSE_PROFILES: "x",
      COMPOSE_REMOVE_ORPHANS: "1",
    };
    expect((await findCompose({ ...env, ...stray }, endpoint)).env).toEqual({
      ...env,
      ...ours,
      DOCKER_HOST: "unix:///run/x.sock",
    });
  });

  test("leaves the choice of a remote engine to the environment that made it", async () => {
    using config = temporary({ [PLUGIN]: "" });
    const env = { DOCKER_CONFIG: config.path, DOCKER_CONTEXT: "far" };
    expect((await findCompose(env, { host: "tcp://far:2376", base: "https://far:2376" })).env).toEqual({
      ...env,
      ...ours,
    });
  });
});

/** A `docker` program that knows compose, or does not, in a directory of its own. */
function dockerProgram(exit: number): { path: string } & Disposable {
  const dir = temporary({ docker: `#!/bin/sh\nexit ${exit}\n` });
  chmodSync(join(dir.path, "docker"), 0o755);
  return dir;
}

describe("findCompose() without a plugin in the usual places", () => {
  const usual = ["local/lib", "local/libexec", "lib", "libexec"].map((dir) => `/usr/${dir}/docker/${PLUGIN}`);
  const installed = usual.find((path) => Bun.file(path).size > 0);

  test("asks the docker command, and says when there is none", async () => {
    using config = temporary();
    using knows = dockerProgram(0);
    using knowsNot = dockerProgram(1);
    const find = async (PATH: string) => {
      try {
        return (await findCompose({ DOCKER_CONFIG: config.path, PATH }, endpoint)).argv;
      } catch (error) {
        return (error as Error).message;
      }
    };
    const missing = "Docker Compose (the plugin `docker compose`) is not installed";
    // Where the machine has a plugin, that one is found before anybody is asked.
    expect([await find(knows.path), await find(knowsNot.path), await find("/nowhere")]).toEqual(
      installed
        ? [[installed], [installed], [installed]]
        : [[join(knows.path, "docker"), "compose"], missing, missing],
    );
  });
});

test.each([
  [
    "up",
    upCommand({ argv: ["c"], env: {} }, "web", { recreate: false }),
    "c --progress plain -p web up -d --pull missing",
  ],
  [
    "up with new containers",
    upCommand({ argv: ["docker", "compose"], env: {} }, "web", { recreate: true }),
    "docker compose --progress plain -p web up -d --pull missing --force-recreate",
  ],
  ["check", checkCommand({ argv: ["c"], env: {} }, "web"), "c -p web config --format json"],
])("the command line of %s", (_, argv, want) => expect(argv.join(" ")).toBe(want));
