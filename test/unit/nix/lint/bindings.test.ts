import { describe, expect, test } from "bun:test";
import { behindArgument, bindingsOf } from "../../../../src/nix/lint/bindings.ts";
import { tokenize } from "../../../../src/nix/lint/tokens.ts";
import { plainValue } from "../../../../src/nix/lint/values.ts";

const paths = (nix: string) => {
  const { tokens } = tokenize(nix);
  return bindingsOf(tokens).map(({ path, value, end }) => {
    const text = tokens.slice(value, end).map((each) => each.text);
    return `${path.join(".")} = ${text.length > 3 ? "…" : text.join(" ")}`;
  });
};

test.each<[what: string, nix: string, want: string[]]>([
  ["names", "{ a = 1; b.c = 2; }", ["a = 1", "b.c = 2"]],
  [
    "sets in sets",
    "{ a = { b = { c = 1; }; d = 2; }; e = 3; }",
    ["a = …", "a.b = …", "a.b.c = 1", "a.d = 2", "e = 3"],
  ],
  ["quoted names", '{ "a.b".c = 1; "${x}".d = 2; ${y}.e = 3; }', ["a.b.c = 1", "*.d = 2", "*.e = 3"]],
  [
    "functions around sets",
    "{ a = mkIf x (mkMerge [ { b = 1; } (f { c = 2; }) ]); }",
    ["a = …", "a.b = 1", "a.c = 2"],
  ],
  ["updates", "{ a = x // { b = 1; }; }", ["a = …", "a.b = 1"]],
  ["a module", "{ config, lib, ... }: { config = { a = 1; }; }", ["config = …", "config.a = 1"]],
  ["arguments with defaults", "{ a ? { b = 1; }, c }: { d = 2; }", ["b = 1", "d = 2"]],
  ["let", "let a = { b = 1; }; in { c = a; }", ["a = …", "a.b = 1", "c = a"]],
  ["let in a value", "{ a = let b = 1; in { c = b; }; d = 2; }", ["a = …", "b = 1", "a.c = b", "d = 2"]],
  ["let in brackets", "{ a = (let b = 1; in b); c = 2; }", ["a = …", "b = 1", "c = 2"]],
  ["with", "{ a = with lib; { b = 1; }; c = 2; }", ["a = …", "a.b = 1", "c = 2"]],
  ["assert", "{ a = assert x; assert y; { b = 1; }; c = 2; }", ["a = …", "a.b = 1", "c = 2"]],
  ["with around a file", "with lib; { a = 1; }", ["a = 1"]],
  ["inherit", "{ inherit (x) a b; inherit c; d = 1; }", ["d = 1"]],
  ["in a string", '{ a = "${f { b = 1; }}"; c = 2; }', ["a = …", "a.b = 1", "c = 2"]],
  ["comparisons", "{ a = b == c; }", ["a = b == c"]],
  ["rec", "rec { a = 1; b = rec { c = 2; }; }", ["a = 1", "b = …", "b.c = 2"]],
  ["the old let", "let { a = 1; body = a; }", ["a = 1", "body = a"]],
  ["what is not finished", "{ a = { b = 1", ["a = …", "a.b = 1"]],
  ["what nothing opened", "} ] ) in { a = 1; }", ["a = 1"]],
])("%s", (_, nix, want) => {
  expect(paths(nix)).toEqual(want);
});

test.each<[nix: string, want: string | undefined]>([
  ['"root"', "root"],
  ['("root")', "root"],
  ['lib.mkForce "root"', "root"],
  ['mkDefault (mkForce "root")', "root"],
  ['mkOverride 50 "root"', "root"],
  ['lib.mkIf (a && b) "root"', "root"],
  ["0", "0"],
  ['if a then "root" else "b"', undefined],
  ['"root" + x', undefined],
  ['f "root"', undefined],
  ["mkForce", "mkForce"],
  ["lib.mkForce", undefined],
  ["", undefined],
])("the value %s", (nix, want) => {
  const { tokens } = tokenize(`{ a = ${nix}; }`);
  const [binding] = bindingsOf(tokens);
  expect(binding && plainValue(tokens, binding)?.text).toBe(want);
});

describe("an argument ends", () => {
  test.each<[nix: string, want: string]>([
    ["a b", "b"],
    ["a.b.c d", "d"],
    ["(a b).c d", "d"],
    ["{ a = 1; }.b c", "c"],
    ["rec { a = 1; } c", "c"],
    ['a."b".${c} d', "d"],
    ["a.b or c d", "d"],
    ["a.b or (c) d", "d"],
    ["./a/${b}/c d", "d"],
    ["./a ./b", "./b"],
    ['"a" b', "b"],
    ['"${a}" b', "b"],
    ["[ a ] b", "b"],
    ["a", ""],
    ["(a", ""],
    ["then b", "then"],
    ["= b", "="],
    ["; b", ";"],
  ])("%s", (nix, want) => {
    const { tokens } = tokenize(nix);
    expect(tokens[behindArgument(tokens, 0)]?.text ?? "").toBe(want);
  });
});
