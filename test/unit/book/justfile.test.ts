import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { importJustfile } from "../../../src/book/from-just.ts";
import { parseJustfile } from "../../../src/book/justfile.ts";
import { shippedBook } from "../../../src/book/load.ts";

const seed = readFileSync(join(import.meta.dir, "../../fixtures/seed.justfile"), "utf8");
const COMMANDS = {
  names: new Set([
    "list",
    "ensure",
    "deploy",
    "stop",
    "restart",
    "logs",
    "status",
    "setup",
    "cleanup",
    "env",
  ]),
  verbs: new Set(["ensure", "deploy", "stop", "restart", "logs", "status"]),
};
const OWN = {
  names: new Set([...COMMANDS.names, "update-system", "update-services", "pull-images", "validate"]),
  verbs: COMMANDS.verbs,
};
const imported = (text: string) => importJustfile(parseJustfile(text), COMMANDS);
const warnings = (text: string) => imported(text).warnings.map(({ line, text: why }) => `${line}: ${why}`);

test("a Justfile of a whole homelab becomes the shipped book", async () => {
  const { recipes, groups } = await shippedBook();
  const { file, became, conflicts, warnings: told } = importJustfile(parseJustfile(seed), OWN);
  const services = [...recipes.values()].flatMap((recipe) =>
    recipe.kind === "service"
      ? [[recipe.name, recipe.dir, recipe.needs.map((need) => need.name)] as const]
      : [],
  );
  const made = Object.entries(file.services ?? {}).map(
    ([name, { dir, needs }]) => [name, dir ?? `services/${name}`, needs ?? []] as const,
  );
  expect([...made].sort()).toEqual([...services].sort());
  const members = Object.fromEntries([...groups.values()].map(({ name, members: all }) => [name, [...all]]));
  expect(file.groups ?? {}).toEqual(members);
  expect(file.tasks).toBeUndefined();
  expect(conflicts).toEqual([]);
  expect(became.filter(({ what }) => what === "built in").map(({ name }) => name)).toEqual(
    "default deploy-all update-system deploy stop restart logs pull-images cleanup validate".split(" "),
  );
  // Which is true, and all that there is to be said.
  expect(told).toEqual([
    {
      line: 6,
      text: "`homelab deploy-all` also brings up what the recipe does not: pihole, alloy, loki, prometheus, grafana, homepage, immich, nextcloud",
    },
  ]);
});

test("recipes have parameters, needs, a comment and a body without indentation", () => {
  const {
    recipes,
    variables,
    warnings: none,
  } = parseJustfile(
    [
      'name := "value"',
      "# Backs up",
      "backup target level='full' +files: build (notify \"it's\") && tidy # trailing",
      "    @restic \\",
      "      backup",
      "",
      "\tindented differently",
      "build:",
    ].join("\n"),
  );
  expect(none).toEqual([]);
  expect([...variables]).toEqual([["name", "value"]]);
  expect(recipes).toEqual([
    {
      name: "backup",
      line: 3,
      params: [
        { name: "target", default: undefined, variadic: false },
        { name: "level", default: "full", variadic: false },
        { name: "files", default: undefined, variadic: true },
      ],
      needs: [
        { name: "build", args: [] },
        { name: "notify", args: ['"it\'s"'] },
      ],
      afterwards: [{ name: "tidy", args: [] }],
      body: [
        { line: 4, text: "@restic backup" },
        { line: 6, text: "" },
        { line: 7, text: "indented differently" },
      ],
      comment: "Backs up",
      confirm: undefined,
    },
    {
      name: "build",
      line: 8,
      params: [],
      needs: [],
      afterwards: [],
      body: [],
      comment: undefined,
      confirm: undefined,
    },
  ]);
});

test.each([
  ["cd", "cd services/a/b && docker compose up -d", "services/a/b"],
  ["a file", "docker compose -f services/a/b/compose.yml up -d", "services/a/b"],
  ["the old command", "docker-compose -f ./services/a/b/docker-compose.yaml up -d", "services/a/b"],
  ["a project directory", "docker compose --project-directory services/a/b/ up -d --wait", "services/a/b"],
])("a service is found by %s", (_, line, dir) => {
  expect(imported(`ensure-x:\n    ${line}\n`).file).toEqual({ services: { x: { dir } } });
});

const UP = "    docker compose -f services/x/compose.yml up -d\n";

test.each<[string, string, object, string[]]>([
  [
    "what is reserved, not valid, or of no length",
    `ensure-all:\n${UP}ensure-:\n${UP}constructor:\n    true\n__proto__:\n    true\n`,
    {
      services: { "just-all": { dir: "services/x" }, just: { dir: "services/x" } },
      tasks: { "just-constructor": { run: ["true"] }, proto: { run: ["true"] } },
    },
    [
      "1: `all` is called `just-all` here",
      "3: `` is called `just` here",
      "5: `constructor` is called `just-constructor` here",
      "7: `__proto__` is called `proto` here",
    ],
  ],
  [
    "a group that is called like a family",
    "ensure-tv-a:\n    cd services/tv/a && docker compose up -d\nensure-b:\n    cd services/b && docker compose up -d\ndeploy-tv: ensure-tv-a ensure-b\n",
    {
      services: { "tv-a": { dir: "services/tv/a" }, b: {} },
      groups: { "tv-group": ["tv-a", "b"] },
    },
    [],
  ],
  [
    "what is longer than a name may be",
    `${"x".repeat(70)}:\n    true\n`,
    { tasks: { ["x".repeat(58)]: { run: ["true"] } } },
    [`1: \`${"x".repeat(70)}\` is called \`${"x".repeat(58)}\` here`],
  ],
])("a name that is valid is given to %s", (_, text, file, want) => {
  expect(imported(text).file).toEqual(file);
  expect(warnings(text)).toEqual(want);
});

test.each([
  ["outside", "cd /srv/x && docker compose up -d"],
  ["above", "cd ../x && docker compose up -d"],
  ["in somebody's home", "cd ~/x && docker compose up -d"],
  ["where only the shell knows", "cd $HOME/x && docker compose up -d"],
  ["where nothing can be", "cd services/\x07x && docker compose up -d"],
  ["where only just knows", "cd {{services}}/x && docker compose up -d"],
])("a service %s has no directory of its own here", (_, line) => {
  expect(imported(`ensure-x:\n    ${line}\n`).file).toEqual({ services: { x: {} } });
  expect(warnings(`ensure-x:\n    ${line}\n`)).toEqual([
    "1: where `x` is started was not understood",
    expect.stringMatching(/^2: in `ensure-x`: the directory `.*` cannot stand in a recipe$/s),
  ]);
});

test.each([
  ["a name and white space", `a${" ".repeat(20_000)}b`],
  ["an assignment without a value", `a${" \t".repeat(10_000)}x=y: b`],
  ["a value of white space", `a :=${" ".repeat(20_000)}\u2028b`],
  ["needs of white space", `a:${" ".repeat(20_000)}\u2028b`],
  ["needs in brackets", `a:${"(a".repeat(10_000)}`],
  ["what is to be replaced", `a:\n  ${"{{ ".repeat(7000)}`],
  ["what is to be replaced by nothing", `a:\n  {{${" ".repeat(20_000)}x`],
  ["quotes", `a ${"'".repeat(20_001)}:`],
  ["commands", `ensure-a:\n  ${"docker compose ".repeat(1400)}`],
])("%s of any length take no time", (_, text) => {
  const begun = process.cpuUsage().user;
  imported(text);
  expect(process.cpuUsage().user - begun).toBeLessThan(1_000_000);
});

test("lines of nothing but signs are none", () => {
  expect(imported("a:\n    @\n    -\n    @new\n").file).toEqual({ tasks: { a: { run: ["new"] } } });
});

test("other recipes become tasks whose parameters are variables of the shell", () => {
  const text = `# Saves everything
save target: ensure-web check
    @echo "to {{target}}"
    -restic -r {{target}} backup {{ place }}
    just stop web
ensure-web:
    cd services/web && docker compose up -d
check:
    #!/usr/bin/env bash
    set -e
    true
stop service:
    cd services/{{service}} && docker compose down
place := "/var/lib"
`;
  expect(imported(text).file.tasks).toEqual({
    save: {
      description: "Saves everything",
      params: ["target"],
      needs: ["web"],
      run: [
        "homelab check",
        'echo "to ${target}"',
        'restic -r "$target" backup /var/lib || true',
        "homelab stop web",
      ],
    },
    check: { run: ["#!/usr/bin/env bash\nset -e\ntrue"] },
  });
  expect(warnings(text)).toEqual([]);
});

test.each([
  ["a setting", "set shell := ['bash']\n", ["1: `set shell := ['bash']` is left out"]],
  ["a computed variable", "x := `date`\n", ["1: the value of `x` is computed, and left out"]],
  ["an attribute", "[linux]\na:\n    true\n", ["1: the attribute [linux] is left out"]],
  [
    "a default",
    "a b='1':\n    echo {{b}}\n",
    ["1: in `a`: the default of `b` is left out: it has to be given"],
  ],
  ["an expression", "a:\n    echo {{arch()}}\n", ["2: in `a`: `{{arch()}}` is not translated"]],
  [
    "single quotes",
    "a b:\n    echo '{{b}}'\n",
    ["2: in `a`: `{{b}}` stands in single quotes, where the shell replaces nothing"],
  ],
  ["another name", "My_Task:\n    true\n", ["1: `My_Task` is called `my-task` here"]],
  [
    "a need that is no service",
    "ensure-a: b\n    docker compose -f a/compose.yml up -d\n",
    ["1: `a` needs `b`, which is no service: left out"],
  ],
  ["nonsense", "???\n", ["1: `???` is not understood and left out"]],
])("%s is told of, with its line", (_, text, want) => expect(warnings(text)).toEqual(want));
