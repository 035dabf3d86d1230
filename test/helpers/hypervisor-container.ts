import { existsSync } from "node:fs";
import { join } from "node:path";
import { BINARY, CHECKOUT, composePlugin, HOST_IMAGE, HOST_NETWORK } from "./paths.ts";

/** Throws, naming the command that provides it, when something that a hypervisor needs is missing. */
export function needHost(): void {
  if (!existsSync("/dev/net/tun")) throw new Error("/dev/net/tun is missing: run `modprobe tun`");
  for (const words of [
    ["image", "inspect", HOST_IMAGE],
    ["network", "inspect", HOST_NETWORK],
  ]) {
    const { exitCode, stderr } = Bun.spawnSync(["docker", ...words], { stdio: ["ignore", "ignore", "pipe"] });
    if (exitCode !== 0) throw new Error(`${stderr.toString().trim()}: run \`scripts/lab host\``);
  }
}

/** Words of `docker run` for a container in which systemd can be the first process and guests have TAP interfaces. */
export function containerWords(
  container: string,
  top: string,
  { name = "hypervisor", docker = false }: { readonly name?: string; readonly docker?: boolean },
): string[] {
  const words = [
    `--name=${container}`,
    `--hostname=${name}`,
    "--label=homelab-lab=hypervisor",
    `--network=${HOST_NETWORK}`,
    "--cgroupns=private",
    "--cap-add=SYS_ADMIN",
    "--cap-add=NET_ADMIN",
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
    "--device=/dev/net/tun",
    "--sysctl=net.ipv4.ip_forward=1",
    "--tmpfs=/run:exec",
    "--tmpfs=/run/lock",
    "--tmpfs=/tmp:exec",
    `--volume=${join(CHECKOUT, "test/fixtures/hypervisor")}:/lab:ro`,
    `--volume=${BINARY}:${BINARY}:ro`,
    `--volume=${top}:${top}`,
  ];
  return docker ? [...words, ...dockerWords()] : words;
}

/** The machine's Docker: its socket, and its own client, which fits it. */
function dockerWords(): string[] {
  const socket = process.env.DOCKER_HOST?.replace(/^unix:\/\//, "") ?? "/var/run/docker.sock";
  return [
    `--volume=${socket}:/var/run/docker.sock`,
    `--volume=${Bun.which("docker")}:/usr/bin/docker:ro`,
    `--volume=${composePlugin()}:/usr/libexec/docker/cli-plugins/docker-compose:ro`,
  ];
}
