/** Homelab repositories to measure on, and their removal. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "./measure.ts";

const image = process.env.BASE_IMAGE ?? "";

/** What `overseerr` needs, as a Justfile says it: recipe → directory, needs. */
const CLOSURE: Readonly<Record<string, readonly [dir: string, needs: readonly string[]]>> = {
  gluetun: ["gluetun", []],
  prowlarr: ["prowlarr", ["gluetun"]],
  deluge: ["deluge", ["gluetun"]],
  tdarr: ["tdarr", ["deluge"]],
  profilarr: ["profilarr", ["prowlarr"]],
  "sonarr-shows": ["sonarr/shows", ["prowlarr", "tdarr", "profilarr"]],
  "sonarr-anime": ["sonarr/anime", ["prowlarr", "tdarr", "profilarr"]],
  "radarr-movies": ["radarr/movies", ["prowlarr", "tdarr", "profilarr"]],
  "radarr-anime": ["radarr/anime", ["prowlarr", "tdarr", "profilarr"]],
  overseerr: ["overseerr", ["sonarr-shows", "sonarr-anime", "radarr-movies", "radarr-anime"]],
};

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function compose(prefix: string, name: string, network: string): string {
  return `name: ${prefix}-${name}\nservices:\n  ${name}:\n    image: ${image}\n${network}`;
}

function commit(root: string): void {
  const git = (...args: string[]) => run({ argv: ["git", ...args], cwd: root });
  git("init", "-q");
  git("add", "-A");
  git("-c", "user.name=bench", "-c", "user.email=bench@localhost", "commit", "-q", "-m", "Bench");
}

/**
 * The 10 services that `overseerr` needs, and a Justfile that does the same with `docker compose up -d`.
 * Each has its own network, as compose gives it by default. `docker compose up -d` is content when a container was
 * started. Where `watched` is false, so is homelab: the time for which a container must stay up is set to nothing.
 */
export function writeClosure(root: string, prefix: string, watched: boolean): void {
  let justfile = "";
  let recipes = "services:\n";
  for (const [name, [dir, needs]] of Object.entries(CLOSURE)) {
    write(join(root, "services", dir, "compose.yml"), compose(prefix, name, ""));
    const ready = watched ? "" : ", ready: { stable: 0s }";
    recipes += `  ${name}: { needs: [${needs.join(", ")}]${ready} }\n`;
    justfile += `ensure-${name}:${needs.map((need) => ` ensure-${need}`).join("")}
    @echo "Ensuring ${name} is running..."
    cd services/${dir} && docker compose up -d\n\n`;
  }
  write(join(root, "Justfile"), justfile);
  write(join(root, "homelab.yml"), recipes);
  commit(root);
}

/**
 * `count` services without a network, in layers of `width`: each needs two of the layer before.
 * All recipes are in one homelab.yml.
 */
export function writeMany(root: string, prefix: string, count: number, width: number): void {
  let recipes = "services:\n";
  for (let i = 0; i < count; i++) {
    write(join(root, `services/s-${i}/compose.yml`), compose(prefix, `s-${i}`, "    network_mode: none\n"));
    const needs = i < width ? [] : [i - width, i - width + (i % width === width - 1 ? -1 : 1)];
    recipes += `  s-${i}:\n    needs: [${needs.map((need) => `s-${need}`).join(", ")}]\n`;
  }
  write(join(root, "homelab.yml"), recipes);
}

/** IDs of the containers of every project whose name begins with `prefix`. */
export function containers(prefix: string): string[] {
  return listed(
    ["ps", "-a", "--no-trunc", "--format", '{{.ID}} {{.Label "com.docker.compose.project"}}'],
    prefix,
  );
}

/** Removes the containers and networks of every project whose name begins with `prefix`. */
export function removeProjects(prefix: string): void {
  const docker = (...args: string[]) => run({ argv: ["docker", ...args], cwd: "/" });
  const ids = containers(prefix);
  if (ids.length > 0) docker("rm", "--force", ...ids);
  const networks = listed(
    ["network", "ls", "--no-trunc", "--format", '{{.ID}} {{.Label "com.docker.compose.project"}}'],
    prefix,
  );
  if (networks.length > 0) docker("network", "rm", ...networks);
}

function listed(args: readonly string[], prefix: string): string[] {
  return run({ argv: ["docker", ...args], cwd: "/" })
    .stdout.split("\n")
    .map((line) => line.split(" "))
    .filter(([, project]) => project?.startsWith(`${prefix}-`))
    .map(([id]) => id ?? "");
}
