import { expect, test } from "bun:test";
import type { Finding } from "../../../src/nix/finding.ts";
import { countText, findingDocument, renderFinding } from "../../../src/report/findings.ts";
import { style } from "../../../src/report/style.ts";

const finding = (more: Partial<Finding> = {}): Finding => ({
  level: "error",
  rule: "run-as-root",
  text: "the service runs as root",
  ...more,
});
const at = { file: "a.nix", line: 7, column: 5 };
const plain = style(false);

test.each<[what: string, finding: Finding, line: string | undefined, want: string]>([
  [
    "with its line",
    finding({ at, hint: "give it a user" }),
    '    User = "root";',
    'error: a.nix:7:5: the service runs as root (run-as-root)\n   7 |     User = "root";\n     |     ^^^^\n  hint: give it a user\n',
  ],
  [
    "a line that is not to be shown",
    finding({ at }),
    undefined,
    "error: a.nix:7:5: the service runs as root (run-as-root)\n",
  ],
  [
    "at the end of a line",
    finding({ at }),
    "{ a",
    "error: a.nix:7:5: the service runs as root (run-as-root)\n   7 | { a\n     |    ^\n",
  ],
  [
    "without a column",
    finding({ at: { file: "a.nix" } }),
    "x",
    "error: a.nix: the service runs as root (run-as-root)\n",
  ],
  [
    "without a place",
    finding({ level: "warning" }),
    "x",
    "warning: the service runs as root (run-as-root)\n",
  ],
  [
    "with what would drive a terminal",
    finding({ text: "a\x1b[2J", at: { file: "b\n" } }),
    undefined,
    "error: b\\n: a\\x1b[2J (run-as-root)\n",
  ],
])("a finding %s", (_, given, line, want) => {
  expect(renderFinding(given, () => line, plain)).toBe(want);
});

test.each<[levels: string, want: string]>([
  ["", "nothing found"],
  ["error", "1 error"],
  ["warning warning", "2 warnings"],
  ["warning error error", "2 errors, 1 warning"],
])("the count of %s", (levels, want) => {
  const all = levels.split(" ").filter(Boolean) as Finding["level"][];
  expect(countText(all.map((level) => finding({ level })))).toBe(want);
});

test("a finding in a document has everything, or null", () => {
  expect(findingDocument(finding({ at }))).toEqual({
    level: "error",
    rule: "run-as-root",
    text: "the service runs as root",
    hint: null,
    file: "a.nix",
    line: 7,
    column: 5,
  });
  expect(findingDocument(finding())).toMatchObject({ file: null, line: null, column: null });
});
