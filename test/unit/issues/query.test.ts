import { describe, expect, test } from "bun:test";
import { newPackages, packageName, packagesOf } from "../../../src/issues/package.ts";
import { packQueries } from "../../../src/issues/query.ts";

const packages = (...names: string[]) => names.map((name) => ({ name, versions: ["1"], inUnit: false }));

describe("queries", () => {
  test("none for nothing", () => {
    expect(packQueries([], undefined)).toEqual([]);
  });

  test("six names without a date, five with one: no more than five operators", () => {
    const all = packages("a", "b", "c", "d", "e", "f", "g");
    expect(packQueries(all, undefined).map(({ text }) => text)).toEqual([
      'repo:NixOS/nixpkgs is:issue is:open in:title ("a" OR "b" OR "c" OR "d" OR "e" OR "f")',
      'repo:NixOS/nixpkgs is:issue is:open in:title ("g")',
    ]);
    expect(packQueries(all, "2026-11-01").map(({ text }) => text)).toEqual([
      'repo:NixOS/nixpkgs is:issue (is:open OR closed:>=2026-11-01) in:title ("a" OR "b" OR "c" OR "d" OR "e")',
      'repo:NixOS/nixpkgs is:issue (is:open OR closed:>=2026-11-01) in:title ("f" OR "g")',
    ]);
  });

  test("no query is longer than GitHub takes, none has too many operators, and every name is asked for once", () => {
    for (const length of [1, 10, 40, 41, 60, 120, 170]) {
      const all = packages(...Array.from({ length: 23 }, (_, at) => `${at}-`.padEnd(length, "x")));
      for (const since of [undefined, "2026-11-01"]) {
        const queries = packQueries(all, since);
        for (const { text } of queries) {
          expect(text.length).toBeLessThanOrEqual(256);
          expect(text.match(/ (?:OR|AND|NOT) /g)?.length ?? 0).toBeLessThanOrEqual(5);
        }
        expect(queries.flatMap((each) => each.packages)).toEqual(all);
      }
    }
  });
});

test.each([
  ["firefox-121.0", "firefox"],
  ["python3.12-requests-2.32.3", "python3.12-requests"],
  ["unit-web.service", "unit-web.service"],
  ["gtk4-4.14.1-dev", "gtk4"],
])("%s is of the package %s", (name, want) => {
  expect(packageName(name)).toBe(want);
});

test("packages of paths of the store", () => {
  const hash = "0".repeat(32);
  expect([...packagesOf([`/nix/store/${hash}-nginx-1.28.0`, `/nix/store/${hash}-nginx.conf`])]).toEqual([
    "nginx",
    "nginx.conf",
  ]);
});

test("what comes in a new version, what runs in units first; what has none is nobody's package", () => {
  const change = (name: string, before: string[], after: string[]) => ({ name, before, after, bytes: 0 });
  const changes = [
    change("zlib", ["1.3"], ["1.3.1"]),
    change("nginx", ["1.27"], ["1.28"]),
    change("openssl", [], ["3.5"]),
    change("openssl", ["3.4"], ["3.5", "3.6"]),
    change("gone", ["1"], []),
    change("etc", [""], [""]),
    change("source", [], ["ab12"]),
    change("nixos-system-web", ["1"], ["2"]),
  ];
  expect(newPackages(changes, new Set(["nginx"]), new Set(["nixos-system-web"]))).toEqual([
    { name: "nginx", versions: ["1.28"], inUnit: true },
    { name: "openssl", versions: ["3.5", "3.6"], inUnit: false },
    { name: "zlib", versions: ["1.3.1"], inUnit: false },
  ]);
});
