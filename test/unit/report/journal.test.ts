import { describe, expect, test } from "bun:test";
import { fstatSync } from "node:fs";
import { isJournal, withPriority } from "../../../src/report/journal.ts";

describe("isJournal", () => {
  const { dev, ino } = fstatSync(0, { bigint: true });
  test.each([
    [{}, false],
    [{ JOURNAL_STREAM: "" }, false],
    [{ JOURNAL_STREAM: "1:1" }, false],
    [{ JOURNAL_STREAM: `${dev}:${ino}` }, true],
  ])("%#", (env, want) => {
    expect(isJournal(0, env)).toBe(want);
  });
});

describe("withPriority()", () => {
  test.each([
    ["", "error", ""],
    ["a\n", "error", "<3>a\n"],
    ["a\n\n  | b\n", "warning", "<4>a\n<4>\n<4>  | b\n"],
    ["a\n", "notice", "<5>a\n"],
    ["a\n", "info", "<6>a\n"],
    ["a", "debug", "<7>a"],
  ] as const)("%j, %s", (text, level, want) => {
    expect(withPriority(text, level)).toBe(want);
  });
});
