import { describe, expect, test } from "bun:test";
import { type ParseError, parseError } from "../../../../src/nix/lint/parse-error.ts";
import { text } from "../captures.ts";

/** What `nix-instantiate --parse` of Nix 2.26.3 wrote for each of a few files in /t. */
const sections = new Map(
  text("parse-errors.txt")
    .split(/^== /m)
    .slice(1)
    .map((section) => {
      const [file = "", ...lines] = section.split("\n");
      return [file, lines.join("\n")] as const;
    }),
);

test.each<[file: string, line: number, column: number, what: string]>([
  ["a.nix", 2, 5, "syntax error, unexpected '=', expecting ';'"],
  ["bad.nix", 1, 3, "syntax error, unexpected invalid token, expecting INHERIT"],
  ["comment.nix", 1, 7, "syntax error, unexpected '/'"],
  ["crlf.nix", 2, 7, "syntax error, unexpected '}'"],
  ["dup.nix", 2, 3, "attribute 'a' already defined at /t/dup.nix:1:3"],
  ["dupf.nix", 1, 6, "duplicate formal function argument 'x'"],
  ["dyn.nix", 1, 21, "dynamic attributes not allowed in inherit"],
  ["empty.nix", 1, 1, "syntax error, unexpected end of file"],
  ["eof.nix", 2, 1, "syntax error, unexpected end of file, expecting INHERIT"],
  ["extra.nix", 1, 12, "syntax error, unexpected '}', expecting end of file"],
  ["int.nix", 1, 7, "invalid integer '99999999999999999999'"],
  ["nest.nix", 2, 3, "attribute 'a.b.c' already defined at /t/nest.nix:1:3"],
  ["slash.nix", 1, 13, "path has a trailing slash"],
  ["str.nix", 3, 1, "syntax error, unexpected end of file, expecting '\"'"],
  ["tab.nix", 2, 11, "syntax error, unexpected ';'"],
  ["umlaut.nix", 1, 19, "syntax error, unexpected '}', expecting ';'"],
  ["undef.nix", 1, 7, "undefined variable 'foo'"],
  ["d/näh.nix", 1, 9, "syntax error, unexpected '}', expecting ';'"],
  ["d/with space.nix", 1, 9, "syntax error, unexpected '}', expecting ';'"],
])("what Nix says of %s", (name, line, column, what) => {
  const file = `/t/${name}`;
  expect(parseError(sections.get(name) ?? "", ["/t/other.nix", file])).toEqual({
    file,
    line,
    column,
    text: what,
  });
});

test("a file that is right has no error", () => {
  expect(parseError(sections.get("good.nix") ?? "", ["/t/good.nix"])).toBeUndefined();
});

describe("forms of other versions", () => {
  const at = (line: number, column: number, what: string): ParseError => ({
    file: "/x/y.nix",
    line,
    column,
    text: what,
  });
  test.each<[what: string, stderr: string, want: ParseError | undefined]>([
    [
      "one line",
      "error: syntax error, unexpected '}', expecting ';', at /x/y.nix:3:5\n",
      at(3, 5, "syntax error, unexpected '}', expecting ';'"),
    ],
    [
      "one line without a comma",
      "error: undefined variable 'foo' at /x/y.nix:1:7",
      at(1, 7, "undefined variable 'foo'"),
    ],
    [
      "one line with two places",
      "error: attribute 'a' at /x/y.nix:2:3 already defined at /x/y.nix:1:3",
      at(2, 3, "attribute 'a' already defined at /x/y.nix:1:3"),
    ],
    [
      "empty lines around the place",
      "error: syntax error, unexpected '}'\n\n       at /x/y.nix:3:1:\n\n            2|   a = 1\n            3| }\n             | ^\n            4|\n",
      at(3, 1, "syntax error, unexpected '}'"),
    ],
    [
      "colours",
      "\x1b[31;1merror:\x1b[0m syntax error, unexpected '}'\n       at \x1b[35;1m/x/y.nix:3:1\x1b[0m:\n            3| }\n             | \x1b[31;1m^\x1b[0m\n",
      at(3, 1, "syntax error, unexpected '}'"),
    ],
    [
      "no place",
      "error: path '/x/y.nix' does not exist",
      { file: "/x/y.nix", text: "path '/x/y.nix' does not exist" },
    ],
    [
      "a file that cannot be opened",
      "error: opening file '/x/y.nix': Permission denied",
      { file: "/x/y.nix", text: "opening file '/x/y.nix': Permission denied" },
    ],
    ["another file", "error: syntax error, at /nix/z.nix:3:5", undefined],
    ["the store", "error: opening lock file '/nix/var/nix/db/big-lock': Permission denied", undefined],
    ["no Nix", "env: 'nix-instantiate': No such file or directory", undefined],
    ["a warning", "warning: unknown setting 'a'", undefined],
  ])("%s", (_, stderr, want) => {
    expect(parseError(stderr, ["/x/y.nix"])).toEqual(want);
  });
});
