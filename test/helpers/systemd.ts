import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { eventually } from "./eventually.ts";
import type { Homelab } from "./homelab.ts";
import { BINARY, IMAGE } from "./paths.ts";
import { start } from "./spawn.ts";

/**
 * The machine once more, in a container: what is written to it lies in memory, only the homelab's own directory is
 * the same, and a systemd of its own is process 1.
 */
const BOOT = `set -e
for each in /sys/fs/cgroup /sys/fs/cgroup/*/; do mount -o remount,rw "$each" 2>/dev/null || true; done
mkdir /machine && mount -t tmpfs tmpfs /machine && cd /machine && mkdir up work root
mount -t overlay overlay -o lowerdir=/lower,upperdir=/machine/up,workdir=/machine/work root
cd root
for place in proc sys dev; do mount --rbind "/$place" "$place"; done
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
for place in "$1" "$2"; do mkdir -p ".$place" && mount --bind "$place" ".$place"; done
exec env -i container=docker PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . /lib/systemd/systemd --unit=timers.target`;

/** Boots a real systemd beside the homelab. `lab` runs its commands there, `systemctl` asks it. Goes with the homelab. */
export async function bootSystemd(made: Homelab) {
  if (!existsSync("/lib/systemd/systemd")) throw new Error("systemd is missing: `apt-get install systemd`");
  const name = made.own("systemd~");
  mkdirSync(made.root, { recursive: true });
  // The labels let it be found and removed like everything else of the homelab.
  const labels = ["project", "project.working_dir"].map(
    (each) => `--label=com.docker.compose.${each}=${name}`,
  );
  const free = [
    "--cap-add=SYS_ADMIN",
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
  ];
  // Of a checkout below /tmp, the program would be hidden by the machine's own /tmp.
  const program = dirname(BINARY);
  const volumes = ["/:/lower:ro", `${made.top}:${made.top}`, `${program}:${program}:ro`];
  const places = [...volumes.map((volume) => `--volume=${volume}`), "--network=none"];
  const words = ["run", "--detach", `--name=${name}`, "--cgroupns=private", ...free, ...places, ...labels];
  await made.docker(...words, IMAGE, "sh", "-c", BOOT, "sh", made.top, program);
  const inside = ["docker", "exec", name, "chroot", "/machine/root"];
  const systemctl = async (...asked: string[]): Promise<string> => {
    const options = { cwd: "/", env: { PATH: process.env.PATH, DOCKER_HOST: process.env.DOCKER_HOST } };
    return (await start([...inside, "systemctl", "--no-pager", ...asked], options).ended).stdout.trim();
  };
  await eventually(
    "systemd has started",
    async () => (await systemctl("is-active", "timers.target")) === "active",
  );
  return { lab: made.with({ before: [...inside, "/usr/bin/env", `--chdir=${made.root}`] }), systemctl };
}
