import { existsSync, readFileSync } from "node:fs";
import { HomelabError } from "../errors.ts";
import { runProcess } from "../process/runner.ts";
import { dockerConfigDir, type Endpoint } from "./endpoint.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the docker CLI looks for plugins after the user's own directory. */
const PLUGIN_DIRS = [
  "/usr/local/lib/docker/cli-plugins",
  "/usr/local/libexec/docker/cli-plugins",
  "/usr/lib/docker/cli-plugins",
  "/usr/libexec/docker/cli-plugins",
  "/run/current-system/sw/libexec/docker/cli-plugins",
];

const CHECK_DEADLINE_MS = 20_000;

/** How compose is called here: the first words of every command line, and the environment for it. */
export interface Compose {
  readonly argv: readonly string[];
  readonly env: Environment;
}

/**
 * Finds compose as the docker CLI would. The plugin is called directly, which saves half of the processor time
 * of `docker compose`; where it is not in one of the usual directories, the CLI is asked to find it.
 * Throws `compose-missing` when there is none.
 */
export async function findCompose(env: Environment, endpoint: Endpoint): Promise<Compose> {
  const childEnv = composeEnvironment(env, endpoint);
  const config = dockerConfigDir(env);
  for (const dir of [...extraDirs(config), `${config}/cli-plugins`, ...PLUGIN_DIRS]) {
    const plugin = `${dir}/docker-compose`;
    if (existsSync(plugin)) return { argv: [plugin], env: childEnv };
  }
  const docker = Bun.which("docker", { PATH: env.PATH ?? "" });
  if (docker) {
    const argv = [docker, "compose"];
    const { exitCode } = await runProcess([...argv, "version"], {
      env: childEnv,
      deadline: CHECK_DEADLINE_MS,
    });
    if (exitCode === 0) return { argv, env: childEnv };
  }
  throw new HomelabError("compose-missing", "Docker Compose (the plugin `docker compose`) is not installed", {
    hint: "install the package docker-compose-plugin (Debian: docker-compose), or put the plugin into ~/.docker/cli-plugins",
  });
}

/** Files in place of the ones in a project's directory, which stays what paths in them start at. */
export interface OtherFiles {
  readonly dir: string;
  readonly files: readonly string[];
}

/**
 * `docker compose -p NAME … up -d` for one service directory: with new containers at all events (`recreate`), or only
 * for what has none (`keep`).
 */
export function upCommand(
  compose: Compose,
  project: string,
  options: {
    readonly recreate: boolean;
    readonly keep?: boolean | undefined;
    readonly other?: OtherFiles | undefined;
  },
): string[] {
  const recreate = options.recreate ? ["--force-recreate"] : options.keep ? ["--no-recreate"] : [];
  const { dir, files = [] } = options.other ?? {};
  return [
    ...compose.argv,
    "--progress",
    "plain",
    "-p",
    project,
    ...(dir ? ["--project-directory", dir] : []),
    ...files.flatMap((file) => ["-f", file]),
    "up",
    "-d",
    "--pull",
    "missing",
    ...recreate,
  ];
}

/** `docker compose -p NAME pull`: the images that are not here, and those that the file wants to be asked for. */
export function pullCommand(compose: Compose, project: string): string[] {
  const words = ["pull", "--policy", "missing", "--ignore-buildable", "--quiet"];
  return [...compose.argv, "--progress", "plain", "-p", project, ...words];
}

/** `docker compose -p NAME stop SERVICE…`: takes nothing away. */
export function stopCommand(compose: Compose, project: string, services: readonly string[]): string[] {
  return [...compose.argv, "--progress", "plain", "-p", project, "stop", ...services];
}

/** `docker compose -p NAME restart SERVICE…`: these and no others, whatever shares what with them. */
export function restartCommand(compose: Compose, project: string, services: readonly string[]): string[] {
  return [...compose.argv, "--progress", "plain", "-p", project, "restart", "--no-deps", ...services];
}

/**
 * `docker compose config --images`: the images of one directory, those that are built included; with `profiled` also
 * of what waits for a profile, which may lack its env files as long as nobody asks for it. Needs no engine.
 */
export function imagesCommand(compose: Compose, project: string, profiled: boolean): string[] {
  const [before, behind] = profiled ? [["--profile", "*"], ["--no-env-resolution"]] : [[], []];
  return [...compose.argv, "-p", project, ...before, "config", ...behind, "--images"];
}

/** `docker compose config --hash`: what compose makes of services, as a hash each. Needs no engine. */
export function hashCommand(compose: Compose, project: string, services: readonly string[]): string[] {
  return [...compose.argv, "-p", project, "config", "--hash", services.join(",")];
}

/** `docker compose config`: compose's own check of one directory, and what it makes of it. Needs no engine. */
export function checkCommand(compose: Compose, project: string): string[] {
  return [...compose.argv, "-p", project, "config", "--format", "json"];
}

/**
 * The environment for compose: the person's own, less the variables with which a stray shell setting would make
 * it work on other files, another project, or remove containers.
 */
function composeEnvironment(env: Environment, endpoint: Endpoint): Environment {
  const result: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith("COMPOSE_") || name === "COMPOSE_PARALLEL_LIMIT") result[name] = value;
  }
  // Also against a COMPOSE_REMOVE_ORPHANS in a service's `.env`.
  result.COMPOSE_REMOVE_ORPHANS = "false";
  result.COMPOSE_IGNORE_ORPHANS = "true";
  result.COMPOSE_MENU = "false";
  if (endpoint.unix) result.DOCKER_HOST = endpoint.host;
  return result;
}

function extraDirs(config: string): string[] {
  try {
    const settings = JSON.parse(readFileSync(`${config}/config.json`, "utf8")) as {
      cliPluginsExtraDirs?: string[];
    };
    return settings.cliPluginsExtraDirs ?? [];
  } catch {
    // No settings: no further directories.
    return [];
  }
}
