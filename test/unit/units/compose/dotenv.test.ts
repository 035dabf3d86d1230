import { expect, test } from "bun:test";
import {
  ambiguousLines,
  checkEnv,
  type EnvFacts,
  envKeys,
  isPlaceholder,
  missingLines,
} from "../../../../src/units/compose/dotenv.ts";

test("envKeys() knows names, lines and values, of a repeated key the last", () => {
  expect(envKeys("# c\nA=1\n\nexport B = 'two'\nA=3\nnot a line\nC=\n")).toEqual([
    { name: "A", line: 5, text: "A=3", value: "3" },
    { name: "B", line: 4, text: "export B = 'two'", value: "two" },
    { name: "C", line: 7, text: "C=", value: "" },
  ]);
});

test.each([
  ["your_api_key_here", true],
  ["secure_password_here", true],
  ["changeme", true],
  ["CHANGE_ME_please", true],
  ["<token>", true],
  ["xxxx", true],
  ["put-it-here", true],
  ["", false],
  ["8989", false],
  ["America/Los_Angeles", false],
  ["/mnt/vault/media/shows", false],
  ["hunter2", false],
  ["yourself", false],
])("isPlaceholder(%p) is %p", (value, want) => expect(isPlaceholder(value)).toBe(want));

const fine: EnvFacts = { example: "A=1\nB=your_b_here\n", actual: "A=2\nB=x\n", mode: 0o600, git: "ignored" };

test.each<[string, Partial<EnvFacts>, string[]]>([
  ["a complete file", {}, []],
  ["a service without template and file", { example: undefined, actual: undefined }, []],
  ["a file without template", { example: undefined }, []],
  ["no file", { actual: undefined }, ["missing-file: there is no `.env` beside `.env.example`"]],
  ["a missing key", { actual: "A=1\n" }, ["missing-key: `B` is missing"]],
  ["a missing key that may be missing", { actual: "A=1\n", optional: new Set(["B"]) }, []],
  ["a placeholder", { actual: "A=1\nB=your_b_here\n" }, ["placeholder at 2: `B` is still a placeholder"]],
  ["a file for everybody", { mode: 0o644 }, ["mode: others can read it (mode 644, should be 600)"]],
  ["a tracked file", { git: "tracked" }, ["tracked: git tracks it: it is in the repository"]],
  ["a file that git would add", { git: "open" }, ["not-ignored: git does not ignore it"]],
  ["no repository", { git: "none" }, []],
  ["an open quote", { actual: 'A=1\nB="x\n' }, ["syntax at 2: the quote of `B` is never closed"]],
  [
    "a line that is nothing",
    { actual: "A=1\nB='x\ny'\nexport X\n1-B.c: 2\n  # c\n\n= y\n" },
    [
      "syntax at 8: this is no `NAME=value`: compose refuses the file",
      "(extra-key at 5: `1-B.c` is not in `.env.example`)",
    ],
  ],
  ["a key of its own", { actual: "A=1\nB=2\nC=3\n" }, ["(extra-key at 3: `C` is not in `.env.example`)"]],
])("checkEnv() of %s", (_, facts, want) => {
  const shown = checkEnv({ ...fine, ...facts }).map(({ code, line, text, wrong }) => {
    const words = `${code}${line ? ` at ${line}` : ""}: ${text}`;
    return wrong ? words : `(${words})`;
  });
  expect(shown).toEqual(want);
});

test("a line of a value is no key, even when it looks like one", () => {
  const text = 'KEY="-----BEGIN\nMIIEabc= $ x\n-----END"\nOTHER=a b\n';
  expect(envKeys(text).map(({ name, line }) => `${name} ${line}`)).toEqual(["KEY 1", "OTHER 4"]);
  expect(ambiguousLines(text).map(({ name, line }) => `${name} ${line}`)).toEqual(["KEY 1", "OTHER 4"]);
});

test("white space of any length takes no time", () => {
  const begun = process.cpuUsage().user;
  for (const white of ["\n", "\u2028", " ", "\t"]) {
    const text = `A=1${white.repeat(50_000)}\nB=x${white.repeat(50_000)}y\n`;
    expect(envKeys(text).map(({ name }) => name)).toEqual(["A", "B"]);
    ambiguousLines(text);
  }
  expect(process.cpuUsage().user - begun).toBeLessThan(1_000_000);
});

test("missingLines() takes whole lines of the template", () => {
  expect(missingLines("# head\nA=1 # one\nB='b'\n", "A=9")).toEqual({
    text: "\n\n# Added from .env.example\nB='b'\n",
    names: ["B"],
  });
  expect(missingLines('A=1\nB="x\n# y\nC=2" # z\nD=3\n', "A=9\n").text).toBe(
    '\n# Added from .env.example\nB="x\n# y\nC=2" # z\nD=3\n',
  );
  expect(missingLines("A=1\n", "A=9\n")).toEqual({ text: "", names: [] });
});

test.each([
  ["A=plain", undefined],
  ["A=one # a comment", undefined],
  ["A='a$b # c'", undefined],
  ['A="a # b"', undefined],
  ["A=", undefined],
  ["A=abc#123", "some readers cut it at `#`: put the value into quotes"],
  ["A=pa$word", "`$` is replaced by some readers: put the value into single quotes"],
  ['A="x\\$y"', "`$` is replaced by some readers: put the value into single quotes"],
  ["A=a b", "it has spaces without quotes: put the value into quotes"],
])("ambiguousLines(%p)", (line, want) => {
  expect(ambiguousLines(`# head\n${line}\n`)).toEqual(
    want === undefined ? [] : [{ name: "A", line: 2, why: want }],
  );
});
