import { expect, test } from "bun:test";
import { formatSpan } from "../../../src/cli/host/span.ts";

test.each<[seconds: number, text: string]>([
  [42.9, "42 s"],
  [3_700, "1 h 2 min"],
  [86_400, "1 d"],
  [1_050_000, "12 d 3 h"],
])("%d s is %s", (seconds, text) => {
  expect(formatSpan(seconds)).toBe(text);
});
