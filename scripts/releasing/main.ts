/** Writes the files of a release into a directory. Called by scripts/release. */
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { platformOf } from "./header.ts";
import {
  type Package,
  PLATFORMS,
  type Platform,
  packageAt,
  parseLock,
  productPackages,
  tarballPath,
} from "./lock.ts";
import { type Notice, noticesText } from "./notices.ts";
import { billOfMaterials } from "./sbom.ts";
import { fetchTarballs } from "./tarballs.ts";

const [out = "", revision = "", cache = "", ...asked] = process.argv.slice(2);
const root = resolve(import.meta.dir, "../..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const lock = parseLock(readFileSync(join(root, "bun.lock"), "utf8"));
const platforms = asked.length > 0 ? asked.map(known) : (Object.keys(PLATFORMS) as Platform[]);

function known(name: string): Platform {
  if (Object.hasOwn(PLATFORMS, name)) return name as Platform;
  throw new Error(`there is no platform \`${name}\`; they are ${Object.keys(PLATFORMS).join(", ")}`);
}

/** Runs a program, and gives what it printed. */
function run(argv: readonly string[], options: { cwd: string }): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...argv], { ...options, stdin: "ignore" });
  if (exitCode !== 0) throw new Error(`\`${argv.join(" ")}\` ended with ${exitCode}: ${stderr}${stdout}`);
  return stdout.toString();
}

/** The program for a platform, on top of the runtime from its tarball. */
function compile(platform: Platform, runtime: Package): string {
  const work = join(out, `.${platform}`);
  const program = join(work, "homelab");
  mkdirSync(work, { recursive: true });
  run(["tar", "-xzf", join(cache, tarballPath(runtime)), "package/bin/bun", "package/package.json"], {
    cwd: work,
  });
  const words = [program, revision, PLATFORMS[platform].target, join(work, "package/bin/bun")];
  run([join(root, "scripts/compile"), ...words], { cwd: root });
  chmodSync(program, 0o755);
  const first = Buffer.alloc(64);
  const fd = openSync(program, "r");
  readSync(fd, first);
  closeSync(fd);
  if (platformOf(first) !== platform) throw new Error(`${program} is no program for ${platform}`);
  return program;
}

/** What can run here has to: its version is what the release says. */
function tryOut(program: string, platform: Platform): void {
  if (platform !== `${process.platform === "darwin" ? "macos" : process.platform}-${process.arch}`) return;
  const said = run([program, "--version"], { cwd: out }).trim();
  const expected = `homelab ${manifest.version} (${revision})`;
  if (said !== expected) throw new Error(`the program says \`${said}\`, not \`${expected}\``);
}

/** An archive whose bytes depend on nothing but what is in it. */
function archive(platform: Platform, parts: readonly Notice[]): string {
  writeFileSync(join(out, `.${platform}`, "NOTICES"), noticesText(parts));
  const name = `homelab-${manifest.version}-${platform}.tar.gz`;
  const plain = [
    "--sort=name",
    "--mtime=@0",
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    "--mode=u=rwX,go=rX",
    "--format=ustar",
  ];
  const files = ["-C", join(out, `.${platform}`), "homelab", "NOTICES", "-C", root, "LICENSE"];
  const tar = Bun.spawnSync(["tar", ...plain, "-cf", "-", ...files], { stdin: "ignore" });
  if (tar.exitCode !== 0) throw new Error(`tar failed: ${tar.stderr}`);
  writeFileSync(join(out, name), Bun.gzipSync(new Uint8Array(tar.stdout), { level: 6 }));
  return name;
}

const sha256 = (path: string): string =>
  new Bun.CryptoHasher("sha256").update(readFileSync(path)).digest("hex");

/** What a package says that its licence is. */
const licenseIn = (dir: string): string =>
  JSON.parse(readFileSync(join(dir, "package.json"), "utf8")).license;

/** The text of a package's licence. */
function licenseText(dir: string): string | undefined {
  const file = readdirSync(dir).find((name) => /^licen[cs]e(?:\.\w+)?$/i.test(name));
  return file && readFileSync(join(dir, file), "utf8");
}

const packages = productPackages(lock);
const licenses = new Map<string, string>();
const notices: Notice[] = [];
for (const [key, { name, version }] of packages) {
  const place = join(root, "node_modules", key.replaceAll(/(?<!@[^/]*)\//g, "/node_modules/"));
  const license = licenseIn(place);
  licenses.set(key, license);
  notices.push({ name, version, license, text: licenseText(place) });
}

const runtimes = new Map(platforms.map((each) => [each, packageAt(lock, PLATFORMS[each].runtime)]));
fetchTarballs(cache, [...runtimes.values()]);
const names: string[] = [];
for (const [platform, runtime] of runtimes) {
  const program = compile(platform, runtime);
  tryOut(program, platform);
  const license = licenseIn(join(out, `.${platform}`, "package"));
  licenses.set(runtime.name, license);
  names.push(archive(platform, [...notices, { ...runtime, license }]));
  rmSync(join(out, `.${platform}`), { recursive: true });
  console.error(names.at(-1));
}
const bill = billOfMaterials({ manifest, packages, licenses, runtimes: [...runtimes.values()] });
names.push(`homelab-${manifest.version}.cdx.json`);
writeFileSync(join(out, names.at(-1) ?? ""), `${JSON.stringify(bill, null, 2)}\n`);
writeFileSync(join(out, "SHA256SUMS"), names.map((name) => `${sha256(join(out, name))}  ${name}\n`).join(""));
