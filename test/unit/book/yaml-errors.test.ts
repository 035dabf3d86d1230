import { expect, test } from "bun:test";
import { positionOf } from "../../../src/book/locate.ts";
import { makeHome, problemsOf } from "./home.ts";

const cases: [name: string, files: Record<string, string>, problems: string[]][] = [
  [
    "a name twice in one file",
    { "homelab.yml": "services:\n  plex:\n  loki:\n  plex:\n" },
    [
      "recipe-invalid: `plex` is defined twice",
      "  at homelab.yml:4:3:   plex:",
      "                        ^^^^",
      "  hint: a name stands for one thing; rename or remove one of the two",
      "  note: first defined here",
      "  at homelab.yml:2:3:   plex:",
      "                        ^^^^",
    ],
  ],
  [
    "a key twice in one recipe",
    { "homelab.yml": "services:\n  plex: { dir: a, dir: b }\n" },
    [
      "recipe-invalid: the key `dir` is there twice",
      "  at homelab.yml:2:19:   plex: { dir: a, dir: b }",
      "                                         ^^^",
      "  hint: keep one of the two",
      "  note: first defined here",
      "  at homelab.yml:2:11:   plex: { dir: a, dir: b }",
      "                                 ^^^",
    ],
  ],
  [
    "bad indentation",
    { "homelab.yml": "services:\n  plex:\n    dir: a\n   needs: []\n" },
    [
      "recipe-invalid: the indentation does not fit the lines above",
      "  at homelab.yml:4:1:    needs: []",
      "                      ^",
      "  hint: keys of one mapping begin in the same column",
    ],
  ],
  [
    "a tab",
    { "homelab.yml": "services:\n\tplex:\n" },
    [
      "recipe-invalid: a tab is used for indentation",
      "  at homelab.yml:2:1: \tplex:",
      "                      ^",
      "  hint: indent with spaces",
    ],
  ],
  [
    "a bracket left open",
    { "homelab.yml": "services:\n  plex:\n    needs: [a\n  loki:\n" },
    [
      "recipe-invalid: a bracket is not closed",
      "  at homelab.yml:4:3:   loki:",
      "                        ^",
      "  hint: close it with `]` or `}`",
    ],
  ],
  [
    "a quote left open",
    { "homelab.yml": "services:\n  plex:\n    dir: 'a\n" },
    [
      "recipe-invalid: a quote is not closed",
      "  at homelab.yml:3:11:     dir: 'a",
      "                                 ^",
      "  hint: write the same quote at the end of the text",
    ],
  ],
  [
    "two colons on a line",
    { "homelab.yml": "services:\n  plex:\n    description: a: b\n" },
    [
      "recipe-invalid: a second `: ` on one line",
      "  at homelab.yml:3:18:     description: a: b",
      "                                        ^",
      "  hint: put the value in quotes, or on lines of its own",
    ],
  ],
  [
    "a value that begins with a reserved character",
    { "homelab.yml": "services:\n  plex:\n    description: `x`\n" },
    [
      "recipe-invalid: a value may not begin with this character",
      "  at homelab.yml:3:18:     description: `x`",
      "                                        ^",
      "  hint: put the value in quotes",
    ],
  ],
  [
    "two documents",
    { "homelab.yml": "services:\n  plex:\n---\nservices:\n" },
    [
      "recipe-invalid: more than one YAML document",
      "  at homelab.yml:3:1: ---",
      "                      ^^^",
      "  hint: remove the `---`; one file is one document",
    ],
  ],
  [
    "an alias without its anchor",
    { "homelab.yml": "services:\n  plex: *x\n" },
    [
      "recipe-invalid: an alias without its anchor",
      "  at homelab.yml:2:9:   plex: *x",
      "                              ^^",
      "  hint: define the anchor with `&name` above",
    ],
  ],
  [
    "a list at the top",
    { "homelab.yml": "- plex\n" },
    [
      "recipe-invalid: a recipe file must be a mapping with keys such as `services`, not a list",
      "  at homelab.yml:1:1: - plex",
      "                      ^^^^^^",
      "  hint: valid keys are include, services, units, microvms, hosts, tasks, groups",
    ],
  ],
  [
    "text at the top",
    { "homelab.yml": "plex\n" },
    [
      "recipe-invalid: a recipe file must be a mapping with keys such as `services`, not `plex`",
      "  at homelab.yml:1:1: plex",
      "                      ^^^^",
      "  hint: valid keys are include, services, units, microvms, hosts, tasks, groups",
    ],
  ],
  [
    "both spellings of the main file",
    { "homelab.yml": "", "homelab.yaml": "" },
    [
      "recipe-invalid: there are both `homelab.yml` and `homelab.yaml`",
      "  hint: move everything into one of them",
    ],
  ],
  [
    "problems of all files",
    {
      "homelab.yml": "services:\n  plex: { needs: [a] \n",
      "recipes/a.yml": "services:\n  a: { x: 1 }\n",
      "recipes/b.yaml": "tasks:\n  b: {}\n",
    },
    [
      "recipe-invalid: a bracket is not closed",
      "  at homelab.yml:2:20:   plex: { needs: [a] ",
      "                                          ^",
      "  hint: close it with `]` or `}`",
      "recipe-invalid: unknown key `x` of service `a`",
      "  at recipes/a.yml:2:8:   a: { x: 1 }",
      "                               ^",
      "  hint: valid keys are description, dir, project, needs, after, ready, mounts, before_update, rollback, env",
      "recipe-invalid: task `b` has no `run`",
      "  at recipes/b.yaml:2:3:   b: {}",
      "                           ^",
      "  hint: add `run:`",
    ],
  ],
  [
    "a mistake behind an anchor",
    {
      "homelab.yml": "services:\n  a: &base\n    needs: [c]\n    rollback: sometimes\n  b:\n    <<: *base\n",
    },
    [
      "recipe-invalid: `rollback` of service `a` must be `auto`, `manual` or `never`, not `sometimes`",
      "  at homelab.yml:4:15:     rollback: sometimes",
      "                                     ^^^^^^^^^",
      "recipe-invalid: `rollback` of service `b` must be `auto`, `manual` or `never`, not `sometimes`",
      "  at homelab.yml:4:15:     rollback: sometimes",
      "                                     ^^^^^^^^^",
    ],
  ],
  [
    "Windows line ends",
    { "homelab.yml": "services:\r\n  plex:\r\n    needs: [x]\r\n" },
    [
      "unknown-need: `plex` needs `x`, but there is no such recipe",
      "  at homelab.yml:3:13:     needs: [x]",
      "                                   ^",
      "  hint: add it with `homelab add x`",
    ],
  ],
];

test("more problems than anybody reads are counted", async () => {
  const root = makeHome({ "homelab.yml": `{${"a: 1, ".repeat(1000)}}` });
  const problems = (await problemsOf(root)).split("\n").filter((line) => /^\S/.test(line));
  expect([problems.length, problems.at(-1)]).toEqual([
    201,
    "recipe-invalid: there are 799 more problems like these",
  ]);
});

test.each([
  ["levels", `services:\n  ${"? ".repeat(1500)}a\n`],
  ["aliases", `x: &x 1\nservices: [${"*x, ".repeat(5000)}*x]\n`],
  ["dangling aliases", `services: [${"*x, ".repeat(5000)}*x]\n`],
  ["repeated keys", `services: {${"a: 1, ".repeat(5000)}}\n`],
])("thousands of %s take no time", async (_, text) => {
  const begun = process.cpuUsage().user;
  expect(await problemsOf(makeHome({ "homelab.yml": text }))).toStartWith("recipe-invalid: ");
  expect(process.cpuUsage().user - begun).toBeLessThan(3_000_000);
});

test("a line ends before its carriage return", () => {
  expect(positionOf("x", "ab\r\ncd", 3, 4)).toEqual({
    file: "x",
    line: 1,
    column: 3,
    excerpt: "ab",
    length: 1,
  });
});

test.each(cases)("loadBook() refuses %s", async (_, files, problems) => {
  expect(await problemsOf(makeHome(files))).toBe(problems.join("\n"));
});

/** Ten times ten times ten … of the same. */
const bomb = [
  "a0: &a0 [x, x, x, x, x, x, x, x, x, x]",
  ...Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(", ")}]`),
].join("\n");

test.each([
  ["aliases that stand for too much", `${bomb}\n`, "the aliases of this file stand for too much"],
  ["a merge of what is no mapping", '<<: "\\ud800"\n', "`<<` takes in what is no mapping"],
  ["brackets without end", `services: ${"[".repeat(20_000)}`, "this is nested too deeply"],
])("loadBook() refuses %s", async (_, text, want) => {
  expect(await problemsOf(makeHome({ "homelab.yml": text }))).toStartWith(`recipe-invalid: ${want}\n`);
});
