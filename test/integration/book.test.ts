import { describe, expect, test } from "bun:test";
import { app } from "../helpers/compose.ts";
import { FRONT } from "../helpers/front.ts";
import { homelab } from "../helpers/homelab.ts";

describe("what is known without an engine", () => {
  test.concurrent("list, graph and schema (checklist 28)", async () => {
    await using made = await homelab(FRONT);
    const lab = made.with({ env: { DOCKER_HOST: "unix:///nowhere" } });
    const list = await lab.run("list");
    expect(list).toMatchObject({ code: 0, stderr: "" });
    expect(list.stdout.replaceAll(/ +/g, " ")).toBe(
      [
        "front~",
        " proxy~ needs web~, cache~",
        " web~ needs db~",
        "",
        "in no group",
        " db~ The database",
        " cache~",
        " extra~",
        "",
      ].join("\n"),
    );
    expect(await lab.run()).toEqual(list);
    expect((await lab.json("list")).document.groups).toEqual([{ id: "front~", members: ["proxy~", "web~"] }]);
    expect((await lab.run("graph", "proxy~")).stdout).toBe(
      "proxy~\n├─ web~\n│  └─ db~\n└─ cache~ (started)\n",
    );
    expect((await lab.run("graph", "db~", "--reverse")).stdout).toBe("db~\n└─ web~\n   └─ proxy~\n");
    expect((await lab.run("graph", "web~", "--format", "mermaid")).stdout).toBe(
      "flowchart LR\n  db~\n  db~ --> web~\n",
    );
    expect((await lab.run("graph", "web~", "--format=dot")).stdout).toBe(
      'digraph homelab {\n  rankdir=LR;\n  "db~";\n  "db~" -> "web~";\n}\n',
    );
    expect((await lab.json("graph", "web~")).document).toEqual({
      version: 1,
      nodes: [
        { id: "db~", kind: "service" },
        { id: "web~", kind: "service" },
      ],
      edges: [{ from: "web~", to: "db~", when: "healthy" }],
    });
    const schema = JSON.parse((await lab.run("schema")).stdout);
    expect(Object.keys(schema.properties)).toContain("services");
  });

  test.concurrent("validate counts what it checked, and fails with every problem", async () => {
    await using lab = await homelab(FRONT);
    expect(await lab.run("validate")).toEqual({
      code: 0,
      stdout: "checked the recipes and 5 compose projects: no problems\n",
      stderr: "",
    });
    expect((await lab.json("validate")).document).toEqual({
      version: 1,
      valid: true,
      problems: [],
      warnings: [],
    });
    lab.write({
      "services/web~/compose.yml": app({ imagee: "x" }),
      "services/db~/compose.yml": "services: [\n",
      "services/cache~/compose.yml": app({}, { name: "same~" }),
      "services/extra~/compose.yml": app({}, { name: "same~" }),
    });
    const { code, stdout } = await lab.run("validate");
    expect(code).toBe(78);
    expect(stdout).toContain("services/db~/compose.yml:");
    expect(stdout).toContain("additional properties 'imagee' not allowed");
    expect(stdout).toContain("are both project `same~` with a service `app`");
    expect(stdout).toEndWith("checked the recipes and 5 compose projects: 3 problems\n");
    const { code: again, document } = await lab.json("validate");
    expect({ again, valid: document.valid, count: document.problems.length }).toEqual({
      again: 78,
      valid: false,
      count: 3,
    });
  });

  test.concurrent("a homelab without recipe files uses the shipped book", async () => {
    await using lab = await homelab({ "services/plex/compose.yml": app() });
    const { document } = await lab.json("list");
    expect(document.shipped).toBe(true);
    expect(document.recipes.map(({ id }: { id: string }) => id)).toContain("sonarr-shows");
    expect((await lab.run("validate")).code).toBe(0);
    const plan = await lab.run("plan", "sonarr-shows");
    expect(plan.code).toBe(78);
    expect(plan.stderr).toContain("there is no directory `services/gluetun`");
  });
});

test.concurrent("recipes that need each other in a circle are drawn all the same (checklist 28)", async () => {
  await using lab = await homelab({
    "homelab.yml": "services:\n  web~: { needs: [db~] }\n  db~: { needs: [web~] }\n",
    "services/web~/compose.yml": app(),
    "services/db~/compose.yml": app(),
  });
  const stderr = "warning: recipes need each other in a circle: web~ → db~ → web~\n";
  expect(await lab.run("graph")).toEqual({ code: 0, stdout: "web~\n└─ db~\n   └─ web~ …\n", stderr });
  expect(await lab.run("graph", "db~", "--reverse", "--format", "dot")).toEqual({
    code: 0,
    stdout: 'digraph homelab {\n  rankdir=LR;\n  "db~" -> "web~";\n  "web~" -> "db~";\n}\n',
    stderr,
  });
  expect((await lab.json("graph")).document.edges).toHaveLength(2);
  expect((await lab.run("graph", "--format", "mermaid")).stdout).toContain("db~ --> web~");
  expect((await lab.run("plan", "web~")).code).toBe(78);
});

test.concurrent("what recipes say does nothing to the terminal", async () => {
  await using lab = await homelab({
    "homelab.yml": `services:
  web~: { description: "\\e[2Jgone\\nbelow", mounts: ["/nowhere/\\u202exyz"] }
tasks:
  bell~: { description: "\\arings", confirm: "\\e[31mNow?", run: ["printf '\\a'"] }
`,
    "services/web~/compose.yml": app(),
  });
  expect((await lab.run("list")).stdout.replaceAll(/ +/g, " ")).toBe(
    "recipes\n web~ \\x1b[2Jgone\\nbelow\n bell~ task \\x07rings\n",
  );
  expect((await lab.run("help", "bell~")).stdout).toBe(
    "\\x07rings\n\nUsage: homelab bell~\n\nAsks first: \\x1b[31mNow?\n\nRuns:\n  $ printf '\\x07'\n",
  );
  expect((await lab.run("validate")).stdout).toStartWith(
    "warning: `web~` needs /nowhere/\\u{202e}xyz, and nothing is mounted there",
  );
});

test.concurrent("a subdirectory belongs to the homelab above it", async () => {
  await using lab = await homelab(FRONT);
  const top = await lab.run("plan", "web~");
  expect(await lab.with({ cwd: "services/web~" }).run("plan", "web~")).toEqual(top);
  expect(await lab.with({ cwd: ".." }).run("-C", "root", "plan", "web~")).toEqual(top);
  expect(await lab.with({ cwd: "..", env: { HOMELAB_ROOT: lab.root } }).run("plan", "web~")).toEqual(top);
  expect(await lab.with({ cwd: ".." }).run("plan", "web~")).toEqual({
    code: 78,
    stdout: "",
    stderr: `error: there is no homelab in <top> or above it
  hint: go into the repository (the directory with \`services/\` or \`homelab.yml\`), or name it with \`-C DIR\`
`,
  });
});
