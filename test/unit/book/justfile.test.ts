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
