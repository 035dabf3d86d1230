/** A package of the registry, as bun.lock names it. */
export interface Package {
  readonly name: string;
  readonly version: string;
  /** Subresource integrity of its tarball. */
  readonly integrity: string;
  /** Keys of the packages that it depends on. */
  readonly needs: readonly string[];
}

/** Of a file in bun.lock's format, what is used here. */
interface Lock {
  readonly workspaces: { readonly "": { readonly dependencies?: Readonly<Record<string, string>> } };
  readonly packages: Readonly<Record<string, readonly [spec: string, ...unknown[]]>>;
}

/** The platforms that a release is for, each with the package of its runtime and Bun's name for it. */
export const PLATFORMS = {
  "linux-x64": { runtime: "@oven/bun-linux-x64", target: "bun-linux-x64" },
  "linux-arm64": { runtime: "@oven/bun-linux-aarch64", target: "bun-linux-arm64" },
  "macos-x64": { runtime: "@oven/bun-darwin-x64", target: "bun-darwin-x64" },
  "macos-arm64": { runtime: "@oven/bun-darwin-aarch64", target: "bun-darwin-arm64" },
} as const;
export type Platform = keyof typeof PLATFORMS;

/** Reads bun.lock: JSON with commas behind last entries. */
export const parseLock = (text: string): Lock => Bun.JSONC.parse(text) as Lock;

/** The package at a key, such as `yaml` or, where there are two of them, `cliui/string-width`. */
export function packageAt(lock: Lock, key: string): Package {
  const entry = lock.packages[key];
  const [, name, version] = /^(.+)@([^@]+)$/.exec(entry?.[0] ?? "") ?? [];
  const integrity = entry?.at(-1);
  if (name === undefined || version === undefined || typeof integrity !== "string" || entry?.length !== 4) {
    throw new Error(`bun.lock: \`${key}\` is not there, or not from a registry`);
  }
  const { dependencies = {} } = entry[2] as { dependencies?: Record<string, string> };
  const needs = Object.keys(dependencies).map((wanted) => find(lock, key, wanted));
  return { name, version, integrity, needs };
}

/** As Node finds it: beside the package that wants it, else further up. */
function find(lock: Lock, from: string, wanted: string): string {
  for (let place = from; place !== ""; place = place.slice(0, Math.max(place.lastIndexOf("/"), 0))) {
    if (lock.packages[`${place}/${wanted}`]) return `${place}/${wanted}`;
  }
  return wanted;
}

/** All that the program is compiled from, by key, in the order of keys. */
export function productPackages(lock: Lock): Map<string, Package> {
  const found = new Map<string, Package>();
  const waiting = Object.keys(lock.workspaces[""].dependencies ?? {});
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    if (found.has(key)) continue;
    const each = packageAt(lock, key);
    found.set(key, each);
    waiting.push(...each.needs);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Where a registry has the tarball of a package, below its own address. */
export const tarballPath = ({ name, version }: Pick<Package, "name" | "version">): string =>
  `${name}/-/${name.split("/").at(-1)}-${version}.tgz`;
