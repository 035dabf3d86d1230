import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { eventually } from "./eventually.ts";
import { BINARY, DOCKER_CONFIG, needEverything } from "./paths.ts";
import { type Result, type Running, start } from "./spawn.ts";
import { runOnTerminal, type Shown } from "./terminal.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** How a command is called. Paths are relative to the root of the homelab. */
interface Call {
  readonly env: Environment;
  readonly cwd: string;
  readonly binary: string;
  /** Words in front of the program: another user, a shell. */
  readonly before: readonly string[];
}

export interface Container {
  readonly id: string;
  readonly name: string;
  /** Relative to the root. */
  readonly dir: string;
  readonly service: string;
  readonly project: string;
  readonly status: string;
  readonly startedAt: string;
  readonly image: string;
}

/** Homelabs at once: more only make each other wait on a small machine. */
const AT_ONCE = 4;
let free = AT_ONCE;
const queue: (() => void)[] = [];

async function takePlace(): Promise<void> {
  if (free > 0) free--;
  else await new Promise<void>((resolve) => queue.push(resolve));
}

function givePlace(): void {
  const next = queue.shift();
  if (next) next();
  else free++;
}

/**
 * A homelab in a directory of its own, with a state directory of its own; `await using` takes away what runs in it.
 *
 * In files, paths and arguments `~` stands for a suffix that no other homelab has, so that `web~` is a name of this
 * one alone; in what comes back the suffix is `~` again, the root `<root>`, durations are `<time>`,
 * ids of runs `<run>`.
 */
export async function homelab(files: Readonly<Record<string, string>>): Promise<Homelab> {
  needEverything();
  await takePlace();
  const top = realpathSync(mkdtempSync(join(tmpdir(), "homelab-test-")));
  chmodSync(top, 0o755);
  const lab = new Homelab(top, `-${Math.random().toString(36).slice(2, 6)}`, {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      LANG: "C.UTF-8",
      DOCKER_CONFIG,
      DOCKER_HOST: process.env.DOCKER_HOST,
      HOMELAB_STATE_DIR: join(top, "state"),
      // Nobody's telephone is to ring for a test.
      HOMELAB_NOTIFY: "never",
    },
    cwd: ".",
    binary: BINARY,
    before: [],
  });
  mkdirSync(lab.root);
  return lab.write(files);
}

export class Homelab implements AsyncDisposable {
  private readonly children: Running[] = [];

  constructor(
    /** Directory of the root, the state and whatever else belongs to the test. */
    readonly top: string,
    private readonly suffix: string,
    private readonly call: Call,
  ) {}

  get root(): string {
    return join(this.top, "root");
  }

  get state(): string {
    return join(this.top, "state");
  }

  /** The same homelab, its commands called in another way. */
  with(change: Partial<Call>): Homelab {
    const env = { ...this.call.env, ...change.env };
    const other = new Homelab(this.top, this.suffix, { ...this.call, ...change, env });
    // What it starts ends with this one.
    Object.assign(other, { children: this.children });
    return other;
  }

  /** Writes files; directories are made as needed. */
  write(files: Readonly<Record<string, string>>): this {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(this.path(path)), { recursive: true });
      writeFileSync(this.path(path), this.own(text));
    }
    return this;
  }

  /** Absolute path of something in the root. */
  path(path: string): string {
    return join(this.root, this.own(path));
  }

  /** Runs `homelab` and waits for its end. */
  async run(...args: string[]): Promise<Result> {
    const { code, stdout, stderr } = await this.start(...args).ended;
    return { code, stdout: this.text(stdout), stderr: this.text(stderr) };
  }

  /** Runs `homelab … --json`; `document` is what it printed on standard output. */
  async json(...args: string[]) {
    const { code, stdout, stderr } = await this.start(...args, "--json").ended;
    return { code, document: JSON.parse(this.shared(stdout)), stderr: this.text(stderr) };
  }

  /** Starts `homelab`, to be signalled. It is killed with the homelab. */
  start(...args: string[]): Running {
    const argv = [...this.call.before, this.call.binary, ...args.map((word) => this.own(word))];
    const child = start(argv, this.spawnOptions());
    this.children.push(child);
    return child;
  }

  /** Runs `homelab` on a pseudo terminal. */
  async terminal(args: readonly string[], type?: Parameters<typeof runOnTerminal>[2]): Promise<Shown> {
    const argv = [this.call.binary, ...args.map((word) => this.own(word))];
    const shown = await runOnTerminal(argv, this.spawnOptions(), type);
    return { ...shown, screen: this.text(shown.screen) };
  }

  /** Runs another program as a person would, from a directory of the homelab; throws when it fails. */
  async tool(dir: string, ...argv: string[]): Promise<string> {
    const words = argv.map((word) => this.own(word));
    const { code, stdout, stderr } = await start(words, { ...this.spawnOptions(), cwd: this.path(dir) })
      .ended;
    if (code !== 0) throw new Error(`\`${words.join(" ")}\` ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** `docker …`; throws when it fails. */
  docker(...args: string[]): Promise<string> {
    return this.tool(".", "docker", ...args);
  }

  /** `docker compose …` by hand in a directory; throws when it fails. */
  compose(dir: string, ...args: string[]): Promise<string> {
    return this.tool(dir, "docker", "compose", ...args);
  }

  /** All containers that compose made for this homelab, in the order of their directories. */
  async containers(): Promise<Container[]> {
    const label = "com.docker.compose.project";
    const format = `{{.ID}} {{.Label "${label}"}} {{.Label "${label}.working_dir"}}`;
    const listed = words(
      await this.docker("ps", "-a", "--no-trunc", "--filter", `label=${label}`, "--format", format),
    );
    const ids = listed
      .filter((line) => line.includes(this.suffix) || line.includes(this.top))
      .map((line) => line.slice(0, line.indexOf(" ")));
    if (ids.length === 0) return [];
    // Some may go meanwhile, which is no error.
    const { stdout } = await start(["docker", "inspect", ...ids], this.spawnOptions()).ended;
    const all = JSON.parse(stdout) as {
      Id: string;
      Name: string;
      Image: string;
      State: { Status: string; StartedAt: string };
      Config: { Labels: Record<string, string> };
    }[];
    return all
      .map(({ Id, Name, Image, State, Config: { Labels } }) => ({
        id: Id,
        name: this.shared(Name.slice(1)),
        dir: this.shared(relative(this.root, Labels[`${label}.working_dir`] ?? "/")),
        service: Labels["com.docker.compose.service"] ?? "",
        project: this.shared(Labels[label] ?? ""),
        status: State.Status,
        startedAt: State.StartedAt,
        image: Image,
      }))
      .sort((a, b) => (a.dir + a.name < b.dir + b.name ? -1 : 1));
  }

  /** Ids of the containers by `directory:service`; several of one service are joined by a comma. */
  async ids(): Promise<Record<string, string>> {
    const ids: Record<string, string> = {};
    for (const { dir, service, id } of await this.containers()) {
      const key = `${dir}:${service}`;
      ids[key] = ids[key] === undefined ? id : `${ids[key]},${id}`;
    }
    return ids;
  }

  /** Statuses of the containers by `directory:service`. */
  async statuses(): Promise<Record<string, string>> {
    return Object.fromEntries(
      (await this.containers()).map(({ dir, service, status }) => [`${dir}:${service}`, status]),
    );
  }

  /** Kills whatever is at work in the homelab, as a power failure would; what the engine runs goes on. */
  async killAll(): Promise<void> {
    await eventually("everything in the homelab is killed", () => {
      const pids = processesIn(this.top);
      for (const pid of pids) killIfThere(pid);
      return pids.length === 0;
    });
  }

  /** Whether the program has written its state. */
  hasState(): boolean {
    return existsSync(this.state);
  }

  /** The text with this homelab's own suffix in place of `~`. */
  own(text: string): string {
    return text.replaceAll("~", this.suffix);
  }

  /** The text as it is in every homelab: `~` for the suffix, `<root>` and `<top>` for directories. */
  shared(text: string): string {
    return text.replaceAll(this.suffix, "~").replaceAll(this.root, "<root>").replaceAll(this.top, "<top>");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      for (const child of this.children) child.kill("SIGKILL");
      await Promise.all(this.children.map((child) => child.ended));
      await eventually("the last process in the homelab ends", () => processesIn(this.top).length === 0);
      await this.removeContainers();
    } finally {
      rmSync(this.top, { recursive: true, force: true });
      givePlace();
    }
  }

  private async removeContainers(): Promise<void> {
    const lab = this.with({
      env: { DOCKER_HOST: process.env.DOCKER_HOST, DOCKER_CONFIG, PATH: process.env.PATH },
    });
    const ids = (await lab.containers()).map(({ id }) => id);
    if (ids.length > 0) await lab.docker("rm", "--force", "--volumes", ...ids);
    for (const kind of ["network", "volume"]) {
      const names = words(await lab.docker(kind, "ls", "--format", "{{.Name}}")).filter((name) =>
        name.includes(this.suffix),
      );
      if (names.length > 0) await lab.docker(kind, "rm", ...names);
    }
    const images = words(await lab.docker("images", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"));
    const made = images
      .filter((name) => name.includes(this.suffix))
      .map((line) => line.split(" "))
      .map(([name = "", id = ""]) => (name.endsWith(":<none>") ? id : name));
    if (made.length > 0) await lab.docker("rmi", "--force", ...made);
  }

  /** The same, with what differs from run to run replaced as well. */
  text(text: string): string {
    return this.shared(text)
      .replace(/\b\d+(\.\d+)? (ms|s|min|seconds?|minutes?)\b( \d+ s)?/g, "<time>")
      .replace(/\b\d{8}-\d{6}-[0-9a-f]{6}\b/g, "<run>")
      .replace(/\b(less than a second|about a minute)\b/gi, "<time>");
  }

  private spawnOptions() {
    return { cwd: join(this.root, this.own(this.call.cwd)), env: this.call.env };
  }
}

const words = (text: string): string[] => text.split("\n").filter((line) => line !== "");

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Processes that have their working directory in `dir`: runs, and compose at the work that a killed run left. */
function processesIn(dir: string): number[] {
  const pids = readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const cwd = readlinkSync(`/proc/${pid}/cwd`);
      const dead = readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
      return !dead && (cwd === dir || cwd.startsWith(`${dir}/`));
    } catch {
      // Ended meanwhile, or another user's.
      return false;
    }
  });
  return pids.map(Number);
}
