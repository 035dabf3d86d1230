import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import manifest from "../../package.json";
import { copyCheckout } from "../helpers/checkout.ts";
import { homelab } from "../helpers/homelab.ts";
import { hypervisor } from "../helpers/hypervisor.ts";
import { CHECKOUT } from "../helpers/paths.ts";
import { start } from "../helpers/spawn.ts";

const NAME = `homelab-${manifest.version}`;
let top: string;
let revision: string;
beforeAll(() => {
  top = mkdtempSync(join(tmpdir(), "homelab-release-"));
  revision = clone("first");
  clone("a second place");
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

function clone(name: string): string {
  const at = copyCheckout(join(top, name));
  symlinkSync(join(CHECKOUT, "node_modules"), join(top, name, "node_modules"));
  return at;
}

const release = (from: string, out: string, ...platforms: string[]) =>
  start([join(top, from, "scripts/release"), join(top, out), ...platforms], { cwd: top, env: process.env })
    .ended;

test("two builds of one commit are the same, byte for byte, wherever they are made", async () => {
  const [one, other] = [
    await release("first", "one"),
    await release("a second place", "the other", "linux-x64", "macos-arm64"),
  ];
  expect([one.code, other.code]).toEqual([0, 0]);
  const sums = readFileSync(join(top, "one/SHA256SUMS"), "utf8");
  const names = sums
    .trim()
    .split("\n")
    .map((line) => line.split("  ")[1]);
  expect(names).toEqual([
    ...["linux-x64", "linux-arm64", "macos-x64", "macos-arm64"].map((each) => `${NAME}-${each}.tar.gz`),
    `${NAME}.cdx.json`,
  ]);
  const again = readFileSync(join(top, "the other/SHA256SUMS"), "utf8").split("\n");
  for (const platform of ["linux-x64", "macos-arm64"]) {
    expect(sums).toContain(again.find((line) => line.endsWith(`${NAME}-${platform}.tar.gz`)) ?? "none");
  }
  const archive = join(top, `one/${NAME}-linux-arm64.tar.gz`);
  expect((await start(["tar", "-tzf", archive], { cwd: top, env: process.env }).ended).stdout).toBe(
    "homelab\nNOTICES\nLICENSE\n",
  );
  const bill = JSON.parse(readFileSync(join(top, `one/${NAME}.cdx.json`), "utf8"));
  expect(bill.components.map(({ name }: { name: string }) => name)).toEqual(
    expect.arrayContaining([
      ...Object.keys(manifest.dependencies),
      "@oven/bun-linux-x64",
      "@oven/bun-darwin-aarch64",
    ]),
  );
  expect(
    bill.components.every(({ licenses }: { licenses?: unknown[] }) => licenses?.length === 1),
  ).toBeTrue();
});

test("what is there is not written over, and a platform that is none is refused", async () => {
  mkdirSync(join(top, "full"));
  writeFileSync(join(top, "full/file"), "");
  const full = await release("first", "full", "linux-x64");
  expect(full).toMatchObject({ code: 1 });
  expect(full.stderr).toContain(`\`${top}/full\` is not empty`);
  const none = await release("first", "none", "amiga");
  expect(none.code).toBe(1);
  expect(none.stderr).toContain(
    "there is no platform `amiga`; they are linux-x64, linux-arm64, macos-x64, macos-arm64",
  );
});

test("the program runs without Bun, Node or Nix, from a path with spaces, for a user of the group docker", async () => {
  await using lab = await homelab({
    "services/web~/compose.yml": "services: { web: { image: 'homelab-lab/base:1', network_mode: none } }",
  });
  await using host = await hypervisor({ beside: lab, docker: true, name: "plain" });
  await host.run("sh", "-c", "rm -rf /nix /usr/bin/nix* /etc/nix");
  expect((await host.ask("sh", "-c", "command -v bun node npm nix")).stdout).toBe("");
  await host.run(
    "sh",
    "-euc",
    "groupadd -og $(stat -c %g /run/docker.sock) docker; usermod -aG docker admin",
  );
  const dir = "/home/admin/my programs";
  await host.run("install", "-d", "-o", "admin", dir);
  await host.run("chown", "-R", "admin:", lab.root);
  // By way of a directory that both see.
  await lab.tool("..", "tar", "-xzf", join(top, "one", `${NAME}-linux-x64.tar.gz`), "homelab");
  await host.run("mv", join(lab.top, "homelab"), dir);

  const admin = host.as("admin").with({ binary: `${dir}/homelab` });
  expect((await admin.run("--version")).stdout).toBe(`homelab ${manifest.version} (${revision})\n`);
  const { code, stderr } = await admin.run("ensure", "web~", "--yes");
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(await lab.statuses()).toEqual({ "services/web~:web": "running" });
  expect((await admin.run("completions", "bash")).code).toBe(0);
  expect(
    (
      await host
        .as("guest")
        .with({ binary: `${dir}/homelab` })
        .run("status")
    ).code,
  ).not.toBe(0);
});
