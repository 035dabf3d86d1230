import { describe, expect, test } from "bun:test";
import { rmSync, symlinkSync } from "node:fs";
import { HomelabError } from "../../../../src/errors.ts";
import type { Inputs } from "../../../../src/units/compose/input-types.ts";
import { composeFiles, readInputs } from "../../../../src/units/compose/inputs.ts";
import { hashText } from "../../../../src/units/compose/manifest.ts";
import { show } from "../../book/home.ts";
import { temporary } from "../../temporary.ts";
import { placeOf } from "./places.ts";

type Files = Readonly<Record<string, string>>;
type Environment = Readonly<Record<string, string>>;

/** Reads `services/web` of a homelab with these files; paths without a slash are those of the service. */
async function read(files: Files, env: Environment = {}): Promise<Inputs> {
  using root = homeOf(files);
  return await readInputs(root.path, placeOf(`${root.path}/services/web`), env);
}

const homeOf = (files: Files) =>
  temporary(Object.fromEntries(Object.entries(files).map(([file, text]) => [inHome(file), text])));

const inHome = (file: string) => (file.startsWith("/") ? file.slice(1) : `services/web/${file}`);

async function refusal(files: Files, env: Environment = {}): Promise<string> {
  try {
    await read(files, env);
  } catch (error) {
    if (error instanceof HomelabError) return show(error);
    throw error;
  }
  return "none";
}

const service = (fields: string) => `services:\n  app: ${fields}\n`;

describe("the manifest holds", () => {
  test.each([
    ["the compose file", { "compose.yml": service("{}") }, ["compose.yml"]],
    ["a compose file of the older name", { "docker-compose.yml": service("{}") }, ["docker-compose.yml"]],
    [
      "the first of two compose files",
      { "compose.yaml": service("{}"), "compose.yml": "" },
      ["compose.yaml"],
    ],
    [".env", { ".env": "A=1\n", "compose.yml": service("{}") }, [".env", "compose.yml"]],
    [
      "an override file",
      { "compose.yml": service("{}"), "compose.override.yml": service("{}") },
      ["compose.yml", "compose.override.yml"],
    ],
    [
      "the files of COMPOSE_FILE, and only those",
      {
        ".env": "COMPOSE_FILE=a.yml:sub/b.yml",
        "a.yml": service("{}"),
        "sub/b.yml": service("{}"),
        "compose.yml": "x",
      },
      [".env", "a.yml", "sub/b.yml"],
    ],
    [
      "files between separators of one's own",
      {
        ".env": "COMPOSE_FILE=a.yml;b.yml\nCOMPOSE_PATH_SEPARATOR=;",
        "a.yml": service("{}"),
        "b.yml": service("{}"),
      },
      [".env", "a.yml", "b.yml"],
    ],
    [
      "env files in every form",
      {
        "compose.yml": service("{ env_file: [a.env, { path: ./b.env }, { path: c.env, required: false }] }"),
        "a.env": "A=1",
        "b.env": "B=1",
      },
      ["compose.yml", "a.env", "b.env", "c.env (missing)"],
    ],
    [
      "one env file",
      { "compose.yml": service("{ env_file: ../shared.env }"), "/services/shared.env": "" },
      ["compose.yml", "../shared.env"],
    ],
    [
      "env files that a variable names",
      { ".env": "STAGE=live\n", "compose.yml": service('{ env_file: "${STAGE}.env" }'), "live.env": "" },
      [".env", "compose.yml", "live.env"],
    ],
    [
      "env files that a variable of a variable names",
      {
        ".env": "BASE=conf\nDATA=${BASE}/deep\n",
        "compose.yml": service('{ env_file: "${DATA}/a.env" }'),
        "conf/deep/a.env": "",
      },
      [".env", "compose.yml", "conf/deep/a.env"],
    ],
    [
      "configs and secrets",
      {
        "compose.yml": `${service("{}")}configs: { c: { file: c.conf } }\nsecrets: { s: { file: s.txt }, e: { environment: E } }\n`,
        "c.conf": "",
        "s.txt": "",
      },
      ["compose.yml", "c.conf", "s.txt"],
    ],
    [
      "what is included, with what that names",
      {
        "compose.yml": `include: [sub/inc.yml]\n${service("{}")}`,
        "sub/inc.yml": "services: { b: { env_file: [b.env, gone.env] } }",
        "sub/b.env": "",
      },
      ["compose.yml", "sub/inc.yml", "sub/.env (missing)", "sub/b.env", "sub/gone.env (missing)"],
    ],
    [
      "what is extended, with what that extends",
      {
        "compose.yml": service("{ extends: { file: base.yml, service: b } }"),
        "base.yml": "services: { b: { extends: { file: deep/base.yml, service: c } } }",
        "deep/base.yml": "services: { c: { label_file: c.labels } }",
        "deep/c.labels": "",
      },
      ["compose.yml", "base.yml", ".env (missing)", "deep/base.yml", "deep/.env (missing)", "deep/c.labels"],
    ],
    [
      "files that include each other, once",
      { "compose.yml": `include: [a.yml]\n${service("{}")}`, "a.yml": "include: [compose.yml]" },
      ["compose.yml", "a.yml", ".env (missing)"],
    ],
    [
      "paths that start at the first file's directory, in whichever file they are",
      {
        ".env": "COMPOSE_FILE=compose.yml:../shared/limits.yml",
        "compose.yml": service("{}"),
        "/services/shared/limits.yml": service("{ env_file: limits.env }"),
        "limits.env": "",
      },
      [".env", "compose.yml", "../shared/limits.yml", "limits.env"],
    ],
    [
      "no bind mounts",
      { "compose.yml": service("{ volumes: [./data:/data] }"), "data/x": "" },
      ["compose.yml"],
    ],
  ] as [string, Files, string[]][])("%s", async (_, files, want) => {
    const { manifest } = await read(files);
    expect(manifest.files.map(([path, hash]) => (hash === null ? `${path} (missing)` : path))).toEqual(want);
  });

  test("hashes of contents", async () => {
    const { manifest } = await read({ "compose.yml": service("{}") });
    expect(manifest.files).toEqual([["compose.yml", hashText(service("{}"))]]);
  });

  test("the variables that are used, with those of the environment as hashes", async () => {
    const text = service(
      '{ image: "a:${TAG:-1}", environment: { A: $SET, B: "${OUTER}", C: $$NOT, D: "${TAG}" } }',
    );
    const files = { ".env": "SET=1\nUNUSED=2\nOUTER=inner\nMORE=${DEEP}\n", "compose.yml": text };
    const { manifest } = await read(files, { OUTER: "outer", OTHER: "x", DEEP: "deep" });
    expect(manifest.variables).toEqual([
      ["DEEP", hashText("deep")],
      ["TAG", null],
      ["SET", null],
      ["OUTER", hashText("outer")],
    ]);
  });

  test("variables whose names every object of the language has", async () => {
    const text = service('{ image: "a:$constructor", labels: { a: "${toString:-b}", c: "${__proto__}" } }');
    const { manifest, images } = await read({ ".env": "A=${valueOf}\n__proto__=x\n", "compose.yml": text });
    expect([images, manifest.variables]).toEqual([
      ["a:"],
      [
        ["valueOf", null],
        ["constructor", null],
        ["toString", null],
        ["__proto__", null],
      ],
    ]);
  });
});

describe("the project's name is", () => {
  test.each([
    ["none", {}, "", undefined],
    ["the file's own", {}, "name: shop\n", "shop"],
    ["with variables of .env", {}, "name: shop-${STAGE}\n", "shop-live"],
    [
      "with variables of the environment before those of .env",
      { STAGE: "test" },
      "name: shop-${STAGE}\n",
      "shop-test",
    ],
  ] as [string, Environment, string, string | undefined][])("%s", async (_, env, name, want) => {
    expect((await read({ ".env": "STAGE=live\n", "compose.yml": name + service("{}") }, env)).name).toBe(
      want,
    );
  });

  test("that of the last file that has one, and none of included files", async () => {
    const files = {
      "compose.yml": `name: a\ninclude: [inc.yml]\n${service("{}")}`,
      "compose.override.yml": "name: b\n",
      "inc.yml": "name: c\n",
    };
    expect((await read(files)).name).toBe("b");
  });
});

describe("expected are", () => {
  test.each([
    ["all services", "services: { a: {}, b: {} }", "", { a: 1, b: 1 }],
    [
      "replicas",
      "services: { a: { scale: 2 }, b: { deploy: { replicas: 3 } }, c: { scale: 0 } }",
      "",
      { a: 2, b: 3 },
    ],
    [
      "replicas by a variable",
      "services: { a: { scale: '${N:-2}' }, b: { scale: '$M' } }",
      "M=3",
      { a: 2, b: 3 },
    ],
    ["no services with a profile", "services: { a: {}, b: { profiles: [debug] } }", "", { a: 1 }],
    [
      "those of COMPOSE_PROFILES",
      "services: { a: { profiles: [x] }, b: { profiles: [y, z] } }",
      "COMPOSE_PROFILES=z,w",
      { b: 1 },
    ],
    [
      "those of every profile",
      "services: { a: { profiles: [x] }, b: { profiles: [y] } }",
      "COMPOSE_PROFILES=*",
      { a: 1, b: 1 },
    ],
  ])("%s", async (_, text, env, want) => {
    expect(Object.fromEntries((await read({ "compose.yml": text, ".env": env })).expected)).toEqual(
      want as never,
    );
  });

  test("services of included files", async () => {
    const files = {
      "compose.yml": `include: [inc.yml]\n${service("{}")}`,
      "inc.yml": "services: { b: {}, c: { profiles: [x] } }",
    };
    expect(Object.fromEntries((await read(files)).expected)).toEqual({ app: 1, b: 1 });
  });
});

describe("refused is", () => {
  test.each([
    [
      "a directory without a compose file",
      { "README.md": "" },
      "missing-directory: services/web holds no compose file\n  hint: put a compose.yml there",
    ],
    [
      "an env file that is missing",
      { "compose.yml": "services:\n  app:\n    env_file: conf/app.env\n" },
      `compose-invalid: env_file services/web/conf/app.env does not exist
  at services/web/compose.yml:3:15:     env_file: conf/app.env
                                                  ^^^^^^^^^^^^
  hint: create it, or write \`required: false\` beside its \`path\``,
    ],
    [
      "a secret that is missing",
      { "compose.yml": `${service("{ secrets: [token] }")}secrets:\n  token: { file: ./token.txt }\n` },
      `compose-invalid: secret services/web/token.txt does not exist
  at services/web/compose.yml:4:18:   token: { file: ./token.txt }
                                                     ^^^^^^^^^^^
  hint: create the file`,
    ],
    [
      "an env file that is missing, whose name may be secret",
      { ".env": "KEY=hunter22\n", "compose.yml": "services:\n  app:\n    env_file: ${KEY}.env\n" },
      `compose-invalid: env_file \`\${KEY}.env\` does not exist
  at services/web/compose.yml:3:15:     env_file: \${KEY}.env
                                                  ^^^^^^^^^^
  hint: create it, or write \`required: false\` beside its \`path\``,
    ],
    [
      "an environment file in place of a compose file, without showing it",
      { ".env": "KEY=hunter22\n: b", "compose.yml": "include: [.env]\n" },
      `compose-invalid: malformed YAML in services/web/.env: this does not belong here
  at services/web/.env:2:1: 
                            ^
  hint: check the quotes, brackets and indentation around it`,
    ],
    [
      "an included file that is missing",
      { "compose.yml": "include:\n  - ../../base.yml\n" },
      `compose-invalid: include base.yml does not exist
  at services/web/compose.yml:2:5:   - ../../base.yml
                                       ^^^^^^^^^^^^^^
  hint: create the file`,
    ],
    [
      "a file of COMPOSE_FILE that is missing",
      { ".env": "COMPOSE_FILE=a.yml", "compose.yml": service("{}") },
      "compose-invalid: compose file services/web/a.yml does not exist\n  hint: create the file",
    ],
    [
      "a file of COMPOSE_FILE that is missing, whose name may be secret",
      { ".env": "KEY=hunter22\nCOMPOSE_FILE=compose.yml:$KEY.yml", "compose.yml": service("{}") },
      "compose-invalid: compose file `compose.yml:$KEY.yml` does not exist\n  hint: create the file",
    ],
    [
      "a required variable that is not set, with its text",
      { "compose.yml": "services:\n  app:\n    environment:\n      T: ${TOKEN:?from the account page}\n" },
      `variable-unset: required variable \`TOKEN\` is not set: from the account page
  at services/web/compose.yml:4:10:       T: \${TOKEN:?from the account page}
                                             ^^^^^^^
  hint: set TOKEN in services/web/.env`,
    ],
    [
      "a required variable that is empty",
      { ".env": "TOKEN=\n", "compose.yml": service("{ image: '${TOKEN:?}' }") },
      `variable-unset: required variable \`TOKEN\` is not set
  at services/web/compose.yml:2:18:   app: { image: '\${TOKEN:?}' }
                                                     ^^^^^^^
  hint: set TOKEN in services/web/.env`,
    ],
    [
      "malformed YAML behind a byte order mark, which is not counted",
      { "compose.yml": "\ufeffservices: a: b\n" },
      `compose-invalid: malformed YAML in services/web/compose.yml: a second \`: \` on one line
  at services/web/compose.yml:1:11: services: a: b
                                              ^
  hint: put the value in quotes, or on lines of its own`,
    ],
    [
      "malformed YAML in an included file",
      { "compose.yml": "include: [inc.yml]\n", "inc.yml": "a: [\n" },
      `compose-invalid: malformed YAML in services/web/inc.yml: a bracket is not closed
  at services/web/inc.yml:1:4: a: [
                                  ^
  hint: close it with \`]\` or \`}\``,
    ],
  ] as [string, Files, string][])("%s", async (_, files, want) => expect(await refusal(files)).toBe(want));
});

describe("not refused is", () => {
  test.each([
    [
      "a required variable that may be empty",
      { ".env": "TOKEN=\n", "compose.yml": service("{ image: '${TOKEN?}' }") },
      {},
    ],
    [
      "a required variable of the environment",
      { "compose.yml": service("{ image: '${TOKEN:?}' }") },
      { TOKEN: "x" },
    ],
    [
      "a required variable in a branch that is not taken",
      { "compose.yml": service("{ image: '${A:-${TOKEN:?}}' }") },
      { A: "x" },
    ],
    [
      "a missing env file of a service that has to be asked for",
      { "compose.yml": service("{ profiles: [x], env_file: a.env }") },
      {},
    ],
    [
      "a required variable of an included file, which has an .env of its own",
      {
        "compose.yml": "include: [sub/inc.yml]",
        "sub/inc.yml": service("{ image: '${X:?}' }"),
        "sub/.env": "X=1",
      },
      {},
    ],
    [
      "a missing env file of a service beside the one that is extended",
      {
        "compose.yml": service("{ extends: { file: base.yml, service: b } }"),
        "base.yml": "services: { b: {}, c: { env_file: c.env } }",
      },
      {},
    ],
    [
      "a value of .env in single quotes with a dollar sign",
      { ".env": "P='${X:?}'\n", "compose.yml": service("{ image: '${P:?}' }") },
      {},
    ],
  ] as [string, Files, Environment][])("%s", async (_, files, env) =>
    expect(await refusal(files, env)).toBe("none"),
  );
});

test("a compose file that cannot be read says so", async () => {
  using root = homeOf({ "data.yml": service("{}") });
  // A link to itself cannot be read by root either, whom permissions do not stop.
  symlinkSync("compose.yml", `${root.path}/services/web/compose.yml`);
  const reading = readInputs(root.path, placeOf(`${root.path}/services/web`), {});
  expect(
    show(
      await reading.then(
        () => expect.unreachable(),
        (error) => error,
      ),
    ),
  ).toBe(
    "compose-invalid: services/web/compose.yml cannot be read (ELOOP)\n  hint: see `ls -l` of the file: this user must be able to read it",
  );
});

test.each([
  ["compose.yml", "pipe"],
  ["app.env", "pipe"],
  ["app.env", "/dev/zero"],
])("a %s that is %s and no file is refused, rather than waited for", async (name, what) => {
  using root = homeOf({ "compose.yml": service("{ env_file: app.env }"), "app.env": "" });
  const dir = `${root.path}/services/web`;
  rmSync(`${dir}/${name}`);
  if (what === "pipe") Bun.spawnSync(["mkfifo", `${dir}/${name}`]);
  else symlinkSync(what, `${dir}/${name}`);
  const reading = readInputs(root.path, placeOf(dir), {});
  expect(await reading.then(() => "read", show)).toBe(
    `compose-invalid: services/web/${name} is a pipe, socket or device, and no file\n  hint: put a file in its place`,
  );
});

test("an env file that is /dev/null is an empty one", async () => {
  using root = homeOf({ "compose.yml": service("{ env_file: /dev/null }") });
  const { manifest } = await readInputs(root.path, placeOf(`${root.path}/services/web`), {});
  expect(manifest.files.at(-1)?.[1]).toBe(hashText(""));
});

describe("composeFiles() in", () => {
  test.each([
    ["an empty directory", [], {}, []],
    [
      "a directory with all",
      ["docker-compose.yml", "compose.yml", "compose.override.yaml", "docker-compose.override.yml"],
      {},
      ["/web/compose.yml", "/web/compose.override.yaml"],
    ],
    ["a directory with an override alone", ["compose.override.yml"], {}, ["/web/compose.override.yml"]],
    [
      "a directory with COMPOSE_FILE",
      ["compose.yml"],
      { COMPOSE_FILE: "a.yml:/b/c.yml" },
      ["/web/a.yml", "/b/c.yml"],
    ],
  ])("%s", (_, files, dotenv, want) => {
    expect(composeFiles({ path: "/web", files: new Set(files) }, dotenv)).toEqual(want);
  });
});

test("every image is told, also of what is built, stays local or waits for a profile", async () => {
  const compose = `services:
  app: { image: "a:\${TAG}" }
  built: { build: ., image: b }
  unnamed: { build: . }
  local: { image: c, pull_policy: never }
  off: { image: d, profiles: [x], deploy: { replicas: 0 } }
  more: { extends: { service: app } }
`;
  const { images, borrowsImage, every } = await read({ "compose.yml": compose, ".env": "TAG=1\n" });
  expect([images, borrowsImage]).toEqual([["a:1"], true]);
  expect(every).toEqual({ images: ["a:1", "b", "c", "d"], unnamed: ["unnamed"], borrowsImage: true });
});
