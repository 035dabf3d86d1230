import { expect, test } from "bun:test";
import { formatSpan } from "../../../src/cli/host/span.ts";
import { hostCommand, splitSsh } from "../../../src/cli/host/ssh-words.ts";

test.each<[words: string[], name: string, command: string[]]>([
  [["p620"], "p620", []],
  [["p620", "uptime"], "p620", ["uptime"]],
  [["p620", "--", "ls", "-la", "a b"], "p620", ["ls", "-la", "a b"]],
  [["p620", "df -h; uptime"], "p620", ["sh", "-c", "df -h; uptime"]],
  [["p620", "--", "grep", "--", "x"], "p620", ["grep", "--", "x"]],
])("host ssh %p", (words, name, command) => {
  const split = splitSsh(words);
  expect([split.name, hostCommand(split.typed)]).toEqual([name, command]);
});

test.each<[words: string[], message: string]>([
  [["--", "ls"], "`host ssh` needs a host"],
  [["p620", "--"], "there is no command behind `--`"],
  [["p620", "razer", "--", "ls"], "unexpected word `razer` between `p620` and `--`"],
])("host ssh %p is refused", (words, message) => {
  expect(() => splitSsh(words)).toThrow(message);
});

test.each<[seconds: number, text: string]>([
  [42.9, "42 s"],
  [3_700, "1 h 2 min"],
  [86_400, "1 d"],
  [1_050_000, "12 d 3 h"],
])("%d s is %s", (seconds, text) => {
  expect(formatSpan(seconds)).toBe(text);
});
