import type { Chance } from "./chance.ts";
import { INTERPOLATIONS, ODD_NAMES, ODD_SCALARS } from "./odd.ts";

const NAMES = ["a", "b", "c", "app", "db", "a-b", "sonarr", "x1"];

const name = (chance: Chance): string => (chance.happens(15) ? chance.pick(ODD_NAMES) : chance.pick(NAMES));

/** A value that is the right one most of the time. */
const or = (chance: Chance, right: string): string =>
  chance.happens(12) ? chance.pick([...ODD_SCALARS, ...INTERPOLATIONS]) : right;

const list = (chance: Chance, make: () => string): string => `[${chance.some(0, 3, make).join(", ")}]`;
const quoted = (text: string): string => JSON.stringify(text);

/** YAML of no meaning, grown along its grammar. */
export function anyYaml(chance: Chance): string {
  return chance.happens(50) ? block(chance, 0, 5) : `${flow(chance, 6)}\n`;
}

function flow(chance: Chance, depth: number): string {
  if (depth === 0 || chance.happens(40)) return chance.pick(ODD_SCALARS);
  const mark = chance.happens(10) ? chance.pick(["&a ", "&b ", "!!map ", "!!seq ", "!x "]) : "";
  if (chance.happens(50)) return `${mark}${list(chance, () => flow(chance, depth - 1))}`;
  const pairs = chance.some(0, 3, () => `${quoted(name(chance))}: ${flow(chance, depth - 1)}`);
  return `${mark}{${pairs.join(", ")}}`;
}

function block(chance: Chance, indent: number, depth: number): string {
  const lead = " ".repeat(indent);
  const step = chance.pick([1, 2, 2, 4]);
  const inner = () =>
    depth > 0 && chance.happens(50)
      ? `${chance.pick(["", "", " &a", " !!map"])}\n${block(chance, indent + step, depth - 1)}`
      : ` ${flow(chance, 1)}\n`;
  const isList = chance.happens(35);
  return chance
    .some(1, 4, () => `${lead}${isList ? "-" : `${chance.pick([name(chance), "<<", "? a\n"])}:`}${inner()}`)
    .join("");
}

/** A recipe file with the shape of one. */
export function recipeFile(chance: Chance): string {
  const need = () =>
    chance.happens(70)
      ? or(chance, name(chance))
      : `{ name: ${name(chance)}, when: ${or(chance, "started")} }`;
  const ready = () =>
    `{ ${chance.pick(["http: http://x", "tcp: x:1", "command: a b", "command: [a]", "wthin: 1s"])}, within: ${or(chance, "1m")} }`;
  const keys: Readonly<Record<string, () => string>> = {
    needs: () => or(chance, list(chance, need)),
    after: () =>
      or(
        chance,
        list(chance, () => name(chance)),
      ),
    dir: () =>
      or(chance, chance.pick(["services/a", "services/a/b", ".", "./services/a/", "../x", "a/../../b"])),
    project: () => or(chance, name(chance)),
    ready: () => or(chance, ready()),
    mounts: () => or(chance, "[/mnt/x]"),
    rollback: () => or(chance, "auto"),
    description: () => or(chance, quoted(chance.pick(ODD_NAMES) || "x")),
    unit: () => or(chance, "a.service"),
    address: () => or(chance, "a.lan"),
    critical: () => or(chance, "[a.service]"),
    params: () => or(chance, "[a, b]"),
    confirm: () => or(chance, "'{{a}}?'"),
    run: () => or(chance, chance.pick(["x", "[x, 'y \"$a\"']"])),
    finally: () => or(chance, "x"),
  };
  const of = (section: string): readonly string[] =>
    ({
      services: ["needs", "needs", "after", "dir", "project", "ready", "mounts", "rollback", "description"],
      units: ["unit", "unit", "needs", "ready"],
      microvms: ["address", "needs"],
      hosts: ["address", "critical"],
      tasks: ["run", "run", "params", "confirm", "finally", "needs", "description"],
    })[section] ?? ["needs"];
  const entry = (section: string): string => {
    const written = new Set(
      chance.some(0, 3, () => chance.pick(chance.happens(4) ? Object.keys(keys) : of(section))),
    );
    if (section === "units") written.add("unit");
    if (section === "tasks") written.add("run");
    return `{ ${[...written].map((key) => `${key}: ${keys[key]?.()}`).join(", ")} }`;
  };
  const sections = chance.some(1, 4, () =>
    chance.pick(["services", "services", "services", "units", "tasks", "groups", "microvms", "hosts"]),
  );
  const texts = [...new Set(sections)].map((section) => {
    if (chance.happens(4)) return `${section}: ${chance.pick(ODD_SCALARS)}\n`;
    const names = [...new Set(chance.some(1, 6, () => name(chance)))];
    if (chance.happens(5)) names.push(names[0] ?? "a");
    const body = () =>
      section === "groups"
        ? list(chance, () => name(chance))
        : chance.happens(5)
          ? chance.pick(ODD_SCALARS)
          : entry(section);
    return `${section}:\n${names.map((key) => `  ${/^[\w-]+$/.test(key) ? key : quoted(key)}: ${body()}\n`).join("")}`;
  });
  if (chance.happens(15)) texts.push(`include: ${or(chance, "[builtin:media, builtin:infrastructure]")}\n`);
  return texts.join("");
}

/** A compose file with the shape of one. */
export function composeFile(chance: Chance): string {
  const text = (): string =>
    quoted(chance.some(1, 3, () => chance.pick([...INTERPOLATIONS, "a", "/x", ":", "1"])).join(""));
  const file = (): string =>
    or(
      chance,
      chance.pick(
        [
          "a.env",
          "more.yml",
          "pass.txt",
          ".env",
          "none.env",
          "./x/../a.env",
          ".",
          "..",
          "/dev/null",
          "compose.yml",
          '"${TOKEN}.env"',
        ].map(quoted),
      ),
    );
  const keys: Readonly<Record<string, () => string>> = {
    image: text,
    environment: () => chance.pick([`{ A: ${text()}, B: ${text()} }`, `[${quoted("A=b")}, ${text()}]`]),
    env_file: () =>
      chance.pick([file(), `[${file()}, { path: ${file()}, required: ${or(chance, "false")} }]`]),
    label_file: file,
    extends: () => `{ file: ${file()}, service: ${name(chance)} }`,
    configs: () => `[${or(chance, "conf")}, { source: conf }]`,
    secrets: () => `[${or(chance, "pass")}]`,
    profiles: () => or(chance, list(chance, text)),
    scale: () => or(chance, text()),
    deploy: () => `{ replicas: ${or(chance, "2")} }`,
    build: () => or(chance, "."),
    pull_policy: () => or(chance, "never"),
    ports: () => list(chance, text),
    container_name: text,
    network_mode: () => or(chance, '"container:x"'),
  };
  const service = () =>
    chance.happens(6)
      ? chance.pick(ODD_SCALARS)
      : `{ ${[...new Set(chance.some(1, 5, () => chance.pick(Object.keys(keys))))].map((key) => `${key}: ${or(chance, keys[key]?.() ?? "")}`).join(", ")} }`;
  const services = [...new Set(chance.some(1, 4, () => name(chance)))]
    .map((key) => `  ${quoted(key)}: ${service()}\n`)
    .join("");
  const parts = [
    `services:\n${services}`,
    `name: ${chance.happens(50) ? "stack" : text()}\n`,
    `include: [${file()}, { path: ${file()}, env_file: ${file()} }]\n`,
    `configs: { conf: { file: ${file()} } }\n`,
    `secrets: { pass: { file: ${file()} }, other: ${chance.pick(ODD_SCALARS)} }\n`,
    `x-a: &a ${flow(chance, 2)}\n`,
  ];
  return parts.filter((_, index) => index === 0 || chance.happens(25)).join("");
}

/** An environment file; its values are secrets. */
export function envFile(chance: Chance): string {
  const value = () =>
    chance.pick([
      () => chance.secret(),
      () => `"${chance.secret()}"`,
      () => `'${chance.secret()}'`,
      () => `"${chance.secret()} ${chance.pick(INTERPOLATIONS)}"`,
      () => `${chance.secret()} # comment`,
      () => `"${chance.secret()}\n${chance.secret()}"`,
      () => `\`${chance.secret()}\``,
      () => `"${chance.secret()}`,
      () => `'${chance.secret()}`,
      () => `a=${chance.secret()}`,
      () =>
        chance.pick([
          "",
          "1",
          "changeme",
          "<password>",
          "your_key",
          "'",
          '"',
          "\\",
          "$",
          "${",
          "#",
          "=",
          "${X}",
        ]),
      () => chance.pick(INTERPOLATIONS),
    ])();
  const key = () =>
    chance.happens(80)
      ? chance.pick([
          "TOKEN",
          "X",
          "Y",
          "Z",
          "PASSWORD",
          "NAME_OF",
          "COUNT",
          "MORE",
          "constructor",
          "__proto__",
        ])
      : chance.pick([...ODD_NAMES, "COMPOSE_PROFILES", "COMPOSE_PROJECT_NAME", "PATH"]);
  const lines = chance.some(0, 12, () =>
    chance.pick([
      () => `${key()}=${value()}`,
      () => `${key()}=${value()}`,
      () => `${key()}=${value()}`,
      () => `${chance.pick(["export ", "  ", "\t", "export  "])}${key()}=${value()}`,
      () => `${key()} ${chance.pick(["=", " = ", ":", ": "])}${value()}`,
      () => `# ${key()}=${chance.secret()}`,
      () => key(),
      () => "",
      () => `=${chance.secret()}`,
    ])(),
  );
  return `${lines.join(chance.pick(["\n", "\n", "\n", "\r\n", "\r"]))}${chance.pick(["\n", ""])}`;
}

/** A Justfile with the shape of one. */
export function justfile(chance: Chance): string {
  const recipe = () =>
    chance.pick([
      "a",
      "b",
      "ensure-a",
      "ensure-b",
      "ensure-a_b",
      "deploy-all",
      "deploy-a",
      "_x",
      "A",
      "a_",
      "all",
      "constructor",
      "__proto__",
      "ensure-__proto__",
      "ensure-",
      "x".repeat(80),
    ]);
  const line = () =>
    chance.pick([
      "cd services/a && docker compose up -d",
      "@just ensure-a ensure-b",
      "docker compose -f services/b/compose.yml up -d",
      "-rm {{x}}",
      "@",
      "-",
      "@-",
      'echo "{{ x }} {{y}}"',
      "echo '{{x}}'",
      "{{",
      "{{}}",
      "{{ x",
      "#!/bin/sh",
      "\techo",
      "echo \\",
      "docker compose --file=../../x.yml up",
      "",
    ]);
  const header = () =>
    `${chance.pick(["", "", "@"])}${recipe()}${chance.pick(["", "", " x", " x='a'", ' $x="b" +y', " *z", " x=y:", " 1"])}:${chance.pick(["", "", ` ${recipe()}`, ` ${recipe()} ${recipe()}`, ` (${recipe()} "x") && ${recipe()}`, " # comment"])}`;
  return chance
    .some(0, 8, () =>
      chance.pick([
        () =>
          `${header()}\n${chance.some(0, 3, () => `${chance.pick(["    ", "  ", "\t"])}${line()}\n`).join("")}`,
        () => `${header()}\n${chance.some(0, 3, () => `    ${line()}\n`).join("")}`,
        () => `${recipe()} := ${chance.pick(['"x"', "'y'", "`cmd`", "a + b", ""])}\n`,
        () => `set shell := ["bash"]\n`,
        () => `# ${chance.pick(ODD_NAMES)}\n`,
        () => `[${chance.pick(["private", "group('x')", "unix"])}]\n`,
        () => `${chance.pick(ODD_SCALARS)}\n`,
      ])(),
    )
    .join("");
}
