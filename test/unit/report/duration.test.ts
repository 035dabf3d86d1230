import { describe, expect, test } from "bun:test";
import { formatDuration, formatElapsed, formatWhen } from "../../../src/report/duration.ts";

const S = 1000;
const MIN = 60 * S;
const H = 60 * MIN;

describe("formatDuration", () => {
  test.each([
    [-5, "0 ms"],
    [0, "0 ms"],
    [8.4, "8 ms"],
    [999.4, "999 ms"],
    [999.6, "1 s"],
    [1234, "1.2 s"],
    [12_400, "12.4 s"],
    [42 * S, "42 s"],
    [59_940, "59.9 s"],
    [59_960, "1 min"],
    [3 * MIN + 4 * S, "3 min 4 s"],
    [H - 400, "1 h"],
    [2 * H + 5 * MIN, "2 h 5 min"],
    [30 * H, "30 h"],
  ])("%d ms is %s", (milliseconds, want) => {
    expect(formatDuration(milliseconds)).toBe(want);
  });
});

describe("formatElapsed", () => {
  test.each([
    [0, "0.0 s"],
    [199, "0.1 s"],
    [12_000, "12.0 s"],
    [59_999, "59.9 s"],
    [63_999, "1 min 3 s"],
    [2 * H, "2 h"],
  ])("%d ms is %s", (milliseconds, want) => {
    expect(formatElapsed(milliseconds)).toBe(want);
  });
});

describe("formatWhen", () => {
  const now = new Date(2026, 10, 20, 15, 0, 0);
  test.each([
    ["59 seconds ago", new Date(2026, 10, 20, 14, 59, 1), "just now"],
    ["a minute ago", new Date(2026, 10, 20, 14, 59, 0), "1 min ago"],
    ["within the hour", new Date(2026, 10, 20, 14, 0, 1), "59 min ago"],
    ["this morning", new Date(2026, 10, 20, 3, 2, 0), "today 03:02"],
    ["later today, by another clock", new Date(2026, 10, 20, 15, 4, 0), "today 15:04"],
    ["yesterday", new Date(2026, 10, 19, 23, 59, 0), "2026-11-19 23:59"],
  ])("%s", (_name, date, want) => {
    expect(formatWhen(date, now)).toBe(want);
  });
});
