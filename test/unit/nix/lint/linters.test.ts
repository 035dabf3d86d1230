import { describe, expect, test } from "bun:test";
import { deadnixRemarks, documents, statixRemarks } from "../../../../src/nix/lint/linters.ts";

const span = (line: number, column: number) => ({ from: { line, column }, to: { line, column: column + 4 } });

/** As statix writes it: a document over several lines for each file. */
const STATIX = [
  {
    file: "/r/a.nix",
    report: [
      {
        note: "This expression is equivalent to comparison with true",
        code: 1,
        severity: "Warn",
        diagnostics: [
          {
            at: span(3, 5),
            message: "Comparing `x` with boolean literal `true`",
            suggestion: { at: span(3, 5), fix: "x" },
          },
          { at: span(9, 1), message: "Another.", suggestion: null },
        ],
      },
      {
        note: "Syntax error",
        code: 0,
        severity: "Error",
        diagnostics: [{ at: span(1, 1), message: "Unexpected", suggestion: null }],
      },
    ],
  },
  { file: "/r/b.nix", report: [] },
]
  .map((each) => `${JSON.stringify(each, null, 2)}\n`)
  .join("");

/** As deadnix does: one in a line. */
const DEADNIX = `{"file":"/r/a.nix","results":[{"column":3,"endColumn":9,"line":5,"message":"Unused let binding: unused"},{"column":1,"endColumn":2,"line":7,"message":"Unused lambda argument: x"}]}
{"file":"/r/b.nix","results":[{"column":2,"endColumn":3,"line":1,"message":"Unused let binding: y"}]}
`;

test("what statix found", () => {
  expect(statixRemarks(STATIX)).toEqual([
    {
      file: "/r/a.nix",
      line: 3,
      column: 5,
      rule: "statix-w01",
      text: "comparing `x` with boolean literal `true`",
    },
    { file: "/r/a.nix", line: 9, column: 1, rule: "statix-w01", text: "another" },
  ]);
});

test("what deadnix found", () => {
  expect(deadnixRemarks(DEADNIX)).toEqual([
    { file: "/r/a.nix", line: 5, column: 3, rule: "deadnix", text: "unused let binding: unused" },
    { file: "/r/a.nix", line: 7, column: 1, rule: "deadnix", text: "unused lambda argument: x" },
    { file: "/r/b.nix", line: 1, column: 2, rule: "deadnix", text: "unused let binding: y" },
  ]);
});

describe("documents one after the other", () => {
  test.each<[what: string, output: string, want: unknown]>([
    ["none", "", []],
    ["one in a line", '{"a":1}\n', [{ a: 1 }]],
    ["an empty one", "{}\n", [{}]],
    ["one over lines", '{\n  "a": {\n    "b": 1\n  }\n}\n', [{ a: { b: 1 } }]],
    ["two", '{"a":1}\n\n{\n  "b": 2\n}\n', [{ a: 1 }, { b: 2 }]],
    ["what is none", "error: no such option\n", undefined],
    ["one that is cut off", '{"a":1}\n{\n  "b": 2\n', undefined],
    ["one that is broken", "{nonsense}\n", undefined],
    ["a list", "[1]\n", undefined],
  ])("%s", (_, output, want) => {
    expect(documents(output)).toEqual(want as never);
  });
});

test.each<[what: string, output: string]>([
  [
    "without a file",
    '{"report":[{"code":1,"diagnostics":[{"at":{"from":{"line":1,"column":1}},"message":"x"}]}]}',
  ],
  ["without a place", '{"file":"/a","report":[{"code":1,"diagnostics":[{"at":{},"message":"x"}]}]}'],
  [
    "without a text",
    '{"file":"/a","report":[{"code":1,"diagnostics":[{"at":{"from":{"line":1,"column":1}}}]}]}',
  ],
  ["with nothing", '{"file":"/a"}'],
])("a remark %s is none", (_, output) => {
  expect(statixRemarks(`${output}\n`)).toEqual([]);
});
