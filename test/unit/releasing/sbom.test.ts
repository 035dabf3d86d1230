import { expect, test } from "bun:test";
import { billOfMaterials } from "../../../scripts/releasing/sbom.ts";

const integrity = `sha512-${Buffer.from([1, 2, 255]).toString("base64")}`;
const bill = billOfMaterials({
  manifest: { name: "homelab", version: "1.2.3", description: "Runs a home server", license: "MIT" },
  packages: new Map([
    ["@scope/base", { name: "@scope/base", version: "2.0.0", integrity, needs: [] }],
    ["top", { name: "top", version: "1.0.0", integrity, needs: ["@scope/base"] }],
  ]),
  licenses: new Map([
    ["top", "ISC"],
    ["@oven/bun-linux-x64", "MIT"],
  ]),
  runtimes: [{ name: "@oven/bun-linux-x64", version: "1.4.5", integrity, needs: [] }],
});

test("it names the program, and all that is in it with hashes and licences", () => {
  expect(bill.metadata.component).toMatchObject({ name: "homelab", version: "1.2.3", type: "application" });
  expect(bill.components.map(({ type, purl, licenses }) => [type, purl, licenses?.[0]?.license.id])).toEqual([
    ["library", "pkg:npm/%40scope/base@2.0.0", undefined],
    ["library", "pkg:npm/top@1.0.0", "ISC"],
    ["platform", "pkg:npm/%40oven/bun-linux-x64@1.4.5", "MIT"],
  ]);
  expect(bill.components[0]?.hashes).toEqual([{ alg: "SHA-512", content: "0102ff" }]);
});

test("it says what is there because of what", () => {
  expect(bill.dependencies).toEqual([
    {
      ref: "pkg:npm/homelab@1.2.3",
      dependsOn: ["pkg:npm/%40scope/base@2.0.0", "pkg:npm/top@1.0.0", "pkg:npm/%40oven/bun-linux-x64@1.4.5"],
    },
    { ref: "pkg:npm/%40scope/base@2.0.0", dependsOn: [] },
    { ref: "pkg:npm/top@1.0.0", dependsOn: ["pkg:npm/%40scope/base@2.0.0"] },
    { ref: "pkg:npm/%40oven/bun-linux-x64@1.4.5", dependsOn: [] },
  ]);
});
