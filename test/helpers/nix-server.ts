import type { Homelab } from "./homelab.ts";
import { type NixHost, nixHost } from "./nix-host.ts";

/** A server whose homelab repository has a NixOS configuration with the module, and an upstream. */
export interface NixServer extends AsyncDisposable {
  readonly nix: NixHost;
  /** The homelab, its program the one that Nix built. */
  readonly lab: Homelab;
  /** Commits files to the upstream, as an admin does on his own machine. */
  push(files: Readonly<Record<string, string>>): Promise<void>;
  /** Pulls, makes the system with these settings of services.homelab, and switches to it as NixOS does. */
  become(user: string, settings: string): Promise<void>;
  /** Settings of a unit as `Name=value`, sorted. */
  show(unit: string, ...names: string[]): Promise<string[]>;
  /** What was posted to http://127.0.0.1:8901/ so far. */
  inbox(): Promise<string>;
  /** Where a program that runs as a unit does can write, and what else it can do. */
  reach(unit: string): Promise<string[]>;
}

/** Boots it. `files` are those of the repository; the first user is root. */
export async function nixServer(files: Readonly<Record<string, string>>): Promise<NixServer> {
  const nix = await nixHost();
  const { host } = nix;
  try {
    const built = await host.run("nix", "build", "--no-link", "--print-out-paths", nix.flake);
    const lab = host.lab.with({ binary: `${built.trim()}/bin/homelab` });
    const [upstream, work] = [`${lab.top}/upstream.git`, `${lab.top}/work`];
    let owner = "root";
    lab.write({ "flake.nix": FLAKE, "nixos/configuration.nix": "{}", ".gitignore": ".homelab*\n", ...files });
    await host.run("sh", "-euc", REPOSITORY, "sh", lab.root, upstream, work);
    // The group that the machine's socket belongs to.
    await host.run("sh", "-c", "groupadd --non-unique --gid $(stat -c %g /run/docker.sock) docker");
    await host.write("/root/answer", ANSWER);
    await host.run(
      "systemd-run",
      "--quiet",
      "socat",
      "TCP-LISTEN:8901,fork,reuseaddr",
      "SYSTEM:sh /root/answer",
    );

    const push: NixServer["push"] = async (changed) => {
      lab.write(Object.fromEntries(Object.entries(changed).map(([path, text]) => [`../work/${path}`, text])));
      const words =
        "cd $1; git add --all; git commit --quiet --allow-empty --message=Change; git push --quiet";
      await host.run("sh", "-euc", words, "sh", work);
      await host.run("chown", "-R", `${owner}:`, upstream);
    };
    const become: NixServer["become"] = async (user, settings) => {
      await push({ "nixos/configuration.nix": configuration(lab.root, user, settings) });
      await host.run("git", "-C", lab.root, "pull", "--quiet");
      const system = `git+file://${work}#nixosConfigurations.server.config.system.build.toplevel`;
      const out = await host.run("nix", "build", "--no-link", "--print-out-paths", system);
      await host.run("sh", "-euc", SWITCH, "sh", out.trim());
      owner = user;
      await host.run("chown", "-R", `${owner}:`, lab.root, upstream);
    };
    const show: NixServer["show"] = async (unit, ...names) =>
      (await host.run("systemctl", "show", `--property=${names.join(",")}`, unit)).trim().split("\n").sort();
    const reach: NixServer["reach"] = async (unit) => {
      const other = (await host.run("systemctl", "cat", unit))
        .replace(/^ExecStart=.*$/m, "ExecStart=/bin/sh /run/probe.sh")
        .replace(/^RemainAfterExit=.*$/m, "");
      await host.write("/etc/systemd/system/probe.service", other);
      await host.write("/run/probe.sh", PROBE.replaceAll("ROOT", lab.root));
      await host.run("rm", "-f", "/tmp/probed");
      await host.run("systemctl", "daemon-reload");
      await host.run("systemctl", "start", "probe");
      return lab
        .shared(await host.run("cat", "/tmp/probed"))
        .trim()
        .split("\n");
    };
    const inbox = () => host.run("cat", "/root/inbox");
    return {
      nix,
      lab,
      push,
      become,
      show,
      reach,
      inbox,
      [Symbol.asyncDispose]: () => nix[Symbol.asyncDispose](),
    };
  } catch (error) {
    await nix[Symbol.asyncDispose]();
    throw error;
  }
}

const FLAKE = `{
  inputs.homelab.url = "git+file:///root/homelab";
  inputs.nixpkgs.follows = "homelab/nixpkgs";
  outputs = {nixpkgs, homelab, ...}: {
    nixosConfigurations.server = nixpkgs.lib.nixosSystem {
      system = "x86_64-linux";
      modules = [homelab.nixosModules.default ./nixos/configuration.nix];
    };
  };
}`;

const configuration = (root: string, user: string, settings: string) => `{
  virtualisation.docker.enable = true;
  services.homelab = {
    enable = true;
    root = "${root}";
    user = "${user}";
    ${settings}
  };
  # Not up to a minute later, as timers may be.
  systemd.timers.homelab-deploy-nightly.timerConfig.AccuracySec = "100ms";
}`;

/** Makes a directory a repository with an upstream, and a second clone of that. */
const REPOSITORY = `
git -C "$1" init --quiet
git -C "$1" add --all
nix flake lock "git+file://$1"
git -C "$1" add --all
git -C "$1" commit --quiet --message=Begin
git clone --quiet --bare "$1" "$2"
git -C "$1" remote add origin "$2"
git -C "$1" fetch --quiet origin
git -C "$1" branch --quiet --set-upstream-to=origin/main
git clone --quiet "$2" "$3"`;

/** What a switch does with the units, users and directories of a system. */
const SWITCH = `
systemctl stop 'homelab-*'
install -m 644 -t /etc/systemd/system "$1"/etc/systemd/system/*
systemd-sysusers "$1/etc/sysusers.d/users.conf"
install -m 644 "$1/etc/tmpfiles.d/rules.conf" /etc/tmpfiles.d/homelab.conf
systemd-tmpfiles --create /etc/tmpfiles.d/homelab.conf
systemctl daemon-reload
systemctl enable --quiet homelab-boot.timer
systemctl enable --quiet --now homelab-deploy-nightly.timer`;

/** Takes what is posted, and answers that it is well. */
const ANSWER = `while read -r line; do
  echo "$line" >>/root/inbox
  case $line in [Cc]ontent-[Ll]ength:*) length=$(echo "$line" | tr -dc 0-9) ;; "$(printf '\\r')") break ;; esac
done
head -c "$length" >>/root/inbox
printf 'HTTP/1.1 204 No Content\\r\\nConnection: close\\r\\n\\r\\n'
`;

const PROBE = `exec >/tmp/probed
echo "user $(id -un), groups $(id -Gn)"
for dir in ROOT /var/lib/homelab /var/cache/homelab /tmp /var/lib/services /etc /usr /nix /boot /root /home/admin; do
  if mkdir "$dir/probe" 2>/dev/null; then rmdir "$dir/probe"; echo "writes to $dir"; fi
done
if mount -t tmpfs none /mnt 2>/dev/null; then echo mounts; fi
if docker version >/dev/null 2>&1; then echo talks to docker; fi
`;
