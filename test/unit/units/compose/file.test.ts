import { describe, expect, test } from "bun:test";
import { HomelabError } from "../../../../src/errors.ts";
import { parseCompose, references, summarize, texts } from "../../../../src/units/compose/file.ts";
import { show } from "../../book/home.ts";

const parse = async (text: string) =>
  (await parseCompose("/srv/compose.yml", text, () => "web/compose.yml")).data;

/** The error of a text, as a person sees it. */
async function refusal(text: string): Promise<string> {
  try {
    await parse(text);
  } catch (error) {
    if (error instanceof HomelabError) return show(error);
    throw error;
  }
  return "none";
}

describe("parseCompose() reads", () => {
  test.each([
    ["plain YAML", "services:\n  a:\n    image: x\n", { services: { a: { image: "x" } } }],
    ["JSON", '{"services": {"a": {}}}', { services: { a: {} } }],
    ["anchors and merges", "x: &x {a: 1}\ny:\n  <<: *x\n  b: 2\n", { x: { a: 1 }, y: { a: 1, b: 2 } }],
    ["compose's own tags", "services:\n  a:\n    ports: !reset []\n", { services: { a: { ports: [] } } }],
    [
      "a tag that overrides",
      "services:\n  a:\n    ports: !override\n      - 1\n",
      { services: { a: { ports: [1] } } },
    ],
  ])("%s", async (_, text, want) => expect(await parse(text)).toEqual(want));
});

describe("parseCompose() refuses", () => {
  const noMapping =
    "compose-invalid: web/compose.yml is not a mapping\n  hint: a compose file begins with `services:`";
  test.each([
    ["nothing", "", noMapping],
    ["comments alone", "# nothing\n", noMapping],
    ["a list", "- a\n", noMapping],
    ["a text", "services\n", noMapping],
    [
      "a tab",
      "services:\n\ta: x\n",
      `compose-invalid: malformed YAML in web/compose.yml: a tab is used for indentation
  at web/compose.yml:2:1: \ta: x
                          ^
  hint: indent with spaces`,
    ],
    [
      "a line that stands wrong",
      "services:\n  a:\n    image: x\n   b: y\n",
      `compose-invalid: malformed YAML in web/compose.yml: the indentation does not fit the lines above
  at web/compose.yml:4:1:    b: y
                          ^
  hint: keys of one mapping begin in the same column`,
    ],
    [
      "a bracket that is not closed",
      "services:\n  a:\n    ports: [1, 2\n",
      `compose-invalid: malformed YAML in web/compose.yml: a bracket is not closed
  at web/compose.yml:3:16:     ports: [1, 2
                                          ^
  hint: close it with \`]\` or \`}\``,
    ],
  ])("%s", async (_, text, want) => expect(await refusal(text)).toBe(want));
});

test.each([
  ["nothing", {}, []],
  ["env_file as a text", { services: { a: { env_file: "a.env" } } }, ["env_file a.env"]],
  [
    "env_file as a list",
    { services: { a: { env_file: ["a.env", "b.env"] } } },
    ["env_file a.env", "env_file b.env"],
  ],
  [
    "env_file as mappings",
    { services: { a: { env_file: [{ path: "a.env" }, { path: "b.env", required: false }] } } },
    ["env_file a.env", "env_file b.env, optional"],
  ],
  [
    "env_file of a service with a profile",
    { services: { a: { profiles: ["debug"], env_file: ["a.env"] } } },
    ["env_file a.env, optional"],
  ],
  ["label_file", { services: { a: { label_file: ["a.labels"] } } }, ["label_file a.labels"]],
  [
    "extends of another file",
    { services: { a: { extends: { file: "base.yml", service: "b" } } } },
    ["extends base.yml, compose file"],
  ],
  ["extends of the same file", { services: { a: { extends: { service: "b" } }, b: { extends: "c" } } }, []],
  [
    "configs and secrets",
    {
      services: { a: { configs: ["c"], secrets: [{ source: "s", target: "t" }, "e", "x"] } },
      configs: { c: { file: "c.conf" } },
      secrets: { s: { file: "s.txt" }, e: { environment: "E" }, x: { external: true } },
    },
    ["config c.conf", "secret s.txt"],
  ],
  [
    "configs and secrets that no service mounts",
    {
      services: { a: { secrets: [] }, b: { profiles: ["debug"], configs: ["c"] } },
      configs: { c: { file: "c.conf" } },
      secrets: { s: { file: "s.txt" } },
    },
    ["config c.conf, optional", "secret s.txt, optional"],
  ],
  ["include as a text", { include: ["a.yml"] }, ["include a.yml, compose file"]],
  [
    "include as a mapping",
    { include: [{ path: ["a.yml", "b.yml"], env_file: "i.env" }] },
    ["include a.yml, compose file", "include b.yml, compose file", "env_file i.env"],
  ],
  [
    "remote files",
    {
      include: ["https://host/a.yml", "oci://host/a", "git@host:a"],
      services: { a: { extends: { file: "ssh://host/a" } } },
    },
    [],
  ],
  [
    "values of the wrong type",
    { services: { a: null, b: 1, c: { env_file: 3, extends: 4 } }, configs: [], include: { path: 5 } },
    [],
  ],
])("references() finds %s", (_, data, want) => {
  const shown = references(data).map(
    ({ role, path, required, compose }) =>
      `${role} ${path}${required ? "" : ", optional"}${compose ? ", compose file" : ""}`,
  );
  expect(shown).toEqual(want);
});

describe("summarize() of", () => {
  const of = (...documents: Record<string, unknown>[]) => {
    const { name, services } = summarize(documents.map((data) => ({ path: "/srv/compose.yml", data })));
    return {
      name,
      services: [...services].map(([each, { replicas, profiles }]) => [each, replicas, ...profiles]),
    };
  };
  test.each([
    ["nothing", of({}), { name: undefined, services: [] }],
    ["a name", of({ name: "shop" }), { name: "shop", services: [] }],
    ["two names: the later counts", of({ name: "a" }, { name: "b" }), { name: "b", services: [] }],
    [
      "services",
      of({ services: { a: {}, b: null } }),
      {
        name: undefined,
        services: [
          ["a", 1],
          ["b", 1],
        ],
      },
    ],
    ["scale", of({ services: { a: { scale: 3 } } }), { name: undefined, services: [["a", 3]] }],
    [
      "replicas",
      of({ services: { a: { deploy: { replicas: 0 } } } }),
      { name: undefined, services: [["a", 0]] },
    ],
    [
      "profiles",
      of({ services: { a: { profiles: ["x", "y"] } } }),
      { name: undefined, services: [["a", 1, "x", "y"]] },
    ],
    [
      "an override that says nothing of replicas and profiles",
      of({ services: { a: { scale: 2, profiles: ["x"] } } }, { services: { a: { image: "y" } } }),
      { name: undefined, services: [["a", 2, "x"]] },
    ],
    [
      "an override that says something",
      of({ services: { a: { scale: 2 } } }, { services: { a: { scale: 3 }, b: {} } }),
      {
        name: undefined,
        services: [
          ["a", 3],
          ["b", 1],
        ],
      },
    ],
  ])("%s", (_, got, want) => expect(got).toEqual(want as never));
});

test("texts() gives every value, and no keys", () => {
  expect([...texts({ a: "1", b: ["2", { c: "3" }], d: 4, e: null })]).toEqual(["1", "2", "3"]);
});

test.each([
  ["what contains itself", "a: &a [one, *a]", ["one"]],
  ["what is meant again and again, once", `${bomb(20)}a: *x19`, ["one", "one"]],
  ["more levels than a stack has", `${"[".repeat(3000)}one${"]".repeat(3000)}`, ["one"]],
])("texts() comes to the end of %s", (_, text, want) => {
  expect([...texts(Bun.YAML.parse(text))]).toEqual(want);
});

/** Every level stands for twice as much as the one before. */
function bomb(levels: number): string {
  const lines = Array.from({ length: levels - 1 }, (_, at) => `x${at + 1}: &x${at + 1} [*x${at}, *x${at}]\n`);
  return `x0: &x0 [one, one]\n${lines.join("")}`;
}
