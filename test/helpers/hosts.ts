import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./eventually.ts";
import { type Homelab, homelab } from "./homelab.ts";
import { type Hypervisor, hypervisor } from "./hypervisor.ts";
import { CHECKOUT, HOST_NETWORK } from "./paths.ts";

/** What hosts/NAME.nix says of a host; see test/fixtures/nixos/system.nix. */
export interface System {
  readonly version?: string;
  readonly kernel?: string;
  readonly units?: Readonly<Record<string, string>>;
  readonly activate?: string;
  readonly ssh?: boolean;
  readonly size?: number;
  readonly files?: Readonly<Record<string, string>>;
}

/** What a host runs and boots, by the version of each. */
export interface Versions {
  readonly runs: string;
  readonly boots: string;
  readonly profile: string;
}

/** A service that runs on and on; `more`: lines of its section, without which an audit warns of it. */
export const service = (text: string, more = "User=nobody\n"): string =>
  `[Service]\n${more}ExecStart=/bin/sh -c 'echo ${text}; exec sleep infinity'\n`;
/** One whose start fails. */
export const FAILING = "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo no port; exit 3'\n";

/** A host as if nothing but the system `$0` had ever been on it. */
const FRESH = `rm -f /run/slow-boot /run/full-boot
cd /nix/var/nix/profiles && rm -f system system-*-link
nix-env -p "$PWD/system" --set "$0"
systemctl reset-failed
"$0/bin/switch-to-configuration" switch
ln -sfn "$0" /run/booted-system
`;

/** A host that runs, boots and goes back to one version. */
export const all = (version: number): Versions => ({
  runs: `${version}`,
  boots: `${version}`,
  profile: `${version}`,
});
/** Paths of the store without their hashes. */
export const nameless = (text: string): string => text.replace(/\/nix\/store\/[0-9a-z]{32}-/g, "");

/** A machine that deploys, with Nix, and hosts that it deploys to over ssh. */
export class Hosts implements AsyncDisposable {
  private constructor(
    private readonly made: Homelab,
    /** Where `homelab` runs. */
    readonly laptop: Hypervisor,
    private readonly targets: ReadonlyMap<string, Hypervisor>,
  ) {}

  static async boot(names: readonly string[]): Promise<Hosts> {
    const made = await homelab({});
    cpSync(join(CHECKOUT, "test/fixtures/nixos"), made.root, { recursive: true });
    const laptop = await hypervisor({ beside: made, name: "laptop" });
    const targets = new Map<string, Hypervisor>();
    for (const name of names) targets.set(name, await hypervisor({ beside: made, name }));
    const hosts = new Hosts(made, laptop, targets);
    await hosts.fresh();
    return hosts;
  }

  /**
   * Puts all hosts to version 1, their first generation, with `web.service` and nothing else, whatever a test before
   * this one left: recipes and configurations are as after the boot, too.
   */
  async fresh(): Promise<void> {
    for (const name of [".git", "hosts"])
      rmSync(join(this.made.root, name), { recursive: true, force: true });
    await this.settings({});
    const names = [...this.targets.keys()];
    for (const name of names) this.configure(name, { units: { "web.service": service("one") } });
    await Promise.all(
      names.map(async (name) => {
        await this.idle(name);
        await this.on(name).run("sh", "-ec", FRESH, await this.build(name));
      }),
    );
  }

  /** What runs on a host counts as what was booted. */
  rebooted(name: string): Promise<string> {
    return this.on(name).run("sh", "-c", 'ln -sfn "$(readlink -f /run/current-system)" /run/booted-system');
  }

  /** What becomes of a host's next version, which is 2 after `fresh`, with another `web.service`. */
  next(name: string, change: System = {}): void {
    this.configure(name, { version: "2", units: { "web.service": service("two") }, ...change });
  }

  /** Writes the recipes; `more`: settings of a host besides how it is reached, `user`: who logs in. */
  async settings(more: Readonly<Record<string, string>>, user = "root"): Promise<void> {
    const lines = [...this.targets].map(([name, { ssh }]) => {
      const own = more[name] === undefined ? "" : `, ${more[name]}`;
      return `  ${name}: { address: ${ssh.address}, user: ${user}, identity: ${ssh.key}${own} }`;
    });
    this.made.write({ "homelab.yml": `hosts:\n${lines.join("\n")}\n` });
    const known = [...this.targets.values()].map(({ ssh }) => `${ssh.knownHosts}\n`).join("");
    await this.laptop.write("/root/.ssh/known_hosts", known);
  }

  get root(): string {
    return this.made.root;
  }

  on(name: string): Hypervisor {
    const host = name === "laptop" ? this.laptop : this.targets.get(name);
    if (!host) throw new Error(`there is no host ${name}`);
    return host;
  }

  /** The homelab on this machine, which has no Nix. */
  get here(): Homelab {
    const known = [...this.targets.values()].map(({ ssh }) => `${ssh.knownHosts}\n`).join("");
    const config = join(this.made.top, "ssh_config");
    writeFileSync(join(this.made.top, "known_hosts"), known);
    writeFileSync(config, `Host *\n  UserKnownHostsFile ${join(this.made.top, "known_hosts")}\n`);
    return this.made.with({ env: { HOMELAB_SSH_CONFIG: config } });
  }

  /** Writes what a host is to be. */
  configure(name: string, { activate, units = {}, files = {}, ...simple }: System): void {
    const lines = Object.entries(simple).map(([key, value]) => `  ${key} = ${JSON.stringify(value)};`);
    const texts = Object.entries(units).map(([unit, text]) => `  units."${unit}" = ''\n${text}'';`);
    const others = Object.entries(files).map(
      ([path, text]) => `  files."${path}" = ${JSON.stringify(text)};`,
    );
    const script = activate === undefined ? [] : [`  activate = ''\n${activate}\n'';`];
    this.made.write({
      [`hosts/${name}.nix`]: `{\n${[...lines, ...texts, ...others, ...script].join("\n")}\n}\n`,
    });
  }

  /** Path of its system, built on it. */
  async build(name: string): Promise<string> {
    const attribute = `path:${this.made.root}#nixosConfigurations.${name}.config.system.build.toplevel`;
    return (await this.on(name).run("nix", "build", "--no-link", "--print-out-paths", attribute)).trim();
  }

  async versions(name: string): Promise<Versions> {
    const links = ["/run/current-system", "/boot/default", "/nix/var/nix/profiles/system"];
    const paths = links.map((link) => `${link}/nixos-version`);
    const [runs = "", boots = "", profile = ""] = await Promise.all(
      paths.map((path) => this.on(name).run("cat", path)),
    );
    return { runs, boots, profile };
  }

  /** Whether nothing that switches a host is left on it. */
  async idle(name: string): Promise<void> {
    await eventually(`no switch goes on on ${name}`, async () => {
      const units = await this.on(name).run(
        "systemctl",
        "list-units",
        "--plain",
        "--no-legend",
        "homelab-switch-*",
      );
      return units.trim() === "";
    });
  }

  /** Waits until a supervisor on a host is at something. */
  async at(name: string, state: string): Promise<void> {
    await eventually(`${name} is ${state}`, async () => {
      const { stdout } = await this.on(name).ask("sh", "-c", "cat /run/homelab/deploy/*/state");
      return stdout.split("\n").some((line) => new RegExp(`^(?:${state}) `).test(line));
    });
  }

  /** The same as `settings`, but hosts are reached by names, as their addresses change when they boot again. */
  async byName(): Promise<void> {
    const all = [...this.targets].map(([name, { ssh }]) => ({ name, at: `${name}.lab`, ssh }));
    const lines = all.map(
      ({ name, at, ssh }) => `  ${name}: { address: ${at}, user: root, identity: ${ssh.key} }`,
    );
    this.made.write({ "homelab.yml": `hosts:\n${lines.join("\n")}\n` });
    const known = all.map(({ at, ssh }) => ssh.knownHosts.replace(/^\S+/, at));
    await this.laptop.write("/root/.ssh/known_hosts", `${known.join("\n")}\n`);
    const addresses = all.map(({ at, ssh }) => `${ssh.address} ${at}`);
    // It is mounted: it cannot be replaced by another file.
    await this.laptop.run(
      "sh",
      "-c",
      'printf "%s\\n" "$@" >/etc/hosts',
      "sh",
      "127.0.0.1 localhost",
      ...addresses,
    );
  }

  /** Boots a host once more that is reached by its name. */
  async reboot(name: string, how: "clean" | "power"): Promise<void> {
    await this.on(name).reboot(how);
    await this.byName();
  }

  /** Puts its store on a small file system of its own. */
  async smallStore(name: string): Promise<void> {
    const script = `systemctl stop nix-daemon.socket nix-daemon.service || :
mkdir -p /mnt/nix && mount -t tmpfs -o size=400m,nr_inodes=100k,mode=755 tmpfs /mnt/nix
cp -a /nix/. /mnt/nix && mount --move /mnt/nix /nix`;
    await this.on(name).run("sh", "-ec", script);
  }

  /** Leaves so much room in a small store: KiB, or files and directories. */
  async leaveRoom(name: string, what: "size" | "inodes", left: number): Promise<void> {
    const script = `used=$(df "$1" /nix | tail -n 1 | tr -s ' ' | cut -d ' ' -f 3)
mount -o "remount,nr_inodes=100k,size=400m" /nix; mount -o "remount,$2=$((used + $0))$3" /nix`;
    const words = what === "size" ? ["-Pk", "size", "k"] : ["-Pi", "nr_inodes", ""];
    await this.on(name).run("sh", "-ec", script, String(left), ...words);
  }

  /** Puts into its store what nothing needs: so many files of so many bytes. */
  async litter(name: string, files: number, bytes: number): Promise<void> {
    const script = `mount -o remount,nr_inodes=100k,size=400m /nix; dir=$(mktemp -d)
for i in $(seq "$0"); do head -c "$1" /dev/urandom >"$dir/$i"; done
nix-store --add "$dir" && rm -r "$dir"`;
    await this.on(name).run("sh", "-ec", script, String(files), String(bytes));
  }

  network(verb: "connect" | "disconnect"): Promise<string> {
    return this.made.docker("network", verb, HOST_NETWORK, this.laptop.container);
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.made.root, path), text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      for (const host of [this.laptop, ...this.targets.values()]) await host[Symbol.asyncDispose]();
    } finally {
      await this.made[Symbol.asyncDispose]();
    }
  }
}
