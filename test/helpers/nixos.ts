import { chmodSync, copyFileSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Homelab } from "./homelab.ts";
import { composePlugin } from "./paths.ts";

export interface Nixos {
  /** The same homelab on a machine that looks like NixOS. */
  readonly lab: Homelab;
  /** The words of each call of `nixos-rebuild` so far, with the user who made it. */
  calls(): Promise<string[]>;
  /** What `nixos-rebuild` does from now on: lines of shell. */
  does(script: string): void;
}

/**
 * Pretends NixOS at its edge: in a mount namespace /etc is a copy that says so (and /var/lib is empty), and on PATH is a `nixos-rebuild` that
 * writes down how it was called. `before` stands in front of the program, inside of the namespace: another user.
 */
export async function nixos(lab: Homelab, before: readonly string[] = []): Promise<Nixos> {
  await lab.tool(".", "mkdir", "-p", "../bin", "../var", "../home");
  await lab.tool(".", "cp", "-aT", "/etc", "../etc");
  await lab.tool(".", "sed", "-i", `s|^root:.*|root:x:0:0:root:${lab.top}/home:/bin/sh|`, "../etc/passwd");
  lab.write({ "../etc/NIXOS": "", "../calls": "" });
  chmodSync(lab.path("../calls"), 0o666);
  const does = (script: string) => {
    lab.write({
      "../bin/nixos-rebuild": `#!/bin/sh\necho "$(id -un): $*" >>'${lab.top}/calls'\n${script}\n`,
    });
    chmodSync(lab.path("../bin/nixos-rebuild"), 0o755);
  };
  does("exit 0");
  const inside = 'mount --bind "$0/etc" /etc && mount --bind "$0/var" /var/lib && exec "$@"';
  return {
    lab: lab.with({
      before: ["unshare", "--mount", "sh", "-c", inside, lab.top, ...before],
      env: { PATH: `${lab.top}/bin:${process.env.PATH}` },
    }),
    does,
    async calls() {
      const text = await Bun.file(`${lab.top}/calls`).text();
      return lab.shared(text).split("\n").filter(Boolean);
    },
  };
}

/**
 * Words in front of a program that run it as the user `games`, who may use Docker, and whose `sudo -n` asks nothing:
 * what it starts is root's, and cannot be ended by who called it.
 */
export function adminOf(lab: Homelab): string[] {
  lab.write({ "../bin/sudo": `#!/bin/sh\nshift\nexec '${lab.top}/bin/become' --reuid=0 "$@"\n` });
  copyFileSync("/usr/bin/setpriv", `${lab.top}/bin/become`);
  chmodSync(`${lab.top}/bin/become`, 0o4755);
  chmodSync(`${lab.top}/bin/sudo`, 0o755);
  const docker = statSync("/var/run/docker.sock").gid;
  return ["setpriv", "--reuid=games", "--regid=games", `--groups=${docker}`, "--"];
}

/** Settings of the docker command that every user can read: an environment. */
export function dockerForAll(lab: Homelab): { DOCKER_CONFIG: string } {
  const plugins = join(lab.top, "docker/cli-plugins");
  mkdirSync(plugins, { recursive: true });
  copyFileSync(composePlugin(), join(plugins, "docker-compose"));
  return { DOCKER_CONFIG: join(lab.top, "docker") };
}
