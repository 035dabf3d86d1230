import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { eventually } from "./eventually.ts";
import { CHECKOUT, IMAGE } from "./paths.ts";
import { start } from "./spawn.ts";

/** A Docker daemon of a test's own, beside the one that all tests share: it may be killed. */
export interface Daemon extends AsyncDisposable {
  /** For DOCKER_HOST. */
  readonly host: string;
  readonly socket: string;
  /** Brings it up, also after an `end`. */
  start(): Promise<void>;
  /** Ends it with a signal, and returns when it is gone. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
  /** `docker …` on it; throws when that fails. */
  docker(...args: string[]): Promise<string>;
  /** Takes all containers away. */
  clear(): Promise<void>;
}

/** Starts one. Only one at a time in one checkout: it always has the same socket, and keeps its images. */
export async function startDaemon(): Promise<Daemon> {
  const dir = join(tmpdir(), `homelab-lab-${Bun.hash.crc32(CHECKOUT).toString(36)}`);
  const socket = join(dir, "docker.sock");
  const env = { ...process.env, DOCKER_HOST: `unix://${socket}` };
  const run = async (...argv: string[]): Promise<string> => {
    const { code, stdout, stderr } = await start(argv, { cwd: "/", env }).ended;
    if (code !== 0) throw new Error(`\`${argv.join(" ")}\` ended with ${code}: ${stderr}`);
    return stdout.trim();
  };
  const lab = (...words: string[]) => run(join(CHECKOUT, "scripts/lab"), ...words);
  const docker = (...args: string[]) => run("docker", ...args);
  let pid = 0;
  let root = "";

  const daemon: Daemon = {
    host: env.DOCKER_HOST,
    socket,
    docker,
    async start() {
      mkdirSync(dir, { recursive: true });
      await lab("docker", socket);
      root = join(await docker("info", "--format", "{{.DockerRootDir}}"), "..");
      pid = Number(readFileSync(join(root, "dockerd.pid"), "utf8"));
    },
    async end(signal) {
      process.kill(pid, signal);
      await eventually("the daemon is gone", () => !existsSync(`/proc/${pid}`));
      // The next one would take its containerd, which dies a moment later, for one that it can use.
      await eventually(
        "its containerd is gone",
        () => pidsOf(root, (program) => program === "containerd").length === 0,
      );
    },
    async clear() {
      const ids = (await docker("ps", "-aq")).split("\n").filter(Boolean);
      if (ids.length > 0) await docker("rm", "--force", "--volumes", ...ids);
    },
    async [Symbol.asyncDispose]() {
      if (existsSync(`/proc/${pid}`)) {
        await daemon.clear();
        await daemon.end("SIGTERM");
      }
      await eventually("nothing of it is left", () => endShims(root));
    },
  };
  await daemon.start();
  await daemon.clear();
  await lab("image");
  if (!(await docker("images", "-q", IMAGE))) throw new Error(`${IMAGE} is not there`);
  return daemon;
}

/** Ends what a killed daemon lost track of: processes that hold containers for it. True when there are none. */
function endShims(root: string): boolean {
  const shims = pidsOf(root, (program) => program.startsWith("containerd-shim"));
  for (const shim of shims) process.kill(shim, "SIGTERM");
  return shims.length === 0;
}

/** Processes that work for a daemon, by the names of their programs. */
function pidsOf(root: string, isWanted: (program: string) => boolean): number[] {
  const pids = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid));
  return pids.map(Number).filter((pid) => {
    const [program = "", ...words] = commandOf(pid).split("\0");
    return isWanted(basename(program)) && words.some((word) => word.includes(root));
  });
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    // Ended meanwhile.
    return "";
  }
}
