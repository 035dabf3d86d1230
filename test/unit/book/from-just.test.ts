import { expect, test } from "bun:test";
import { type Imported, importJustfile } from "../../../src/book/from-just.ts";
import { parseJustfile } from "../../../src/book/justfile.ts";

const COMMANDS = {
  names: new Set(
    "list ensure deploy stop restart logs status setup cleanup env update update-system validate report".split(
      " ",
    ),
  ),
  verbs: new Set(["ensure", "deploy", "stop", "restart", "logs", "status"]),
};
const imported = (text: string): Imported => importJustfile(parseJustfile(text), COMMANDS);
const told = (text: string) => imported(text).warnings.map(({ line, text: why }) => `${line}: ${why}`);

/** Two services, which begin in line 1. */
const SERVICES = `ensure-a:
    cd services/a && docker compose up -d
ensure-b: ensure-a
    cd services/b && docker compose up -d
`;
const services = { a: {}, b: { needs: ["a"] } };

test("recipes of services are taken over without a word when nothing is lost", () => {
  const text = `${SERVICES}ensure-c:
    # a comment
    @echo "Ensuring c..."
    cd ./services/x/ && docker compose -f compose.yml -p other up --detach --wait
`;
  const { file, warnings, conflicts } = imported(text);
  expect(file).toEqual({ services: { ...services, c: { dir: "services/x", project: "other" } } });
  expect([warnings, conflicts]).toEqual([[], []]);
});

test("a service is found in a script", () => {
  const text = `ensure-a:
    #!/usr/bin/env bash
    set -euo pipefail
    echo "a"
    cd services/x
    touch flag
    docker compose up -d
`;
  expect(imported(text).file).toEqual({ services: { a: { dir: "services/x" } } });
  expect(told(text)).toEqual(["3: in `ensure-a`: `touch flag` is left out"]);
});

test("what a service calls before it starts is what it needs", () => {
  const text = `${SERVICES}ensure-c:
    @just ensure-b ensure-a
    just ensure-a && date > /started
    cd services/c && docker compose up -d
    just ensure-b
`;
  expect(imported(text).file.services?.c).toEqual({ needs: ["b", "a"] });
  expect(told(text)).toEqual([
    "7: in `ensure-c`: `just ensure-a && date > /started` is left out",
    "9: in `ensure-c`: `just ensure-b` is left out",
  ]);
});

test("all that is lost of a service is told of, with its line", () => {
  const text = `ensure-a: check && ensure-b
    ./mount.sh
    docker network create web || true
    cd services/a && docker compose pull && sudo docker compose --profile x --env-file e.env up -d --build app
    curl -X POST http://hook
    @echo done > flag
ensure-b:
    docker compose -f services/b/base.yml -f services/b/own.yml up -d --remove-orphans
ensure-c:
    cd /opt/c && TZ=UTC docker compose up -d
ensure-d where:
    cd {{where}} && docker compose up -d
check:
    true
`;
  expect(imported(text).file.services).toEqual({ a: {}, b: {}, c: {} });
  expect(told(text)).toEqual([
    "1: `a` needs `check`, which is no service: left out",
    "1: `ensure-a` calls `ensure-b` when it is done: left out",
    "2: in `ensure-a`: `./mount.sh` is left out",
    "3: in `ensure-a`: `docker network create web || true` is left out",
    "4: in `ensure-a`: `docker compose pull` is left out",
    "4: in `ensure-a`: `sudo` is left out",
    "4: in `ensure-a`: `--env-file e.env` is left out",
    "4: in `ensure-a`: `--build` is left out",
    "4: in `ensure-a`: `--profile` is left out: write COMPOSE_PROFILES=x into its `.env`",
    "4: in `ensure-a`: it starts `app` alone, `ensure` all that its compose file has",
    "5: in `ensure-a`: `curl -X POST http://hook` is left out",
    "6: in `ensure-a`: `echo done > flag` is left out",
    "8: in `ensure-b`: `--remove-orphans` is left out",
    "8: in `ensure-b`: `-f` is left out: write COMPOSE_FILE=base.yml:own.yml into its `.env`",
    "9: where `c` is started was not understood",
    "10: in `ensure-c`: `TZ=UTC` is left out",
    "10: in `ensure-c`: the directory `/opt/c` cannot stand in a recipe",
    "12: `ensure-d` has parameters, and becomes a task: a service is one directory",
  ]);
});

test.each<[string, string, Imported["file"], string[]]>([
  ["by its needs", "deploy-web: update-system ensure-a ensure-b\n", { groups: { web: ["a", "b"] } }, []],
  [
    "by its calls",
    "deploy-web:\n    git pull\n    @just ensure-b ensure-a\n",
    { groups: { web: ["b", "a"] } },
    [],
  ],
  [
    "by another group",
    "deploy-web: deploy-x\ndeploy-x: ensure-b\n",
    { groups: { web: ["b"], x: ["b"] } },
    [],
  ],
  ["with an ensure of its own", "ensure-web: ensure-a\n", { groups: { web: ["a"] } }, []],
  [
    "with other lines",
    "deploy-web: prepare\n    ./backup.sh\n    just ensure-a && touch done\n    git pull\nprepare:\n    true\n",
    { groups: { web: ["a"] }, tasks: { prepare: { run: ["true"] } } },
    [
      "5: in `deploy-web`: `prepare` is left out: a group only names recipes",
      "6: in `deploy-web`: `./backup.sh` is left out",
      "7: in `deploy-web`: `just ensure-a && touch done` is left out",
    ],
  ],
  [
    "with a script",
    "deploy-web: ensure-a\n    #!/bin/sh\n    git pull\n    ./x.sh\n",
    { groups: { web: ["a"] } },
    ["7: in `deploy-web`: its script is left out"],
  ],
  [
    "with something that is no service",
    "deploy-web: ensure-a ensure-nginx\nensure-nginx:\n    systemctl start nginx\n",
    { groups: { web: ["a"] }, tasks: { "ensure-nginx": { run: ["systemctl start nginx"] } } },
    ["5: in `deploy-web`: `ensure-nginx` is left out: a group only names recipes"],
  ],
])("a group is found %s", (_, text, file, want) => {
  expect(imported(SERVICES + text).file).toEqual({ services, ...file });
  expect(told(SERVICES + text)).toEqual(want);
});

test.each<[string, string, string, Imported["file"]["tasks"], string[]]>([
  ["a command as in the seed", "cleanup:\n    docker image prune -f\n", "built in", undefined, []],
  ["a default that lists", "default:\n    @just --list\n", "built in", undefined, []],
  ["newer inputs of a flake", "update:\n    nix flake update\n", "built in", undefined, []],
  ["one service's verb", "stop-a:\n    cd services/a && docker compose down\n", "built in", undefined, []],
  [
    "a deployment of one service and what it needs",
    "deploy-b: ensure-a ensure-b\n",
    "built in",
    undefined,
    [],
  ],
  ["a deployment of one service", "deploy-a: update-system ensure-a\n", "built in", undefined, []],
  [
    "a command that does more",
    "cleanup:\n    docker image prune -f\n    docker volume prune -f\n",
    "task",
    { "just-cleanup": { run: ["docker image prune -f", "docker volume prune -f"] } },
    [
      "5: `cleanup` does more than `homelab cleanup`: `docker volume prune -f`",
      "5: `cleanup` is called `just-cleanup` here",
    ],
  ],
  [
    "a command of another meaning",
    "status: setup\nsetup:\n    ./setup.sh\n",
    "task",
    { "just-status": { run: ["homelab just-setup"] }, "just-setup": { run: ["./setup.sh"] } },
    [
      "5: `status` does more than `homelab status`: `setup`",
      "5: `status` is called `just-status` here",
      "6: `setup` does more than `homelab setup`: `./setup.sh`",
      "6: `setup` is called `just-setup` here",
    ],
  ],
  [
    "a verb on what is no recipe",
    "logs-nginx:\n    docker logs nginx\n",
    "task",
    { "logs-nginx": { run: ["docker logs nginx"] } },
    [],
  ],
  [
    "a verb that does something else",
    "stop-all:\n    docker stop $(docker ps -q)\n",
    "task",
    { "stop-all": { run: ["docker stop $(docker ps -q)"] } },
    [],
  ],
  [
    "a deployment without services",
    "deploy-docs:\n    mkdocs gh-deploy\n",
    "task",
    { "deploy-docs": { run: ["mkdocs gh-deploy"] } },
    [],
  ],
  [
    "an update of one's own",
    "deploy-a: update-system ensure-a\nupdate-system:\n    ./update.sh\n",
    "built in",
    { "just-update-system": { run: ["./update.sh"] } },
    [
      "5: in `deploy-a`: `update-system` is left out, the one of homelab is done",
      "6: `update-system` does more than `homelab update-system`: `./update.sh`",
      "6: `update-system` is called `just-update-system` here",
    ],
  ],
  [
    "a default of one's own",
    "default: ensure-a\n",
    "task",
    { "just-default": { needs: ["a"], run: ["true"] } },
    ["5: `default` does more than `homelab`: `ensure-a`", "5: `default` is called `just-default` here"],
  ],
])("%s", (_, text, what, tasks, want) => {
  const { file, became } = imported(SERVICES + text);
  expect([became[2]?.what, file.tasks]).toEqual([what as never, tasks]);
  expect(told(SERVICES + text)).toEqual(want);
});

test.each<[string, string, string[], string[]]>([
  ["several recipes", "just ensure-a ensure-b x", ["homelab ensure a b && homelab x"], []],
  [
    "several recipes in a pipe",
    "just x ensure-a | tee log",
    ["{ homelab x && homelab ensure a; } | tee log"],
    [],
  ],
  ["a renamed one", "@just _prepare", ["homelab prepare"], []],
  ["an alias", "just p", ["homelab prepare"], []],
  ["a parameter", 'just say "to {{who}}" x', ['homelab say "to ${who}" && homelab x'], []],
  ["a target of a parameter", "just ensure-{{who}}", ['homelab ensure-"$who"'], []],
  ["one in a condition", "if just x; then sudo just x; fi", ["if homelab x; then sudo homelab x; fi"], []],
  ["one in a substitution", 'echo "$(just x)"', ['echo "$(homelab x)"'], []],
  ["with a redirection", "just x > log 2>&1", ["homelab x > log 2>&1"], []],
  ["an option for the task", 'just say "--loud"', ['homelab say -- "--loud"'], []],
  ["a default", "just ask", ["homelab ask who ''"], []],
  ["a default that is overridden", "just ask me a", ["homelab ask me a"], []],
  ["several words for one", "just ask me a b", ["homelab ask me 'a b'"], []],
  ["too few words", "just say", ["just say"], ["`just say` is not translated: `say` takes other words here"]],
  ["a mere word", "echo just kidding; echo 'just x'", ["echo just kidding; echo 'just x'"], []],
  ["the list", "just --list", ["homelab list"], []],
  ["what may fail", "-just x # maybe", ["homelab x # maybe\ntrue"], []],
  [
    "an unknown one",
    "just nope",
    ["just nope"],
    ["`just nope` is not translated: there is no recipe `nope`"],
  ],
  [
    "an option",
    "just -f other x",
    ["just -f other x"],
    ["`just -f other x` is not translated: the option `-f`"],
  ],
])("a call in a task: %s", (_, line, run, want) => {
  const rest =
    "_prepare:\n    true\nx:\n    true\nsay what:\n    true\nask who=name *more:\n    true\nname := 'who'\nalias p := _prepare\n";
  const text = `call who:\n    ${line}\n${rest}${SERVICES}`;
  expect(imported(text).file.tasks?.call?.run).toEqual(run);
  const alias = "12: the alias `p` is left out: call `_prepare` by its own name";
  const own = [
    "9: in `ask`: the default of `who` is left out: it has to be given",
    "9: in `ask`: `more` takes one value here",
    "3: `_prepare` is called `prepare` here",
    alias,
  ];
  expect(told(text).filter((each) => !own.includes(each))).toEqual(
    want.map((each) => `2: in \`call\`: ${each}`),
  );
});

test("calls in scripts are translated, those in other languages are not", () => {
  const text = `a who:
    #!/usr/bin/env bash
    # just a comment
    for x in 1 2; do
        just b
    done
    echo "just {{who}} {{arch()}}"
b:
    true
c who:
    #!/usr/bin/env python3
    print("{{who}}")
`;
  expect(imported(text).file.tasks?.a?.run).toEqual([
    '#!/usr/bin/env bash\n# just a comment\nfor x in 1 2; do\n    homelab b\ndone\necho "just ${who} {{arch()}}"',
  ]);
  expect(told(text)).toEqual([
    "7: in `a`: `{{arch()}}` is not translated",
    "12: in `c`: `{{who}}` in a script for `/usr/bin/env python3` is not translated: parameters are in its environment",
  ]);
});

test("what a need is given is given on", () => {
  const text = `where := "here"
a who: (notify "it's # done" who where) ensure-x && (notify env("X") "" 'y')
    true
notify text to at:
    true
ensure-x:
    cd services/x && docker compose up -d
`;
  expect(imported(text).file.tasks?.a).toEqual({
    params: ["who"],
    needs: ["x"],
    run: [`homelab notify 'it'\\''s # done' "$who" here`, "true", `homelab notify 'env("X")' '' y`],
  });
  expect(told(text)).toEqual(['2: in `a`: `env("X")`, which `notify` is given, is not translated']);
});

test.each([
  ["_prepare:\n    a\nprepare:\n    b\n", ["prepare: 1 and 3"]],
  ["Build-X:\n    a\nbuild_x:\n    b\n", ["build-x: 1 and 3"]],
  ["a:\n    true\na:\n    false\n", ["a: 1 and 3"]],
  [`${SERVICES}a:\n    true\n`, ["a: 1 and 5"]],
  [`${SERVICES}deploy-a: ensure-b\n`, ["a: 1 and 5"]],
  [`${SERVICES}deploy-x: ensure-b\nensure-x: ensure-a\n`, ["x: 5 and 6"]],
  [`${SERVICES}deploy-a: ensure-a\n`, []],
])("two recipes of one name are a conflict: %j", (text, want) => {
  const shown = imported(text).conflicts.map(
    ({ name, recipes: [a, b] }) => `${name}: ${a.line} and ${b.line}`,
  );
  expect(shown).toEqual(want);
});

test("names are made such as recipe files take, also for who calls them", () => {
  const text = `ensure-My_App:
    cd services/my_app && docker compose up -d
ensure-b: ensure-My_App
    cd services/b && docker compose up -d
deploy-The_Web: ensure-My_App
go:
    just ensure-My_App deploy-The_Web
`;
  expect(imported(text).file).toEqual({
    services: { "my-app": { dir: "services/my_app" }, b: { needs: ["my-app"] } },
    groups: { "the-web": ["my-app"] },
    tasks: { go: { run: ["homelab ensure my-app && homelab deploy the-web"] } },
  });
  expect(told(text)).toEqual([
    "1: `My_App` is called `my-app` here",
    "5: `The_Web` is called `the-web` here",
  ]);
});

test("a task that just runs once and homelab more often is told of", () => {
  const text = "a: b c\n    true\nb: d\n    true\nc: d\n    true\nd:\n    true\n";
  expect(told(text)).toEqual(["1: in `a`: `d` runs once for each that needs it"]);
});

test("a question is asked by the task as well, and told of where there is none", () => {
  const text = `${SERVICES}[confirm("Really {{who}}?")]
wipe who:
    true
[confirm]
next:
    true
[confirm]
cleanup:
    docker image prune -f
`;
  expect(imported(text).file.tasks).toEqual({
    wipe: { params: ["who"], confirm: "Really {{who}}?", run: ["true"] },
    next: { confirm: "Run it?", run: ["true"] },
  });
  expect(told(text)).toEqual(["12: the question of `cleanup` is left out"]);
});

test("exported variables are told of, and still stand where they are named", () => {
  const text = 'export TZ := "UTC" # zone\na:\n    echo {{TZ}}\n';
  expect(imported(text).file.tasks?.a?.run).toEqual(["echo UTC"]);
  expect(told(text)).toEqual(["1: `export` of `TZ` is left out: no task and no service gets the variable"]);
});
