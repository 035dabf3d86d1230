import { describe, expect, test } from "bun:test";
import { interpolate, type Reference } from "../../../../src/units/compose/interpolate.ts";
import { INTERPOLATIONS, INVALID, VARIABLES } from "./interpolations.ts";

const lookup = (name: string) => VARIABLES[name];

test.each(INTERPOLATIONS)("%j becomes %j", (text, want) => expect(interpolate(text, lookup)).toBe(want));

test.each(INVALID)("%j is left for compose to refuse", (text) => {
  expect(typeof interpolate(text, lookup)).toBe("string");
});

test("defaults in defaults in defaults come to an end", () => {
  const deep = (levels: number) => `${"${UNSET:-".repeat(levels)}$SET${"}".repeat(levels)}`;
  expect(interpolate(deep(20), lookup)).toBe(interpolate("$SET", lookup));
  expect(interpolate(deep(5000), lookup)).toEndWith("$SET".padEnd(5000 - 31 + 4, "}"));
});

describe("the variables told of in", () => {
  const required = (name: string, text: string, nonEmpty: boolean): Reference => ({
    name,
    required: { text, nonEmpty },
  });
  const bare = (name: string): Reference => ({ name, bare: true });
  test.each([
    ["plain", []],
    ["$$SET", []],
    ["$SET and ${OTHER}", [bare("SET"), bare("OTHER")]],
    ["${SET:?set it}", [required("SET", "set it", true)]],
    ["${SET?set it}", [required("SET", "set it", false)]],
    ["${SET?}", [required("SET", "", false)]],
    ["${SET:-$OTHER}", [{ name: "SET" }]],
    ["${UNSET:-$OTHER}", [{ name: "UNSET" }, bare("OTHER")]],
    ["${UNSET:-${OTHER:?must}}", [{ name: "UNSET" }, required("OTHER", "must", true)]],
    ["${UNSET:+$OTHER}", [{ name: "UNSET" }]],
    ["${SET:+$OTHER}", [{ name: "SET" }, bare("OTHER")]],
    ["${UNSET:?see $OTHER}", [required("UNSET", "see $OTHER", true)]],
  ] as [string, Reference[]][])("%j", (text, want) => {
    const told: Reference[] = [];
    interpolate(text, lookup, (reference) => told.push(reference));
    expect(told).toEqual(want);
  });
});
