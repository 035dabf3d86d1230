import { expect, test } from "bun:test";
import type { LinkName } from "../../../../src/units/microvm/state.ts";
import { provenBy, wayBack } from "../../../../src/units/microvm/way-back.ts";
import { dir } from "./facts.ts";

type Links = Partial<Record<LinkName, string>>;

test.each<[string, Links, string | undefined]>([
  ["what was seen ready before", { current: "two", good: "two", old: "one" }, "one"],
  [
    "what was seen ready, while a newer one is in place",
    { current: "two", good: "one", booted: "one" },
    "one",
  ],
  ["the last good one of several updates", { current: "three", good: "one", old: "zero" }, "one"],
  ["what still runs, where nothing was kept", { current: "two", booted: "one" }, "one"],
  [
    "never the one that it was put back from",
    { current: "one", good: "one", booted: "two", refused: "two" },
    undefined,
  ],
  ["nothing, when it is all the same", { current: "one", good: "one", booted: "one" }, undefined],
  ["nothing of one that was never built", {}, undefined],
])("gone back to is %s", (_, links, expected) => {
  expect(wayBack(dir(links))?.path).toBe(expected);
  expect(wayBack(undefined)).toBeUndefined();
});

test.each<[string, Links, boolean, string | undefined]>([
  ["what serves now", { current: "two", booted: "one", good: "zero" }, true, "one"],
  ["what serves now, where nothing says what was booted", { current: "one" }, true, "one"],
  [
    "what was seen ready, when what runs does not answer",
    { current: "two", booted: "two", good: "one" },
    false,
    "one",
  ],
  [
    "what was seen ready, when what runs was refused",
    { current: "one", booted: "two", good: "one", refused: "two" },
    true,
    "one",
  ],
  ["what there is, when nothing is known", { current: "one", booted: "one" }, false, "one"],
  ["nothing, when there is nothing", {}, true, undefined],
])("a change is measured against %s", (_, links, serves, expected) => {
  expect(provenBy(dir(links), serves)?.path).toBe(expected);
});
