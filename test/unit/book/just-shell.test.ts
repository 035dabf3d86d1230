import { expect, test } from "bun:test";
import { bare, commandsOf, isTalk, quoteWord } from "../../../src/book/just-shell.ts";

test.each([
  ["a b && c; d | e", ["a b", "c", "d", "e"]],
  ["cd 'a b' && docker compose up -d", ["cd 'a b'", "docker compose up -d"]],
  ['echo "x; just y" # just z', ['echo "x; just y"']],
  ['echo "at $(date +%s; just a)"', ['echo "at $(date +%s; just a)"', "date +%s", "just a"]],
  ["x=`just a` y", ["y", "just a"]],
  ["if just a; then sudo B=1 just b; fi", ["just a", "just b", "fi"]],
  ["a > /dev/null 2>&1 &", ["a"]],
  ["a &>x", ["a"]],
  ["echo ${a;b} {{c;d}}", ["echo ${a;b} {{c;d}}"]],
  ["(cd a && b)", ["cd a", "b"]],
  ["a 'open", ["a 'open"]],
  ["a\nb # c\nd", ["a", "b", "d"]],
])("commandsOf(%j)", (text, want) =>
  expect(commandsOf(text).map((each) => bare(each).join(" "))).toEqual(want),
);

test.each([
  ['echo "Ensuring a is running..."', true],
  ["printf 'a; b\\n'", true],
  ["# comment", true],
  ["echo x > file", false],
  ["echo x && rm y", false],
  ['echo "$(rm y)"', false],
  ["echoes", false],
])("isTalk(%j) is %p", (text, want) => expect(isTalk(text)).toBe(want));

test.each([
  ["a-b/c.d", "a-b/c.d"],
  ["a b", "'a b'"],
  ["it's", "'it'\\''s'"],
  ["", "''"],
])("quoteWord(%j) is %s", (text, want) => expect(quoteWord(text)).toBe(want));
