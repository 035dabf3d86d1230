import { expect, test } from "bun:test";
import { Lines, tokenize } from "../../../../src/nix/lint/tokens.ts";

/** Tokens as `kind:text`; operators by their text alone, strings with what they mean. */
const shown = (text: string) =>
  tokenize(text)
    .tokens.map(({ kind, text: own }) => (kind === "op" ? own : `${kind}:${JSON.stringify(own)}`))
    .join(" ");

test.each<[what: string, nix: string, want: string]>([
  ["names and operators", "a.b-c' == _x", 'id:"a" . id:"b-c\'" == id:"_x"'],
  ["a set", "{ a = 1; }", '{ id:"a" = number:"1" ; }'],
  ["numbers", "1 1.5 .5 2e3 1.", 'number:"1" number:"1.5" number:".5" number:"2e3" number:"1."'],
  [
    "operators of two",
    "a // b ++ c -> d && e || !f <= g",
    'id:"a" // id:"b" ++ id:"c" -> id:"d" && id:"e" || ! id:"f" <= id:"g"',
  ],
  ["an update without space", "a//b", 'id:"a" // id:"b"'],
  ["dots", "{ a, ... }", '{ id:"a" , ... }'],
  ["a comment", "a # mkIf true\nb", 'id:"a" id:"b"'],
  ["a comment in a comment", "/* # */ a /* \n * */ b", 'id:"a" id:"b"'],
  ["a comment without end", "a /* b", 'id:"a"'],
  ["a sign of a comment in a string", '"# a" "/* b"', 'string:"# a" string:"/* b"'],
  ["an empty string", "\"\" ''''", 'string:"" string:""'],
  ["escapes", String.raw`"a\"b\n\${c}\\"`, String.raw`string:"a\"b\n${"$"}{c}\\"`],
  ["an expression", '"a${b}c"', 'begin:"\\"" part:"a" ${ id:"b" } part:"c" end:"\\""'],
  ["only an expression", '"${b}"', 'begin:"\\"" ${ id:"b" } end:"\\""'],
  [
    "a set in an expression",
    '"${f { a = "}"; }}" x',
    'begin:"\\"" ${ id:"f" { id:"a" = string:"}" ; } } end:"\\"" id:"x"',
  ],
  ["a string in a string", '"${"${a}"}"', 'begin:"\\"" ${ begin:"\\"" ${ id:"a" } end:"\\"" } end:"\\""'],
  ["two dollars", '"$${a}" "$$$${b}"', 'string:"$${a}" string:"$$$${b}"'],
  ["three dollars", '"$$${a}"', 'begin:"\\"" part:"$$" ${ id:"a" } end:"\\""'],
  ["a dollar at the end", '"a$" b', 'string:"a$" id:"b"'],
  ["an escaped dollar", String.raw`"\${a}$\{b}"`, 'string:"${a}${b}"'],
  ["an indented string", "''\n  mkIf true\n'' x", 'string:"\\n  mkIf true\\n" id:"x"'],
  ["its escapes", "'' ''' ''$ ''${a} ''\\n ''\\' '' x", `string:" '' $ \${a} \\n ' " id:"x"`],
  ["its expressions", "''a${b}''", `begin:"''" part:"a" \${ id:"b" } end:"''"`],
  ["single quotes in it", "''it's 'a' '' x", `string:"it's 'a' " id:"x"`],
  ["a quote before a dollar", "'''${a}'' x", `begin:"''" part:"'" \${ id:"a" } end:"''" id:"x"`],
  ["two dollars in it", "''$${a}'' x", 'string:"$${a}" id:"x"'],
  ["a dollar at its end", "''a$'' x", 'string:"a$" id:"x"'],
  ["strings in each other", "''${\"''\"}''", `begin:"''" \${ string:"''" } end:"''"`],
  [
    "paths",
    "./a ../b.nix /c/d ~/e f/g <nixpkgs> <a/b>",
    'path:"./a" path:"../b.nix" path:"/c/d" path:"~/e" path:"f/g" path:"<nixpkgs>" path:"<a/b>"',
  ],
  ["a path behind an attribute", "a /b", 'id:"a" path:"/b"'],
  ["what is divided", "a / b", 'id:"a" / id:"b"'],
  ["what is less", "a < b && c > d", 'id:"a" < id:"b" && id:"c" > id:"d"'],
  ["a path with an expression", "./a/${b}/c.nix d", 'path:"./a/" ${ id:"b" } path:"/c.nix" id:"d"'],
  ["a path that begins with one", "./${b}", 'path:"./" ${ id:"b" }'],
  ["a path that ends with one", "./a-${b};", 'path:"./a-" ${ id:"b" } ;'],
  ["two of them", "./${a}${b}-c", 'path:"./" ${ id:"a" } ${ id:"b" } path:"-c"'],
  ["an address", "https://a.b/c?d=e#f", 'uri:"https://a.b/c?d=e"'],
  ["an address without space", "x:x", 'uri:"x:x"'],
  ["a function", "x: x", 'id:"x" : id:"x"'],
  ["a default", "{ a ? { } }@args: a", '{ id:"a" ? { } } @ id:"args" : id:"a"'],
  ["a string without end", '"a', 'begin:"\\"" part:"a"'],
  ["brackets that nothing opened", "} ) ] a", '} ) ] id:"a"'],
  ["what is no Nix", "§ ü a", '§ ü id:"a"'],
  ["nothing", "", ""],
])("%s", (_, nix, want) => {
  expect(shown(nix)).toBe(want);
});

test("tokens know where they are", () => {
  const text = 'a = "ü${x}"; # c\n/* d */';
  const { tokens, comments } = tokenize(text);
  for (const { kind, at, end, text: own } of tokens)
    if (kind !== "string") expect(text.slice(at, end)).toBe(own);
  expect(comments.map(({ at, end }) => text.slice(at, end))).toEqual(["# c", "/* d */"]);
});

test.each<[offset: number, line: number, column: number]>([
  [0, 1, 1],
  [2, 1, 3],
  [3, 2, 1],
  [4, 3, 1],
  [6, 3, 3],
])("offset %d is line %d, column %d", (offset, line, column) => {
  expect(new Lines("ab\n\ncd").at(offset)).toEqual({ line, column });
});

test.each<[line: number, byte: number, column: number]>([
  [1, 1, 1],
  [1, 9, 8],
  [2, 3, 3],
  [9, 4, 4],
])("line %d, byte %d is column %d", (line, byte, column) => {
  expect(new Lines('s = "ü"; a\r\n  b').column(line, byte)).toBe(column);
});

test("whatever it is given, a tokenizer ends", () => {
  const pieces = ["''", '"', "${", "}", "{", "$", "\\", "'", "./a", "/", "#", "/*", "\n", "a", " "];
  let seed = 1;
  for (let round = 0; round < 3000; round++) {
    const length = 1 + (round % 12);
    let text = "";
    for (let at = 0; at < length; at++) {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      text += pieces[seed % pieces.length];
    }
    const { tokens } = tokenize(text);
    for (const [at, token] of tokens.entries())
      expect(token.at).toBeGreaterThanOrEqual(tokens[at - 1]?.end ?? 0);
  }
});
