import { expect, test } from "bun:test";
import { assignments, composeValue, readings } from "../../../../src/units/compose/envfile.ts";

test("assignments() takes values of several lines whole", () => {
  const text = `# A=0\nA=1 # one\n export B = "two\nC=no \\" end" # b\r\nnothing\nD: 'x\n\nE="open\nF=\nG='a\\'b\nc'`;
  expect(assignments(text)).toEqual([
    { name: "A", line: 2, text: "A=1 # one", written: "1 # one" },
    { name: "B", line: 3, text: ' export B = "two\nC=no \\" end" # b', written: '"two\nC=no \\" end" # b' },
    { name: "D", line: 6, text: "D: 'x\n\nE=\"open\nF=\nG='a\\'b", written: "'x\n\nE=\"open\nF=\nG='a\\'b" },
  ]);
  expect(assignments('A="open\nB=2\n').map(({ name, written }) => [name, written])).toEqual([
    ["A", '"open'],
    ["B", "2"],
  ]);
});

const set = { SET: "is-set", EMPTY: "" };
const lookup = (name: string) => (set as Record<string, string>)[name];

/** What compose 2.40 makes of them (`docker compose config`), and others. */
test.each([
  ["plain", ["plain"]],
  ["long#tail", ["long#tail", "long", "tail"]],
  ["two words # comment", ["two words", "two words # comment"]],
  ["a\t#c", ["a"]],
  ['"a\\$b"', ["a$b", "a\\$b", '"a\\$b"']],
  ['"a\\$b-${NO:-def}"', ["a$b-def", "def"]],
  ['"quo\\"te"', ['quo"te', 'quo\\"te']],
  ['"tab\\tx"', ["tab\tx", "tab\\tx", "tabtx"]],
  ['"x\\y\\\'z\\a"', ["x\\y\\'z\x07"]],
  ["'single\\'s'", ["single's"]],
  ["'single $SET'", ["single $SET"]],
  ['"q" trailing', ["q"]],
  ['abc"def"ghi', ['abc"def"ghi', "abcdefghi"]],
  ["base-${NO:-default-4}", ["base-default-4", "default-4"]],
  ["base-${SET:-default-4}", ["base-is-set", "default-4"]],
  ["${SET:+other}${EMPTY-x}", ["other"]],
  ["pa$$word", ["pa$word", "pa$$word"]],
  ["pa$word", ["pa", "word"]],
  ["pa$SET", ["pais-set"]],
  ["a$$b\\n", ["a$b\\n"]],
  ['"a\nb # c"', ["a\nb # c"]],
  ["'it'\"'\"'s' x", ["it's"]],
  ["it\\'s", ["it's"]],
  ["`back tick`", ["`back tick`", "back tick"]],
])("readings(%j) has %j", (written, want) => {
  expect([...readings(written, [lookup])]).toEqual(expect.arrayContaining(want));
});

/** As `docker compose config` of 2.40 shows them, its `$$` for a dollar sign aside. */
test.each([
  ["plain", "plain"],
  ["", ""],
  ["# comment", ""],
  ["a#b #c", "a#b"],
  ["a\t#c", "a"],
  ["two words # comment", "two words"],
  ['"q" trailing', "q"],
  ['abc"def"ghi', 'abc"def"ghi'],
  ["abc\\ndef", "abc\\ndef"],
  ["a\\$b", "a\\"],
  ["pa$$word", "pa$word"],
  ["'single $SET'", "single $SET"],
  ["'single\\'s'", "single's"],
  ['"dollar\\$ign ${SET}"', "dollar$ign is-set"],
  ['"${NONE:-a\\"b}"', 'a"b'],
  ['"x\\ny\\rz\\\\w\\u0041"', "x\ny\rz\\w\\u0041"],
  ['"a\\`b\\\'c\\"d\\\\e\\$f\\g"', "a\\`b\\'c\"d\\e$f\\g"],
  ["'\\a\\n\\\\ \\\" \\$ x'", '\\a\\n\\\\ \\" \\$ x'],
  ['"a\\$${SET}"', "a$is-set"],
  ['${NONE:-x"y z"}', 'x"y z"'],
])("composeValue(%j) is %j", (written, want) => expect(composeValue(written, lookup)).toBe(want));

test("readings() of what everybody reads in one way is one", () => {
  for (const value of ["plain", "two words", "8989", "https://x.example/a?b=c"])
    expect([...readings(value, [lookup])]).toEqual([value]);
});
