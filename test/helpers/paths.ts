import { accessSync, constants, existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The checkout. */
export const CHECKOUT = join(import.meta.dir, "../..");
/** The program under test. */
export const BINARY = join(CHECKOUT, "dist/homelab");
/** Made by `scripts/lab image`: busybox, idles and ends at once when told to. */
export const IMAGE = "homelab-lab/base:1";
/** Made by `scripts/lab host`: a hypervisor, and the network of all of them. */
export const HOST_IMAGE = "homelab-lab/host:2";
export const HOST_NETWORK = "homelab-lab-hosts";
/** Where the docker command of the person who runs the tests keeps its settings. */
export const DOCKER_CONFIG = process.env.DOCKER_CONFIG || join(homedir(), ".docker");

const PLUGIN_DIRS = [
  join(DOCKER_CONFIG, "cli-plugins"),
  "/usr/local/lib/docker/cli-plugins",
  "/usr/local/libexec/docker/cli-plugins",
  "/usr/lib/docker/cli-plugins",
  "/usr/libexec/docker/cli-plugins",
];

/** The compose plugin that is installed here. */
export function composePlugin(): string {
  const found = PLUGIN_DIRS.map((dir) => join(dir, "docker-compose")).find((path) => existsSync(path));
  if (!found) throw new Error("the compose plugin is missing: run `scripts/lab up`");
  return found;
}

/** Whether compose would be found without any settings of a person: in the system's own directories. */
export const composeIsSystemWide = (): boolean =>
  PLUGIN_DIRS.slice(1).some((dir) => existsSync(join(dir, "docker-compose")));

let checked = false;

/** Throws, naming the command that provides it, when something that every test needs is missing. */
export function needEverything(): void {
  if (checked) return;
  try {
    accessSync(BINARY, constants.X_OK);
  } catch {
    throw new Error("dist/homelab is missing: run `scripts/build`");
  }
  const { exitCode, stderr } = Bun.spawnSync(["docker", "image", "inspect", IMAGE], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (exitCode !== 0) throw new Error(`${stderr.toString().trim()}: run \`scripts/lab up\``);
  checked = true;
}
