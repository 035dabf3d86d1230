import { afterAll, beforeAll, expect, test } from "bun:test";
import manifest from "../../package.json";
import { type NixHost, nixHost } from "../helpers/nix-host.ts";
import { BINARY } from "../helpers/paths.ts";

let nix: NixHost;
beforeAll(async () => {
  nix = await nixHost();
}, 120_000);
afterAll(() => nix?.[Symbol.asyncDispose]());

const WEB = "services: { web: { image: 'homelab-lab/base:1', network_mode: none } }";

/** What stands before expressions: the flake, and the packages that it was made with. */
const given = () =>
  `let flake = builtins.getFlake "${nix.flake}"; pkgs = flake.inputs.nixpkgs.legacyPackages.x86_64-linux; in`;
const evaluate = (expression: string) =>
  nix.host.ask("nix", "eval", "--impure", "--expr", `${given()} ${expression}`);

/** Builds the package, changed, whatever comes of it. */
const buildWith = (change: string) =>
  nix.host.ask(
    ...["nix", "build", "--no-link", "--print-build-logs", "--impure", "--expr"],
    `${given()} flake.packages.x86_64-linux.homelab.overrideAttrs (_: ${change})`,
  );

test("builds are in a sandbox: no network, and none of the machine's own files", async () => {
  const look =
    "{ sed -n 's/^ *\\([a-z0-9]*\\):.*/\\1/p' /proc/net/dev; ls -d /root /home; } >$out 2>&1 || true";
  const words = ["--no-link", "--print-out-paths", "--impure", "--expr"];
  const out = await nix.host.run(
    "nix",
    "build",
    ...words,
    `${given()} pkgs.runCommand "look" {} ${JSON.stringify(look)}`,
  );
  expect(await nix.host.run("cat", out.trim())).toMatch(/^lo\nls: .*\/root.*\nls: .*\/home.*\n$/);
});

test("the flake checks, for every system", async () => {
  await nix.host.run("nix", "flake", "check", "--print-build-logs", nix.flake);
  await nix.host.run("nix", "flake", "check", "--no-build", "--all-systems", nix.flake);
  const shown = JSON.parse(await nix.host.run("nix", "flake", "show", "--json", "--all-systems", nix.flake));
  expect(Object.keys(shown).sort()).toEqual([
    ...["apps", "checks", "devShells", "formatter", "nixosModules", "overlays", "packages"],
  ]);
  expect(Object.keys(shown.packages).sort()).toEqual([
    ...["aarch64-darwin", "aarch64-linux", "x86_64-darwin", "x86_64-linux"],
  ]);
  const { stdout } = await evaluate(
    "(flake.overlays.default pkgs {}).homelab.outPath == flake.packages.x86_64-linux.default.outPath",
  );
  expect(stdout).toBe("true\n");
});

test("a build is the same when it is made again, has what belongs to it, and needs its libc alone", async () => {
  const build = ["nix", "build", "--no-link", "--print-out-paths", nix.flake];
  const out = (await nix.host.run(...build)).trim();
  await nix.host.run("nix", "build", "--no-link", "--rebuild", nix.flake);
  await nix.host.run("cp", "-r", "/root/homelab", "/root/elsewhere");
  expect(
    (
      await nix.host.run("nix", "build", "--no-link", "--print-out-paths", "git+file:///root/elsewhere")
    ).trim(),
  ).toBe(out);

  const program = `${out}/bin/homelab`;
  expect(await nix.host.run(program, "--version")).toBe(`homelab ${manifest.version} (${nix.revision})\n`);
  const share = `${out}/share`;
  for (const [file, ...words] of [
    [`${share}/bash-completion/completions/homelab`, "completions", "bash"],
    [`${share}/zsh/site-functions/_homelab`, "completions", "zsh"],
    [`${share}/fish/vendor_completions.d/homelab.fish`, "completions", "fish"],
    [`${share}/man/man1/homelab.1`, "man"],
  ] as const) {
    expect(await nix.host.run("cat", file)).toBe(await nix.host.run(program, ...words));
  }
  const needed = (await nix.host.run("nix-store", "--query", "--references", out)).trim();
  expect(needed).toMatch(/^\/nix\/store\/[a-z0-9]{32}-glibc$/);
});

test("it starts where the dynamic loader of other systems is not, as on NixOS", async () => {
  const out = (await nix.host.run("nix", "build", "--no-link", "--print-out-paths", nix.flake)).trim();
  const hide = 'mount -t tmpfs none /usr/lib64 && exec "$@"';
  const without = (program: string) =>
    nix.host.ask("unshare", "--mount", "sh", "-c", hide, "sh", program, "--version");
  expect(await without(`${out}/bin/homelab`)).toMatchObject({ code: 0 });
  expect(await without(BINARY)).toMatchObject({ code: 127, stderr: `sh: 1: exec: ${BINARY}: not found\n` });
});

test.each([
  ["stripped", "{ dontStrip = null; }", /it was stripped or patched/],
  ["given another interpreter", wrongly("--set-interpreter /lib64/ld-linux-x86-64.so.2"), /it was patched/],
  ["given a run path", wrongly("--set-rpath /usr/lib"), /it was patched/],
])("a program that was %s does not pass the package's own check", async (_, change, said) => {
  const { code, stderr } = await buildWith(change);
  expect(stderr).toMatch(said);
  expect(code).not.toBe(0);
});

function wrongly(words: string): string {
  return `{ postFixup = "patchelf ${words} $out/bin/homelab"; }`;
}

test("it is installed into a profile, and brings a service up; `nix run` runs it", async () => {
  await nix.host.run("nix", "profile", "install", nix.flake);
  const lab = nix.host.lab.with({ binary: "/root/.nix-profile/bin/homelab" });
  lab.write({ "services/web/compose.yml": WEB });
  const { code, stderr } = await lab.run("ensure", "web", "--yes");
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(await lab.statuses()).toEqual({ "services/web:web": "running" });

  const run = await nix.host.run(
    "nix",
    "run",
    nix.flake,
    "--",
    "--root",
    lab.root,
    "status",
    "web",
    "--json",
  );
  expect(JSON.parse(run).recipes).toMatchObject([{ id: "web", state: "ready" }]);
});
