import { expect, test } from "bun:test";
import { redactor } from "../../../src/process/redact.ts";

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
  ["no port", { SONARR_PORT: "8989" }, "port 8989 is taken", "port 8989 is taken"],
  ["no switch", { DEBUG: "true" }, "true", "true"],
  ["nothing short", { X: "abc" }, "abc", "abc"],
  ["no pattern of a regular expression", { X: "a.c*" }, "abcc a.c*", "abcc [redacted]"],
  ["nothing without variables", {}, "text", "text"],
])("masks %s", (_, variables, text, masked) => {
  expect(redactor(Object.entries(variables))(text)).toBe(masked);
});
