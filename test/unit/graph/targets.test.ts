import { describe, expect, test } from "bun:test";
import type { Recipe } from "../../../src/book/types.ts";
import { expandTarget, families, isHere, resolveTargets, targetNames } from "../../../src/graph/targets.ts";
import { bookOf, service } from "../books.ts";

const shipped = { origin: { file: "builtin:media", path: [] } };
const recipes: Recipe[] = [
  service("plex"),
  service("sonarr-shows", { family: "sonarr" }),
  service("sonarr-anime", { family: "sonarr" }),
  service("radarr-anime", { family: "radarr", present: false, ...shipped }),
  service("radarr-movies", { family: "radarr", ...shipped }),
  service("tdarr", { present: false, ...shipped }),
  service("own-missing", { present: false, origin: { file: "homelab.yml", path: [] } }),
  { kind: "unit", name: "jellyfin", needs: [], after: [], unit: "jellyfin.service" },
  { kind: "microvm", name: "vm1", needs: [], after: [] },
  { kind: "host", name: "p620", needs: [], after: [], critical: [] },
  { kind: "task", name: "fmt", needs: [], after: [], params: [], run: ["nix fmt"], finally: [] },
];
const book = bookOf(recipes, ["media: sonarr-anime plex tdarr", "anime: sonarr-anime radarr-anime"]);

describe("expandTarget() of", () => {
  test.each([
    ["a service", "plex", ["plex"]],
    ["a shipped service without directory, named outright", "tdarr", ["tdarr"]],
    ["a group, in its own order and without what is not here", "media", ["sonarr-anime", "plex"]],
    ["a family", "sonarr", ["sonarr-shows", "sonarr-anime"]],
    ["a family of which one is not here", "radarr", ["radarr-movies"]],
    [
      "`all`: what runs, with the person's own recipe whose directory is missing",
      "all",
      ["plex", "sonarr-shows", "sonarr-anime", "radarr-movies", "own-missing", "jellyfin", "vm1"],
    ],
    ["a host", "p620", ["p620"]],
    ["a task", "fmt", ["fmt"]],
    ["an unknown word", "plexx", undefined],
    ["an instance without its family", "shows", undefined],
    ["nothing", "", undefined],
    ["a name of every object", "constructor", undefined],
  ])("%s", (_, word, want) => expect(expandTarget(book, word)).toEqual(want));

  test("`all` is a recipe where a recipe is called so", () => {
    expect(expandTarget(bookOf([service("plex"), service("all")]), "all")).toEqual(["all"]);
  });
});

describe("resolveTargets() of", () => {
  test.each([
    ["no words", [], []],
    ["several targets, without repetition", ["plex", "media"], ["plex!", "sonarr-anime"]],
    ["a family and its instance", ["sonarr", "shows"], ["sonarr-shows!"]],
    [
      "a family and its instance between others",
      ["plex", "sonarr", "shows", "vm1"],
      ["plex!", "sonarr-shows!", "vm1!"],
    ],
    ["a family and another target", ["sonarr", "plex"], ["sonarr-shows", "sonarr-anime", "plex!"]],
    [
      "a family and a word that is an instance, but first of all a group",
      ["sonarr", "anime"],
      ["sonarr-shows", "sonarr-anime"],
    ],
    ["a family and a word that means nothing", ["sonarr", "films"], "films"],
    ["the first unknown word", ["plex", "x", "y"], "x"],
  ])("%s", (_, words, want) => {
    const resolved = resolveTargets(book, words);
    // An exclamation mark: named outright.
    const shown =
      "unknown" in resolved
        ? resolved.unknown
        : resolved.names.map((name) => (resolved.outright.has(name) ? `${name}!` : name));
    expect(shown).toEqual(want);
  });
});

test("families() are in the order of the book", () => {
  expect([...families(book)]).toEqual([
    ["sonarr", ["sonarr-shows", "sonarr-anime"]],
    ["radarr", ["radarr-anime", "radarr-movies"]],
  ]);
});

test("targetNames() has every word that means something", () => {
  expect(targetNames(book)).toEqual([
    "all",
    "media",
    "anime",
    "sonarr",
    "radarr",
    ...recipes.map(({ name }) => name),
  ]);
});

test("isHere() is false for services without a directory only", () => {
  expect(recipes.filter((recipe) => !isHere(recipe)).map(({ name }) => name)).toEqual([
    "radarr-anime",
    "tdarr",
    "own-missing",
  ]);
});
