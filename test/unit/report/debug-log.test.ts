import { expect, test } from "bun:test";
import { appendFileSync } from "node:fs";
import { runProcess } from "../../../src/process/runner.ts";
import { traceTo } from "../../../src/process/trace.ts";
import { debugLog, nixLine, untilItFails, withoutTokens } from "../../../src/report/debug-log.ts";

test.each([
  ["plain", "plain"],
  ['@nix {"action":"msg","level":0,"msg":"error: no"}', "error: no"],
  ['@nix {"action":"start","id":1,"level":3,"parent":0,"text":"building \'x\'","type":105}', "building 'x'"],
  ['@nix {"action":"start","id":1,"level":6,"parent":0,"text":"","type":0}', undefined],
  ['@nix {"action":"result","fields":["gcc -c x.c"],"id":1,"type":101}', "gcc -c x.c"],
  ['@nix {"action":"result","fields":[1,2,0,0],"id":1,"type":105}', undefined],
  ['@nix {"action":"stop","id":1}', undefined],
  ['@nix {"act', '@nix {"act'],
])("Nix's log for programs, read: %s", (line, text) => {
  expect(nixLine(line)).toBe(text as string);
});

test("everything that a program is called with and says is written as it comes", async () => {
  let text = "";
  const end = traceTo(
    debugLog(
      (piece) => (text += piece),
      () => new Date(0),
    ),
  );
  const options = { env: { PATH: process.env.PATH }, deadline: 10_000 };
  await runProcess(["sh", "-c", "echo out; printf 'no end' >&2; exit 3"], options);
  const redact = (said: string) => said.replaceAll("secret", "***");
  await runProcess(["sh", "-c", "echo a secret"], { ...options, redact });
  const token = "https://oauth2:TOKEN@git.example.org/a.git";
  await runProcess(["sh", "-c", 'echo "$0"; echo "$0" >&2', token], options);
  end();
  await runProcess(["true"], options);
  expect(text).not.toContain("TOKEN");
  const lines = text
    .replace(/after .*/g, "after <time>")
    .replaceAll("00:00:00.000 ", "")
    .trimEnd()
    .split("\n");
  expect(lines.filter((line) => line.startsWith("#1 ")).sort()).toEqual([
    "#1 ! no end",
    "#1 $ sh -c \"echo out; printf 'no end' >&2; exit 3\"",
    "#1 = exit code 3, after <time>",
    "#1 | out",
  ]);
  expect(lines.filter((line) => line.startsWith("#2 "))).toEqual([
    '#2 $ sh -c "echo a secret"',
    "#2 | a ***",
    "#2 = exit code 0, after <time>",
  ]);
  expect(lines.filter((line) => line.startsWith("#3 ")).sort()).toEqual([
    "#3 ! https://git.example.org/a.git",
    '#3 $ sh -c "echo \\"$0\\"; echo \\"$0\\" >&2" https://git.example.org/a.git',
    "#3 = exit code 0, after <time>",
    "#3 | https://git.example.org/a.git",
  ]);
  expect(text).not.toContain("#4");
});

test("a full disk ends the log, and not what it tells of", async () => {
  let written = "";
  let file = "/dev/full";
  const log = untilItFails((text) => {
    written += text;
    appendFileSync(file, text);
  });
  const end = traceTo(debugLog(log.write, () => new Date(0)));
  const run = () => runProcess(["echo", "out"], { env: { PATH: process.env.PATH }, deadline: 10_000 });
  expect(await run()).toMatchObject({ exitCode: 0, stdout: "out\n" });
  file = "/dev/null";
  await run();
  end();
  expect(written).toBe("00:00:00.000 #1 $ echo out\n");
  expect(log.failure()).toContain("ENOSPC");
  expect(untilItFails(() => {}).failure()).toBeUndefined();
});

test.each([
  ["fetching https://oauth2:TOKEN@git.example.org/a", "fetching https://git.example.org/a"],
  ["'git+https://TOKEN@git.example.org/a?ref=x'", "'git+https://git.example.org/a?ref=x'"],
  ["ssh://me:TOKEN@web ssh-ng://admin@web", "ssh://web ssh-ng://admin@web"],
  ["git+ssh://git@git.example.org/a", "git+ssh://git@git.example.org/a"],
  ["admin@web https://a.example.org/@b", "admin@web https://a.example.org/@b"],
])("addresses are written without what opens them: %s", (text, want) => {
  expect(withoutTokens(text)).toBe(want);
});
