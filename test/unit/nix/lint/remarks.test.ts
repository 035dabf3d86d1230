import { expect, test } from "bun:test";
import { remarkFindings } from "../../../../src/nix/lint/remarks.ts";

const source = (path: string, text: string) => [path, { name: path.slice(3), path, text }] as const;
const remark = { line: 1, column: 1, rule: "deadnix", text: "unused" };

test("remarks are told by the name of their file, unless a comment allows them", () => {
  const byPath = new Map([
    source("/r/a.nix", 's = "ü"; x\n'),
    source("/r/b.nix", "# homelab: allow deadnix: kept for later\nx"),
  ]);
  const remarks = [
    { ...remark, file: "/r/a.nix", column: 11 },
    { ...remark, file: "/r/b.nix", line: 2 },
    { ...remark, file: "/r/unknown.nix" },
  ];
  expect(remarkFindings(remarks, byPath)).toEqual([
    { level: "warning", rule: "deadnix", text: "unused", at: { file: "a.nix", line: 1, column: 10 } },
  ]);
});

test("a large file is read once, however many remarks there are", () => {
  const byPath = new Map([source("/r/a.nix", '  a = [ "b" ./c (d.e or 1) ];\n'.repeat(20_000))]);
  const remarks = Array.from({ length: 1000 }, (_, at) => ({ ...remark, file: "/r/a.nix", line: at + 1 }));
  const began = performance.now();
  expect(remarkFindings(remarks, byPath)).toHaveLength(1000);
  expect(performance.now() - began).toBeLessThan(2000);
});
