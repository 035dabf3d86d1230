import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { Hosts, service } from "../helpers/hosts.ts";

let hosts: Hosts;
beforeAll(async () => {
  hosts = await Hosts.boot(["web"]);
}, 120_000);
afterAll(async () => {
  await hosts[Symbol.asyncDispose]();
});
beforeEach(() => hosts.fresh());

const homelab = (...words: string[]) => hosts.laptop.homelab(...words);
const deploy = (...words: string[]) => homelab("host", "deploy", "web", ...words, "--yes");
const units = { "web.service": service("one") };
/** What `web` is to be next. */
const next = (change: Parameters<Hosts["configure"]>[1] = {}) =>
  hosts.configure("web", { version: "2", units, ...change });
/** Nothing here gets as far as a switch. */
const asBefore = { runs: "1", boots: "1", profile: "1" };
/** Lines of a diff that tell of more than packages and units. */
const told = async () => {
  const { stdout } = await homelab("host", "diff", "web");
  return stdout.split("\n").filter((line) => /warning|error/.test(line));
};

test("a full /boot is found before anything is done", async () => {
  const web = hosts.on("web");
  const mount = async (size: string) => {
    await web.run("mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", "/boot");
    await web.run("mkdir", "-p", "/boot/EFI/nixos");
  };
  await mount("64k");
  try {
    // With many generations, it has more to say than fits into the usual answer.
    await web.run(
      "sh",
      "-ec",
      "for each in $(seq 9001 9500); do ln -s $(readlink -f /run/current-system) /nix/var/nix/profiles/system-$each-link; done",
    );
    next({ kernel: "6.12.5" });
    const full =
      "/boot/EFI/nixos of web has 64.0 KiB left, and the kernel and initrd of the new system need 7 B";
    expect(await told()).toContain(`  error: ${full} (boot-full)`);
    const { code, stderr } = await deploy();
    expect([code, stderr]).toEqual([
      5,
      expect.stringContaining(
        `compare web: failed after <time>: ${full}\n  hint: remove old generations: \`homelab gc web\``,
      ),
    ]);
  } finally {
    await web.run("umount", "/boot");
    await web.run("sh", "-ec", "rm /nix/var/nix/profiles/system-9???-link");
  }
  expect(await hosts.versions("web")).toEqual(asBefore);
  await mount("4m");
  try {
    expect(await told()).not.toContain(expect.stringContaining("boot-full"));
  } finally {
    await web.run("umount", "/boot");
  }
});

test("a store without room for it is told before anything is copied", async () => {
  const web = hosts.on("web");
  const store = (options: string) =>
    web.run(
      "sh",
      "-ec",
      'cp -a /nix/store /tmp/store; mount -t tmpfs -o "$0" tmpfs /nix/store; cp -a /tmp/store/. /nix/store; rm -rf /tmp/store',
      options,
    );
  next({ size: 1000 * 1024 ** 2 });
  await store("size=320m");
  try {
    const { code, stderr } = await deploy();
    expect([code, stderr]).toEqual([
      5,
      expect.stringMatching(
        /^copy web: failed after <time>: the store of web has 3\d\d\.\d MiB left, and the system needs 1000\.0 MiB\n {2}hint: (?:collected garbage on web: .* freed|there was no garbage to collect on web); `sudo nix-collect-garbage/m,
      ),
    ]);
  } finally {
    await web.run("umount", "--lazy", "/nix/store");
  }
  next({ size: 300 * 1024 ** 2 });
  await store("size=320m");
  try {
    expect((await told()).at(-1)).toMatch(
      /^ {2}warning: the store of web has 3\d\d\.\d MiB left, and the system may need 300\.0 MiB \(store-small\)$/,
    );
  } finally {
    await web.run("umount", "--lazy", "/nix/store");
    // What was copied went with it.
    await web.run("nix-store", "--verify");
  }
  await store("nr_inodes=600");
  try {
    const { code, stderr } = await deploy();
    expect([code, stderr]).toEqual([5, expect.stringMatching(/web's store has room for \d+ more files/)]);
  } finally {
    await web.run("umount", "--lazy", "/nix/store");
  }
  expect(await hosts.versions("web")).toEqual(asBefore);
});
