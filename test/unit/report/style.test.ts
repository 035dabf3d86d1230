import { describe, expect, test } from "bun:test";
import {
  colourFor,
  printable,
  printableLog,
  style,
  truncate,
  visibleWidth,
} from "../../../src/report/style.ts";

describe("style", () => {
  test("paints with codes that close only what they opened", () => {
    const s = style(true);
    expect(s.bold(s.red("x"))).toBe("\x1b[1m\x1b[31mx\x1b[39m\x1b[22m");
    expect(s.dim("")).toBe("");
  });

  test("is the identity when off", () => {
    const s = style(false);
    expect(s.bold(s.red("x"))).toBe("x");
  });
});

describe("colourFor", () => {
  test.each([
    { name: "a terminal", tty: true, env: {}, flag: false, want: true },
    { name: "no terminal", tty: false, env: {}, flag: false, want: false },
    { name: "--no-color", tty: true, env: {}, flag: true, want: false },
    { name: "NO_COLOR", tty: true, env: { NO_COLOR: "1" }, flag: false, want: false },
    { name: "an empty NO_COLOR", tty: true, env: { NO_COLOR: "" }, flag: false, want: true },
    { name: "HOMELAB_NO_COLOR", tty: true, env: { HOMELAB_NO_COLOR: "1" }, flag: false, want: false },
    { name: "a dumb terminal", tty: true, env: { TERM: "dumb" }, flag: false, want: false },
    { name: "FORCE_COLOR", tty: false, env: { FORCE_COLOR: "1" }, flag: false, want: true },
    { name: "FORCE_COLOR=0", tty: true, env: { FORCE_COLOR: "0" }, flag: false, want: false },
    {
      name: "FORCE_COLOR and NO_COLOR",
      tty: true,
      env: { FORCE_COLOR: "1", NO_COLOR: "1" },
      flag: false,
      want: false,
    },
    { name: "FORCE_COLOR and --no-color", tty: true, env: { FORCE_COLOR: "1" }, flag: true, want: false },
  ])("$name: $want", ({ tty, env, flag, want }) => {
    expect(colourFor(tty, env, flag)).toBe(want);
  });
});

describe("truncate", () => {
  test.each([
    ["short", 10, "short"],
    ["exactly10!", 10, "exactly10!"],
    ["eleven char", 10, "eleven ch…"],
    ["日本語です", 5, "日本…"],
    ["abc", 0, ""],
    ["\x1b[31mred and long\x1b[39m", 5, "\x1b[31mred …\x1b[39m"],
  ])("%j to %d columns is %j", (text, width, want) => {
    expect(truncate(text, width)).toBe(want);
    expect(visibleWidth(truncate(text, width))).toBeLessThanOrEqual(width);
  });
});

describe("printable", () => {
  test.each([
    ["plain ✓ ü", "plain ✓ ü"],
    ["\x1b[31mred", "\\x1b[31mred"],
    ["a\r\nb\tc", "a\\r\\nb\\tc"],
    ["bell\x07 csi\x9b", "bell\\x07 csi\\x9b"],
    ["right\u202eto left", "right\\u{202e}to left"],
  ])("%j is shown as %j", (text, want) => {
    expect(printable(text)).toBe(want);
  });

  test("log lines lose their colours and keep their tabs", () => {
    expect(printableLog("\x1b[31mpanic\x1b[0m:\tno\x07 \r\n")).toBe("panic:\tno\\x07");
  });
});
