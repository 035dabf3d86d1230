import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";

const ROOT = join(import.meta.dir, "../..");
const files = (pattern: string) =>
  [...new Bun.Glob(pattern).scanSync({ cwd: ROOT })]
    .sort()
    .map((file) => ({ file, text: readFileSync(join(ROOT, file), "utf8") }));
const src = files("src/**/*.ts");
const having = (pattern: RegExp, among = src) =>
  among.filter(({ text }) => pattern.test(text)).map(({ file }) => file);

test("standard output is never touched through the process object", () => {
  expect(having(/process\.stdout/)).toEqual([]);
});

test("a terminal is what the system calls one, by file descriptor (checklist 6)", () => {
  // On a stream that is none, `isTTY` is undefined, and too easily taken for a wish.
  expect(having(/isTTY/)).toEqual([]);
  expect(having(/isatty/)).toEqual(["src/os/libc.ts"]);
});

test("the size of the terminal is the only thing that is asked of the process's standard error", () => {
  expect(having(/process\.stderr(?!\.(?:columns|rows))/)).toEqual([]);
});

test("one runner starts all outside programs, and there is no shell", () => {
  expect(having(/Bun\.spawn|child_process/)).toEqual(["src/process/runner.ts"]);
  expect(having(/Bun\.\$/)).toEqual([]);
});

test("one place turns errors into exit codes", () => {
  expect(having(/process\.exit\b/)).toEqual([]);
  expect(having(/process\.exitCode/)).toEqual(["src/main.ts"]);
});

test("source files have at most 300 lines", () => {
  const all = [...src, ...files("scripts/**/*")];
  expect(all.filter(({ text }) => text.split("\n").length > 301).map(({ file }) => file)).toEqual([]);
});

/** Stages in the order in which a run goes through them: an import leads to the same stage or to one before it. */
const STAGES = [
  ["os", "process", "git", "nix", "systemd", "version.ts", "errors.ts", "clock.ts"],
  ["book", "catalogue"],
  ["graph", "docker", "ssh", "issues"],
  ["plan/types.ts", "plan/host-report.ts"],
  ["store"],
  ["run/events.ts"],
  ["units", "hosts"],
  ["plan"],
  ["run"],
  ["report"],
  ["notify"],
  ["cli"],
  ["main.ts"],
];
const stageOf = (file: string) => {
  const path = file.replace(/^src\//, "");
  const exact = STAGES.findIndex((names) => names.includes(path));
  return exact >= 0 ? exact : STAGES.findIndex((names) => names.includes(path.split("/")[0] ?? ""));
};

test("nothing in the house reaches back", () => {
  const back: string[] = [];
  for (const { file, text } of src) {
    for (const [, target = ""] of text.matchAll(/from "(\.[^"]+\.ts)"/g)) {
      const to = relative(ROOT, join(ROOT, file, "..", target));
      if (stageOf(to) > stageOf(file)) back.push(`${file} -> ${to}`);
    }
  }
  expect(back).toEqual([]);
});

test("the library for trouble in YAML is only in files that are loaded when there is trouble", () => {
  const direct = having(/^import (?!type)[^;]*? from "yaml";$/m);
  expect(direct).toEqual(["src/book/locate.ts", "src/book/syntax.ts"]);
  const statically = src.filter(
    ({ file, text }) =>
      direct.every((lazy) => lazy !== file) && /^import (?!type)[^;]*\/(?:locate|syntax)\.ts";$/m.test(text),
  );
  expect(statically.map(({ file }) => file)).toEqual([]);
});

test("no test is left out", () => {
  expect(
    having(
      /\b(?:test|describe|it)\.(?:skip|only|todo)\b/,
      files("test/**/*.test.ts").filter(({ file }) => !file.includes("architecture")),
    ),
  ).toEqual([]);
});
