import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { packageAt, parseLock, productPackages, tarballPath } from "../../scripts/releasing/lock.ts";
import { fetchTarballs } from "../../scripts/releasing/tarballs.ts";
import { copyCheckout } from "./checkout.ts";
import { homelab } from "./homelab.ts";
import { type Hypervisor, hypervisor } from "./hypervisor.ts";
import { CHECKOUT } from "./paths.ts";

/** What is fetched once for all test runs. */
const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "homelab-lab/npm");
/** The mirror of npm in test/fixtures/nixpkgs/packages.nix. */
const MIRROR_PORT = 8473;

/** A sandbox, and none of it given up; nothing from anywhere but what the builds ask for by hash. */
const NIX_CONF = `build-users-group =
sandbox = true
sandbox-fallback = false
extra-sandbox-paths = /usr /lib=/usr/lib /lib64=/usr/lib64
substituters =
experimental-features = nix-command flakes
fsync-metadata = false
flake-registry =
warn-dirty = false
`;

export interface NixHost extends AsyncDisposable {
  readonly host: Hypervisor;
  /** Address of the program's flake on it: a clean repository, locked to the stub of nixpkgs. */
  readonly flake: string;
  /** Short revision of that repository. */
  readonly revision: string;
}

/** A machine with the real Nix, a sandbox, Docker, the program's flake, and npm's tarballs on a mirror. */
export async function nixHost(): Promise<NixHost> {
  const lab = await homelab({});
  const host = await hypervisor({ beside: lab, docker: true, name: "nix" });
  const dispose = async () => {
    await host[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  };
  try {
    mirror(join(lab.top, "npm"));
    await host.write("/etc/nix/nix.conf", NIX_CONF);
    await host.run("sh", "-c", OPEN_PROC);
    // As everywhere but in containers: else no unit sees its credentials.
    await host.run("mount", "--make-rshared", "/");
    await host.run("busybox", "httpd", "-p", `127.0.0.1:${MIRROR_PORT}`, "-h", join(lab.top, "npm"));
    const source = join(lab.top, "source");
    copyCheckout(source);
    const stub = join(CHECKOUT, "test/fixtures/nixpkgs");
    await host.run("cp", "-r", source, "/root/homelab");
    cpSync(stub, join(lab.top, "nixpkgs"), { recursive: true });
    // Locked as a user's flake would be; with an override on each command, Nix would take the flake for changed.
    await host.run(
      "nix",
      "flake",
      "lock",
      "/root/homelab",
      "--override-input",
      "nixpkgs",
      `path:${lab.top}/nixpkgs`,
    );
    await host.run("git", "-C", "/root/homelab", "commit", "--quiet", "--all", "--message=Lock the stub");
    const revision = (await host.run("git", "-C", "/root/homelab", "rev-parse", "--short=7", "HEAD")).trim();
    return { host, revision, flake: "git+file:///root/homelab", [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Docker covers parts of /proc; under a cover, the kernel lets no sandbox have a /proc of its own. */
const OPEN_PROC =
  'for place in $(grep -o " /proc/[^ ]* " /proc/self/mountinfo | sort -u); do umount --lazy "$place"; done';

/** The tarballs that the package is made from, laid out as npm's registry has them. */
function mirror(dir: string): void {
  const lock = parseLock(readFileSync(join(CHECKOUT, "bun.lock"), "utf8"));
  const wanted = [...productPackages(lock).values(), packageAt(lock, "@oven/bun-linux-x64")];
  fetchTarballs(CACHE, wanted);
  for (const each of wanted) {
    const path = join(dir, tarballPath(each));
    mkdirSync(join(path, ".."), { recursive: true });
    cpSync(join(CACHE, tarballPath(each)), path);
  }
}
