import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { eventually } from "./eventually.ts";
import type { Homelab } from "./homelab.ts";
import { IMAGE } from "./paths.ts";
import { type Running, start } from "./spawn.ts";

/** An engine with a disk of its own size, and a registry that it can pull from. */
export interface SmallEngine extends AsyncDisposable {
  /** For DOCKER_HOST. */
  readonly host: string;
  /** References of images, each of which has `imageMegabytes` of its own. */
  readonly images: readonly string[];
}

/**
 * Starts a second engine of which the disk has `megabytes`, for one test. It is in a network of its own, so that it
 * cannot touch bridges and rules of the first one, and all of its processes end with it.
 */
export async function smallEngine(
  lab: Homelab,
  {
    megabytes,
    imageMegabytes,
    names,
  }: { megabytes: number; imageMegabytes: number; names: readonly string[] },
): Promise<SmallEngine> {
  if (process.getuid?.() !== 0)
    throw new Error("only root can start an engine: run `sudo scripts/test integration`");
  if (!Bun.which("ip")) throw new Error("ip is missing: `apt-get install iproute2`");
  const dir = join(lab.top, "engine");
  for (const each of ["data", "registry"]) mkdirSync(join(dir, each), { recursive: true });
  const port = freePort();
  const config = join(dir, "registry.yml");
  const storage = `storage: { filesystem: { rootdirectory: ${join(dir, "registry")} } }`;
  writeFileSync(
    config,
    `version: 0.1\nlog: { level: error }\n${storage}\nhttp: { addr: 127.0.0.1:${port} }\n`,
  );
  const registry = [registryProgram(), "serve", config];
  const images = names.map((name) => `127.0.0.1:${port}/${lab.own(name)}:1`);
  const outside = start(registry, { cwd: dir, env: process.env });
  try {
    await eventually("the registry answers", () => answers(port));
    for (const image of images) await push(lab, image, imageMegabytes);
  } finally {
    outside.kill("SIGKILL");
    await outside.ended;
  }
  const socket = join(dir, "docker.sock");
  const where = `--host=unix://${socket} --data-root=${dir}/data --exec-root=${dir}/exec --pidfile=${dir}/pid`;
  const lines = [
    "ip link set lo up",
    `mount -t tmpfs -o size=${megabytes}m none ${dir}/data`,
    `${registry.join(" ")} >${dir}/registry.log 2>&1 &`,
    `exec dockerd ${where} --bridge=none --iptables=false --ip6tables=false >${dir}/log 2>&1`,
  ];
  const apart = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const engine = start([...apart, "sh", "-ec", lines.join("\n")], { cwd: "/", env: process.env });
  await eventually("the small engine answers", () => existsSync(socket));
  return { host: `unix://${socket}`, images, [Symbol.asyncDispose]: () => end(engine) };
}

async function end(engine: Running): Promise<void> {
  engine.kill("SIGKILL");
  await engine.ended;
}

/** Makes an image that cannot be compressed, gives it to the registry, and keeps nothing of it here. */
async function push(lab: Homelab, image: string, megabytes: number): Promise<void> {
  const fill = ["dd", "if=/dev/urandom", "of=/blob", "bs=1M", `count=${megabytes}`];
  const id = (await lab.docker("create", "--network", "none", IMAGE, ...fill)).trim();
  try {
    await lab.docker("start", "--attach", id);
    await lab.docker("commit", "--change", 'CMD ["sleep", "1000"]', id, image);
    await lab.docker("push", "-q", image);
    await lab.docker("rmi", image);
  } finally {
    await lab.docker("rm", "-f", id);
  }
}

function registryProgram(): string {
  const fetched = join(homedir(), ".cache/homelab-lab/registry-program/usr/bin/docker-registry");
  const program = Bun.which("docker-registry") ?? (existsSync(fetched) ? fetched : undefined);
  if (!program) throw new Error("docker-registry is missing: run `scripts/lab registry`");
  return program;
}

/** A port of this machine that nobody listens at. */
export function freePort(): number {
  const server = Bun.listen({ hostname: "0.0.0.0", port: 0, socket: { data() {} } });
  const { port } = server;
  server.stop(true);
  return port;
}

async function answers(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
    socket.end();
    return true;
  } catch {
    // Not yet.
    return false;
  }
}
