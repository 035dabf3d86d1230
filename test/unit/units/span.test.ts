import { expect, test } from "bun:test";
import { spanWords } from "../../../src/units/span.ts";

test.each([
  [0, "0 s"],
  [14_600, "15 s"],
  [119_000, "119 s"],
  [120_000, "2 min"],
  [45 * 60_000, "45 min"],
  [5 * 3_600_000, "5 h"],
  [60 * 24 * 3_600_000, "60 days"],
])("%d ms are %s", (milliseconds, want) => expect(spanWords(milliseconds)).toBe(want));
