import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Package, tarballPath } from "./lock.ts";

/**
 * Puts tarballs of packages into a directory that is laid out like a registry. npm fetches them, from where it is
 * configured to; each is compared with bun.lock. What is there already is not fetched again.
 */
export function fetchTarballs(dir: string, packages: readonly Package[]): void {
  const missing = packages.filter((each) => !isWhole(join(dir, tarballPath(each)), each));
  if (missing.length === 0) return;
  mkdirSync(dir, { recursive: true });
  const work = mkdtempSync(join(dir, ".fetching-"));
  try {
    const specs = missing.map(({ name, version }) => `${name}@${version}`);
    const names = pack(work, specs);
    for (const each of missing) {
      const file = names.get(`${each.name}@${each.version}`);
      if (!file || !isWhole(join(work, file), each)) {
        throw new Error(`the tarball of ${each.name}@${each.version} is not the one that bun.lock names`);
      }
      mkdirSync(dirname(join(dir, tarballPath(each))), { recursive: true });
      renameSync(join(work, file), join(dir, tarballPath(each)));
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** `npm pack`: gives the names of the files by what they were asked for. */
function pack(work: string, specs: readonly string[]): Map<string, string> {
  const words = ["pack", "--json", "--ignore-scripts", "--prefer-offline", `--pack-destination=${work}`];
  const { exitCode, stdout, stderr } = Bun.spawnSync(["npm", ...words, ...specs], {
    stdin: "ignore",
    timeout: 300_000,
  });
  if (exitCode !== 0) throw new Error(`npm could not fetch ${specs.join(", ")}: ${stderr}`);
  const packed = JSON.parse(stdout.toString()) as { id: string; filename: string }[];
  return new Map(packed.map(({ id, filename }) => [id, filename.replace(/^@/, "").replace("/", "-")]));
}

function isWhole(path: string, { integrity }: Package): boolean {
  if (!existsSync(path)) return false;
  const [algorithm, hash] = integrity.split(/-(.*)/s);
  return new Bun.CryptoHasher(algorithm as "sha512").update(readFileSync(path)).digest("base64") === hash;
}
