import type { Package } from "./lock.ts";

export interface Contents {
  readonly manifest: {
    readonly name: string;
    readonly version: string;
    readonly description: string;
    readonly license: string;
  };
  /** By key of bun.lock. */
  readonly packages: ReadonlyMap<string, Package>;
  /** Licence of each package by its key, and of each runtime by its name, as SPDX writes it. */
  readonly licenses: ReadonlyMap<string, string>;
  readonly runtimes: readonly Package[];
}

/**
 * What the program is made of, as CycloneDX 1.6 writes it. Without the time and without a number of its own, so that
 * the same sources give the same bytes.
 */
export function billOfMaterials({ manifest, packages, licenses, runtimes }: Contents) {
  const own = `pkg:npm/${manifest.name}@${manifest.version}`;
  const all = [...packages].map(([key, each]) => component(each, "library", licenses.get(key)));
  const edges = [...packages.values()].map((each) => ({
    ref: reference(each),
    dependsOn: each.needs
      .map((key) => packages.get(key))
      .filter((one) => one !== undefined)
      .map(reference),
  }));
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": own,
        name: manifest.name,
        version: manifest.version,
        description: manifest.description,
        licenses: [{ license: { id: manifest.license } }],
      },
    },
    components: [...all, ...runtimes.map((each) => component(each, "platform", licenses.get(each.name)))],
    dependencies: [
      { ref: own, dependsOn: [...packages.values(), ...runtimes].map(reference) },
      ...edges,
      ...runtimes.map((each) => ({ ref: reference(each), dependsOn: [] })),
    ],
  };
}

/** Package URL: the at sign of a scope is escaped. */
const reference = ({ name, version }: Package): string => `pkg:npm/${name.replace(/^@/, "%40")}@${version}`;

function component(each: Package, type: "library" | "platform", license: string | undefined) {
  const [algorithm, hash = ""] = each.integrity.split(/-(.*)/s);
  return {
    type,
    "bom-ref": reference(each),
    name: each.name,
    version: each.version,
    purl: reference(each),
    hashes: [{ alg: `SHA-${algorithm?.slice(3)}`, content: Buffer.from(hash, "base64").toString("hex") }],
    ...(license && { licenses: [{ license: { id: license } }] }),
  };
}
