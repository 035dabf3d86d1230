import { expect, test } from "bun:test";
import { maskPieces, redactor } from "../../../src/process/redact.ts";

test.each([
  ["a value", { TOKEN: "s3cret-value" }, "got s3cret-value!", "got [redacted]!"],
  [
    "a value that contains another, whole",
    { A: "abcd", B: "abcdefgh" },
    "abcdefgh abcd",
    "[redacted] [redacted]",
  ],
  ["each line of a value", { KEY: "line one\nline two" }, "x line two y", "x [redacted] y"],
  ["a number under a secret name", { DB_PASSWORD: "12345" }, "12345", "[redacted]"],
  ["a number under a short secret name", { DB_PW2: "1234", PINS: "4321" }, "1234 4321", "[redacted] 4321"],
  ["no port", { SONARR_PORT: "8989" }, "port 8989 is taken", "port 8989 is taken"],
  ["no switch", { DEBUG: "true" }, "true", "true"],
  ["nothing short", { X: "abc" }, "abc", "abc"],
  ["no pattern of a regular expression", { X: "a.c*" }, "abcc a.c*", "abcc [redacted]"],
  ["what JSON makes of a value", { X: 'a"b\tcd' }, '{"x":"a\\"b\\tcd"}', '{"x":"[redacted]"}'],
  ["what dash shows with -x", { X: "it's so" }, `+ echo 'it'"'"'s so'`, "+ echo '[redacted]'"],
  ["what bash shows with -x", { X: "it's so" }, "+ echo 'it'\\''s so'", "+ echo '[redacted]'"],
  ["a value in an address", { X: "p@ss/word" }, "http://u:p%40ss%2Fword@h", "http://u:[redacted]@h"],
  ["nothing without variables", {}, "text", "text"],
])("masks %s", (_, variables, text, masked) => {
  expect(redactor(Object.entries(variables))(text)).toBe(masked);
});

test("maskPieces() masks what is cut in two, and keeps no line back that has ended", () => {
  const { add, end } = maskPieces(redactor([["X", "s3cret-value"]]));
  expect(["a s3cr", "et-value b\n1%\r2%", "\r", "s3cret-value"].map(add)).toEqual([
    "",
    "a [redacted] b\n1%\r",
    "2%\r",
    "",
  ]);
  expect([end(), end()]).toEqual(["[redacted]", ""]);
});
