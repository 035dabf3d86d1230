import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Homelab, homelab } from "./homelab.ts";
import { containerWords, needHost } from "./hypervisor-container.ts";
import { BINARY, HOST_IMAGE, HOST_NETWORK } from "./paths.ts";
import { type Result, start } from "./spawn.ts";

/** What hosts/NAME/default.nix says of a MicroVM; see test/fixtures/hypervisor/files/root/infra/lib/microvm.nix. */
export interface Settings {
  readonly memory?: number;
  /** Served at http://ADDRESS/. */
  readonly version?: string;
  readonly release?: string;
  /** `false`: the guest runs, but never answers. */
  readonly answers?: boolean;
  /** `false`: the guest's kernel panics. */
  readonly boots?: boolean;
  /** `false`: its QEMU ends at once with an error. */
  readonly starts?: boolean;
  /** `false`: its system does not build. */
  readonly builds?: boolean;
  /** Seconds that its build takes besides. */
  readonly takes?: number;
}

export interface Vm {
  readonly kind: "imperative" | "declarative";
  /** Whether it has booted and answers when the hypervisor is handed over. */
  readonly running?: boolean;
  readonly settings?: Settings;
}

export interface Wanted {
  /** Host name; several of one test need different ones. */
  readonly name?: string;
  /** The first gets 10.1.0.2, the second 10.2.0.2, … */
  readonly vms?: Readonly<Record<string, Vm>>;
  /** Files of the homelab that is run on it. */
  readonly files?: Readonly<Record<string, string>>;
  /** A homelab of the test that it shares its directory with, instead of one of its own. */
  readonly beside?: Homelab;
  /** Whether programs on it reach the machine's Docker. */
  readonly docker?: boolean;
  /** How long `microvm@` waits before it starts what ended: 5 s as everywhere, or as systemd writes it. */
  readonly restartSec?: string;
}

/** How to log in: the users root, admin (sudo without a password) and guest (no sudo) have the same key. */
export interface Ssh {
  /** On Docker's bridge: from this machine and from other hypervisors. */
  readonly address: string;
  /** Path of the private key, the same on this machine and on the hypervisor. */
  readonly key: string;
  /** Its host key as a line of a known_hosts file. */
  readonly knownHosts: string;
}

/** Boots a hypervisor in a container: real systemd, ssh, Nix and QEMU. Takes about five seconds, a guest as long. */
export async function hypervisor(wanted: Wanted = {}): Promise<Hypervisor> {
  const made = wanted.beside ?? (await homelab({}));
  const host = new Hypervisor(made, wanted);
  try {
    needHost();
    made.write(wanted.files ?? {});
    await host.boot();
    await host.add(wanted.vms ?? {});
    return host;
  } catch (error) {
    await host[Symbol.asyncDispose]();
    throw error;
  }
}

export class Hypervisor implements AsyncDisposable {
  /** The homelab, its commands run on the hypervisor as root; but see `terminal` for those on a terminal. */
  readonly lab: Homelab;
  /** Name of the container. */
  readonly container: string;
  /** Directory for keys and what is handed over; the same path inside and outside. */
  private readonly dir: string;
  private readonly vms = new Map<string, { readonly vm: Vm; readonly number: number; settings: Settings }>();
  private login: Ssh | undefined;

  constructor(
    private readonly made: Homelab,
    private readonly wanted: Wanted,
  ) {
    const name = wanted.name ?? "hypervisor";
    this.container = made.own(`${name}~`);
    this.dir = join(made.top, name);
    this.lab = this.as("root");
  }

  /** The homelab, its commands run on the hypervisor as a user of it. */
  as(user: "root" | "admin" | "guest", env: Readonly<Record<string, string>> = {}): Homelab {
    return this.made.with({ before: ["docker", ...this.words(user, env)] });
  }

  get ssh(): Ssh {
    if (!this.login) throw new Error("the hypervisor has not booted");
    return this.login;
  }

  /** Runs a program on it; throws when that fails, else gives what it printed. */
  async run(...argv: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.ask(...argv);
    if (code !== 0) throw new Error(`\`${argv.join(" ")}\` ended with ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Runs a program on it, whatever comes of it. */
  ask(...argv: string[]): Promise<Result> {
    const env = { PATH: process.env.PATH, DOCKER_HOST: process.env.DOCKER_HOST };
    return start(["docker", "exec", this.container, ...argv], { cwd: "/", env }).ended;
  }

  /** `homelab …` on it. */
  homelab(...args: string[]): Promise<Result> {
    return this.lab.run(...args);
  }

  /** `homelab … --json` on it. */
  json(...args: string[]) {
    return this.lab.json(...args);
  }

  /** `homelab …` on it, on a pseudo terminal. */
  terminal(
    args: readonly string[],
    type?: Parameters<Homelab["terminal"]>[1],
    env: Readonly<Record<string, string>> = {},
  ) {
    const [word = "", ...words] = this.words("root", env);
    return this.made.with({ binary: "docker" }).terminal([word, "-it", ...words, BINARY, ...args], type);
  }

  /** Writes a file on it; `path` is absolute. */
  async write(path: string, text: string): Promise<void> {
    const handed = join(this.dir, crypto.randomUUID());
    writeFileSync(handed, text);
    await this.run("install", "-D", "-m", "644", "-T", handed, path);
  }

  /** Records the flake in /root/infra as it is. */
  async commit(message: string): Promise<void> {
    await this.run("git", "-C", "/root/infra", "add", "--all");
    await this.run("git", "-C", "/root/infra", "commit", "--quiet", "--allow-empty", `--message=${message}`);
  }

  /** Changes what the flake says of a MicroVM, and commits it. Nothing is built. */
  async configure(name: string, change: Settings): Promise<void> {
    const entry = this.entry(name);
    entry.settings = { ...entry.settings, ...change };
    await this.write(`/root/infra/hosts/${name}/default.nix`, this.nix(name));
    await this.commit(`Change ${name}`);
  }

  /** What a switch of the host's configuration does for a declarative one: current and toplevel are the newest. */
  async switchHost(name: string): Promise<void> {
    const { vm, number } = this.entry(name);
    await this.run("bash", "/lab/make-vm", name, vm.kind, String(number));
  }

  /** Adds MicroVMs: into the flake, built, their state directories in place, and booted where that is wanted. */
  async add(vms: Readonly<Record<string, Vm>>): Promise<void> {
    for (const [name, vm] of Object.entries(vms)) {
      this.vms.set(name, { vm, number: this.vms.size + 1, settings: vm.settings ?? {} });
      await this.write(`/root/infra/hosts/${name}/default.nix`, this.nix(name));
    }
    await this.commit(`Add ${Object.keys(vms).join(", ") || "the flake"}`);
    for (const name of Object.keys(vms)) await this.switchHost(name);
    const booting = Object.keys(vms).filter((name) => vms[name]?.running);
    if (booting.length > 0) await this.run("systemctl", "start", ...booting.map((each) => `microvm@${each}`));
    for (const name of booting) await this.answer(name);
  }

  /** State directories of MicroVMs that never ran, like that of one that is there; nothing else is made. */
  async addDirectories(like: string, names: readonly string[]): Promise<void> {
    const script = 'from=$1; shift; for each; do cp -a "$from" "/var/lib/microvms/$each"; done';
    await this.run("sh", "-c", script, "sh", `/var/lib/microvms/${like}`, ...names);
  }

  address(name: string): string {
    return `10.${this.entry(name).number}.0.2`;
  }

  /** Waits until its guest answers over http; gives the version that it serves. */
  async answer(name: string): Promise<string> {
    // One program that asks again and again: a client of Docker for each question would slow the guest's boot down.
    const url = `http://${this.address(name)}/`;
    const script = 'until curl --silent --fail --max-time 2 "$0"; do sleep 0.2; done';
    const { code, stdout } = await this.ask("timeout", "90", "sh", "-c", script, url);
    if (code !== 0) throw new Error(`${name} does not answer: ${await this.console(name)}`);
    return stdout.trim();
  }

  /** What its unit has said so far, the guest's console included. */
  console(name: string): Promise<string> {
    return this.run("journalctl", `--unit=microvm@${name}`, "--output=cat", "--no-pager", "--all");
  }

  /** The version that its guest serves now; undefined when it does not answer. */
  async version(name: string): Promise<string | undefined> {
    const url = `http://${this.address(name)}/`;
    const { code, stdout } = await this.ask("curl", "--silent", "--fail", "--max-time", "2", url);
    return code === 0 ? stdout.trim() : undefined;
  }

  async boot(): Promise<void> {
    mkdirSync(this.dir, { recursive: true });
    const { restartSec } = this.wanted;
    const words = containerWords(this.container, this.made.top, this.wanted);
    await this.made.docker("run", "--detach", ...words, HOST_IMAGE, "sh", "/lab/boot", this.dir);
    await this.systemd();
    if (restartSec) {
      await this.write(
        "/etc/systemd/system/microvm@.service.d/restart.conf",
        `[Service]\nRestartSec=${restartSec}\n`,
      );
      await this.run("systemctl", "daemon-reload");
    }
    await this.meet();
  }

  /** Finds out how to log in. */
  private async meet(): Promise<void> {
    const format = `{{(index .NetworkSettings.Networks "${HOST_NETWORK}").IPAddress}}`;
    const address = (await this.made.docker("inspect", "--format", format, this.container)).trim();
    const hostKey = readFileSync(join(this.dir, "host-key.pub"), "utf8").trim();
    this.login = { address, key: join(this.dir, "id_ed25519"), knownHosts: `${address} ${hostKey}` };
  }

  /**
   * Boots it once more: as `reboot` does, or after its power was cut. What is in /run and /tmp is gone, and its address
   * may be another one.
   */
  async reboot(how: "clean" | "power"): Promise<void> {
    if (how === "power") await this.made.docker("kill", this.container);
    else await this.ask("systemctl", "poweroff");
    await this.made.docker("wait", this.container);
    await this.made.docker("start", this.container);
    await this.systemd();
    await this.meet();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      const made = await this.made.docker("ps", "-aq", "--filter", `name=^/${this.container}$`);
      if (made !== "") await this.made.docker("rm", "--force", "--volumes", this.container);
    } finally {
      if (!this.wanted.beside) await this.made[Symbol.asyncDispose]();
    }
  }

  /** Waits until everything that is started at boot has started. */
  private async systemd(): Promise<void> {
    const script =
      "until [ -S /run/dbus/system_bus_socket ]; do sleep 0.1; done; systemctl is-system-running --wait";
    const state = (await this.ask("timeout", "60", "sh", "-c", script)).stdout.trim();
    if (state === "degraded") throw new Error(await this.run("systemctl", "--failed", "--no-pager"));
    if (state !== "running") throw new Error(await this.log());
  }

  /** Why the container did not come to its systemd. */
  private async log(): Promise<string> {
    const log = start(["sh", "-c", `docker logs ${this.container} 2>&1`], { cwd: "/", env: process.env });
    return `the hypervisor does not boot: ${(await log.ended).stdout}`;
  }

  /** Words after `docker` that run a program in the container, in the homelab's root. */
  private words(user: string, env: Readonly<Record<string, string>>): string[] {
    const given = {
      HOME: user === "root" ? "/root" : `/home/${user}`,
      LANG: "C.UTF-8",
      // Others cannot write to root's, and have their own at home.
      ...(user === "root" && {
        HOMELAB_STATE_DIR: this.wanted.beside ? join(this.dir, "state") : this.made.state,
      }),
      HOMELAB_NOTIFY: "never",
      ...env,
    };
    const settings = Object.entries(given).map(([name, value]) => `--env=${name}=${value}`);
    return ["exec", `--user=${user}`, `--workdir=${this.made.root}`, ...settings, this.container];
  }

  private entry(name: string) {
    const entry = this.vms.get(name);
    if (!entry) throw new Error(`the hypervisor has no MicroVM ${name}`);
    return entry;
  }

  private nix(name: string): string {
    const { number, settings } = this.entry(name);
    const all = { address: `10.${number}.0.2`, gateway: `10.${number}.0.1`, ...settings };
    const lines = Object.entries(all).map(([key, value]) => `  ${key} = ${JSON.stringify(value)};\n`);
    return `{\n${lines.join("")}}\n`;
  }
}
