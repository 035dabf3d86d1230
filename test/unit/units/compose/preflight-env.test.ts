import { describe, expect, test } from "bun:test";
import {
  listVariables,
  missingVariables,
  optionalVariables,
} from "../../../../src/units/compose/preflight-env.ts";

interface Case {
  readonly example?: string;
  readonly dotenv?: Record<string, string>;
  readonly env?: Record<string, string>;
  /** Names in env files, which compose does not take variables from. */
  readonly files?: string[];
  readonly compose?: string;
  readonly optional?: string[];
  readonly services?: string[];
}

const missing = ({
  example,
  dotenv = {},
  env = {},
  files = [],
  compose = "services: {}",
  optional = [],
  services = ["app"],
}: Case) =>
  missingVariables({
    example: example === undefined ? undefined : { file: ".env.example", text: example },
    known: new Set([...Object.keys(dotenv), ...files]),
    lookup: (name) => env[name] ?? dotenv[name],
    files: [
      {
        file: "compose.yml",
        text: () => compose,
        document: { path: "/compose.yml", data: Bun.YAML.parse(compose) as Record<string, unknown> },
      },
    ],
    services: new Set(services),
    optional: new Set(optional),
  }).map(({ name, file, line }) => `${name} ${file}:${line}`);

const SERVICE = (value: string) => `services:\n  app:\n    image: "${value}"\n`;

describe("missingVariables() of", () => {
  test.each<[string, Case, string[]]>([
    ["nothing", {}, []],
    ["a key of the template that is there", { example: "A=1\n", dotenv: { A: "2" } }, []],
    ["one that is there and empty", { example: "A=1\n", dotenv: { A: "" } }, []],
    ["one that the environment has", { example: "A=1\n", env: { A: "" } }, []],
    ["one that is not there", { example: "# A\n\nA=1\n" }, ["A .env.example:3"]],
    ["one that an env file has", { example: "A=1\n", files: ["A"] }, []],
    ["a variable that only an env file has", { compose: SERVICE("${A}"), files: ["A"] }, ["A compose.yml:3"]],
    ["one that may be missing", { example: "A=1\n", optional: ["A"] }, []],
    ["one that is commented out", { example: "#A=1\n" }, []],
    ["a variable", { compose: SERVICE("${A}") }, ["A compose.yml:3"]],
    ["a variable without braces", { compose: SERVICE("$A:$B"), env: { B: "b" } }, ["A compose.yml:3"]],
    ["a variable that is empty", { compose: SERVICE("${A}"), dotenv: { A: "" } }, []],
    ["a variable with a default", { compose: SERVICE("${A:-x}${B-}") }, []],
    ["a default without value", { compose: SERVICE("${A:-${B}}") }, ["B compose.yml:3"]],
    ["a default that is not needed", { compose: SERVICE("${A:-${B}}"), dotenv: { A: "a" } }, []],
    ["a variable that must be there, of which others tell", { compose: SERVICE("${A:?no}") }, []],
    ["a dollar sign", { compose: SERVICE("$$A") }, []],
    ["what compose sets by itself", { compose: SERVICE("${COMPOSE_PROJECT_NAME}") }, []],
    ["a service that nobody asked for", { compose: SERVICE("${A}"), services: [] }, []],
    ["an extension", { compose: "x-a: ${A}\nservices: {}\n" }, []],
    ["a network", { compose: "services: {}\nnetworks: { a: { name: $A } }\n" }, ["A compose.yml:2"]],
    ["a comment before it", { compose: `# \${A}\n${SERVICE("${A}")}` }, ["A compose.yml:4"]],
    ["a longer name before it", { compose: `# b\n${SERVICE("${AB:-x}${A}")}` }, ["A compose.yml:4"]],
    ["both", { example: "A=1\n", compose: SERVICE("${A}") }, ["A .env.example:1"]],
  ])("%s", (_, each, want) => expect(missing(each)).toEqual(want));
});

test("listVariables() gives the names of each file with their lines", () => {
  const all = [
    { name: "A", file: "one", line: 3 },
    { name: "B", file: "two", line: 0 },
    { name: "C", file: "one", line: 7 },
  ];
  expect(listVariables(all)).toBe("`A`, `C` (one:3, 7), `B` (two)");
});

describe("optionalVariables() of", () => {
  test.each<[unknown, string[]]>([
    [{}, []],
    [{ "x-homelab": null }, []],
    [{ "x-homelab": { oneshot: true } }, []],
    [{ "x-homelab": { env: { optional: ["A", "B"] } } }, ["A", "B"]],
  ])("%j", (data, want) => {
    expect(optionalVariables({ data: data as Record<string, unknown> }, "compose.yml")).toEqual(want);
  });
  test.each([["A"], [{ A: 1 }], [[1]]].map(([optional]) => ({ "x-homelab": { env: { optional } } })))(
    "%j is refused",
    (data) => {
      expect(() => optionalVariables({ data }, "compose.yml")).toThrow(
        "`x-homelab.env.optional` of compose.yml is no list of names",
      );
    },
  );
});
