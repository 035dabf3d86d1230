import { expect, test } from "bun:test";
import { parseDuration } from "../../../src/book/duration.ts";
import { editDistance, nearest } from "../../../src/book/nearest.ts";

test.each([
  ["90s", 90_000],
  ["2m", 120_000],
  ["1h30m", 5_400_000],
  ["500ms", 500],
  ["1.5s", 1500],
  ["1d", 86_400_000],
  ["0s", 0],
  ["90", undefined],
  ["", undefined],
  ["s", undefined],
  ["1 m", undefined],
  ["-1s", undefined],
  ["1w", undefined],
  ["soon", undefined],
])("parseDuration(%p) is %p", (text, expected) => expect(parseDuration(text)).toBe(expected));

const NAMES = ["prowlarr", "profilarr", "plex", "sonarr-shows", "sonarr-anime", "loki", "db"];

test.each([
  ["prowlar", "prowlarr"],
  ["porwlarr", "prowlarr"],
  ["pelx", "plex"],
  ["sonar-shows", "sonarr-shows"],
  ["sonarr", "sonarr-shows"],
  ["lokki", "loki"],
  // The beginning of one rather than two slips away from another.
  ["ple", "plex"],
  ["sona", "sonarr-shows"],
  ["xy", undefined],
  ["nextcloud", undefined],
  ["plex", undefined],
])("nearest(%p) is %p", (word, expected) => expect(nearest(word, NAMES)).toBe(expected));

test.each([
  ["", "abc", 3],
  ["abc", "abc", 0],
  ["abc", "acb", 1],
  ["abc", "xbc", 1],
  ["kitten", "sitting", 3],
])("editDistance(%p, %p) is %p", (from, to, expected) => expect(editDistance(from, to)).toBe(expected));
