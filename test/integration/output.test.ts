import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { app, composeFile, health, idle, shell } from "../helpers/compose.ts";
import { homelab } from "../helpers/homelab.ts";
import { BINARY } from "../helpers/paths.ts";

const WEB = "services/web~/compose.yml";
const ESCAPE = "\x1b";

describe("colour", () => {
  test.concurrent("pipes never get any (checklist 4)", async () => {
    await using lab = await homelab({ [WEB]: app(shell("printf '\\033[31mred\\033[0m\\n'; exit 1")) });
    for (const words of [
      ["list"],
      ["plan", "all"],
      ["ensure", "all"],
      ["status"],
      ["why", "all"],
      ["history"],
      ["nonsense"],
      ["help"],
    ]) {
      const { stdout, stderr } = await lab.run(...words);
      expect(stdout + stderr).not.toBe("");
      expect(stdout + stderr).not.toContain(ESCAPE);
    }
  });

  test.concurrent("a terminal does, and NO_COLOR and --no-color take it away (checklist 4)", async () => {
    await using lab = await homelab({ [WEB]: app() });
    const coloured = `${ESCAPE}[3`;
    expect((await lab.terminal(["plan", "all"])).written).toContain(coloured);
    expect((await lab.terminal(["plan", "all", "--no-color"])).written).not.toContain(ESCAPE);
    const plain = lab.with({ env: { NO_COLOR: "1" } });
    expect((await plain.terminal(["plan", "all"])).written).not.toContain(ESCAPE);
    expect((await plain.terminal(["nonsense"])).written).not.toContain(ESCAPE);
    expect((await plain.terminal(["ensure", "all"])).written).not.toContain(coloured);
  });
});

describe("the live tree", () => {
  const FILES = {
    "homelab.yml": "services:\n  web~: { needs: [db~] }\n",
    "services/db~/compose.yml": app(health("true")),
    [WEB]: app(),
  };

  test.concurrent("shows what runs and waits, and leaves a summary", async () => {
    await using lab = await homelab(FILES);
    const { code, written, screen, cursorVisible } = await lab.terminal(["ensure", "web~"]);
    expect(code).toBe(0);
    expect(screen).toBe(
      [
        "✓ db~  created in <time>  it has no containers yet",
        "✓ web~  created in <time>  it has no containers yet",
        "✓ 2 ready: 2 created in <time>",
      ].join("\n"),
    );
    expect(written).toContain("waits for db");
    expect(written).toContain("docker compose up");
    expect(written).toContain(`${ESCAPE}[?25l`);
    expect(cursorVisible).toBe(true);
  });

  test.concurrent("ends with what failed and what it said", async () => {
    await using lab = await homelab({
      ...FILES,
      "services/db~/compose.yml": app(shell("echo alas; exit 3")),
    });
    const { code, screen, cursorVisible } = await lab.terminal(["ensure", "web~"]);
    expect(code).toBe(1);
    expect(screen).toContain("db~  failed after <time>: db~-app-1 exited with code 3");
    expect(screen).toContain("web~  blocked: needs db~, which failed");
    expect(screen).toContain("| alas");
    expect(screen).toContain("1 failed, 1 blocked in <time>");
    expect(cursorVisible).toBe(true);
  });

  test.concurrent("--quiet leaves it out (checklist 9)", async () => {
    await using lab = await homelab(FILES);
    const { code, written } = await lab.terminal(["ensure", "web~", "-q"]);
    expect({ code, written }).toEqual({ code: 0, written: "" });
  });
});

describe("plain output", () => {
  test.concurrent("--verbose names what is left as it is, --quiet only what went wrong (checklist 9)", async () => {
    await using lab = await homelab({ [WEB]: app(), "services/db~/compose.yml": app() });
    expect(await lab.run("ensure", "db~", "-q")).toEqual({ code: 0, stdout: "", stderr: "" });
    const verbose = await lab.run("ensure", "all", "-v");
    expect(verbose.code).toBe(0);
    expect(verbose.stdout).toBe("");
    expect(verbose.stderr).toContain("db~: ready\n");
    expect(verbose.stderr).toContain("web~: created in <time>");
    lab.write({ [WEB]: app(shell("echo alas; exit 3")) });
    expect(await lab.run("ensure", "all", "-q")).toEqual({
      code: 1,
      stdout: "",
      stderr:
        "web~: failed after <time>: web~-app-1 exited with code 3\n  | alas\n  hint: `docker logs web~-app-1` shows all that it said\n1 failed in <time>\ndetails: homelab report <run>\n",
    });
  });

  test.concurrent("a reader that goes away is no error (checklist 3)", async () => {
    await using lab = await homelab({ [WEB]: app() });
    for (const words of ["schema", "help", "list --json", "ensure all --json"]) {
      const piped = await lab.tool(
        ".",
        "bash",
        "-c",
        `'${BINARY}' ${words} 2>errors | head -n 1; exit \${PIPESTATUS[0]}`,
      );
      expect(piped.split("\n")).toHaveLength(2);
      expect(readFileSync(lab.path("errors"), "utf8")).toBe("");
    }
    // A run goes on to its end when nobody reads its messages any more.
    lab.write({ "services/db~/compose.yml": app() });
    await lab.tool(".", "bash", "-c", `'${BINARY}' ensure all -v 2> >(head -n 0)`);
    expect(Object.values(await lab.statuses())).toEqual(["running", "running"]);
  });

  test.concurrent("standard output that is full is an error", async () => {
    await using lab = await homelab({ [WEB]: app() });
    const shown = await lab.tool(".", "bash", "-c", `'${BINARY}' list >/dev/full 2>errors; echo $?`);
    expect(shown).not.toBe("0\n");
    expect(readFileSync(lab.path("errors"), "utf8")).toContain("error: ");
  });
});

const SECRETS = {
  dotenv: "correct-horse-battery",
  envFile: "hunter2hunter2",
  quoted: "with spaces and $igns",
  secretFile: "s3cr3t-of-a-file",
  url: "https://discord.example/webhook/12345/abcdef",
};

test.concurrent("values of environment files and secrets appear nowhere (checklist 33)", async () => {
  const line = 'echo "pass $PASSWORD and $TOKEN and $QUOTED and $HOOK"; cat /run/secrets/key; exit 3';
  await using lab = await homelab({
    "homelab.yml": "services:\n  sick~: { ready: { within: 6s } }\n",
    [WEB]: composeFile(
      {
        app: idle({
          ...shell(line),
          env_file: ["app.env"],
          environment: { PASSWORD: "${PASSWORD}" },
          secrets: ["key"],
          labels: { "note-${PASSWORD}": "x" },
        }),
      },
      { secrets: { key: { file: "./key.txt" } } },
    ),
    "services/web~/.env": `PASSWORD=${SECRETS.dotenv}\n`,
    "services/web~/app.env": `TOKEN=${SECRETS.envFile}\nQUOTED='${SECRETS.quoted}'\nHOOK="${SECRETS.url}"\n`,
    "services/web~/key.txt": `${SECRETS.secretFile}\n`,
    "services/sick~/compose.yml": app({
      ...health('echo "the probe says $PASSWORD"; exit 1'),
      environment: { PASSWORD: "${PASSWORD}" },
    }),
    "services/sick~/.env": `PASSWORD=${SECRETS.dotenv}\n`,
    "services/broken~/compose.yml": app({ image: "127.0.0.1:9/${PASSWORD}:1" }),
    "services/broken~/.env": `PASSWORD=${SECRETS.dotenv}\n`,
    "services/typo~/compose.yml": app({
      "x${PASSWORD}": "${PASSWORD}",
      imagee: "${PASSWORD}",
      mem_limit: "${PASSWORD}",
    }),
    "services/typo~/.env": `PASSWORD=${SECRETS.dotenv}\n`,
    "services/needy~/compose.yml": app({ environment: { A: "${PASSWORD}${MISSING:?not set}" } }),
    "services/needy~/.env": `PASSWORD=${SECRETS.dotenv}\n`,
  });
  const said: string[] = [];
  for (const words of [
    ["ensure", "all", "-v"],
    ["ensure", "all", "--json"],
    ["plan", "all", "-v"],
    ["plan", "all", "--json"],
    ["status", "-v"],
    ["status", "--json"],
    ["why", "all"],
    ["why", "all", "--json"],
    ["validate"],
    ["validate", "--json"],
    ["history", "--json"],
  ]) {
    const { stdout, stderr } = await lab.start(...words).ended;
    said.push(`${words.join(" ")}\n${stdout}${stderr}`);
  }
  said.push((await lab.terminal(["ensure", "all"])).written);
  for (const file of readdirSync(lab.state))
    said.push(`state/${file}\n${readFileSync(join(lab.state, file), "latin1")}`);
  // They did speak: what is looked for would be there.
  expect(said[0]).toContain("pass [redacted] and [redacted] and [redacted] and [redacted]");
  for (const text of said) for (const secret of Object.values(SECRETS)) expect(text).not.toContain(secret);
});

describe("a state directory that cannot be used is a warning", () => {
  const runs = async (prepare: (state: string) => void) => {
    await using lab = await homelab({ [WEB]: app() });
    prepare(lab.state);
    const result = await lab.run("ensure", "web~");
    expect(result.code).toBe(0);
    expect(result.stderr).toMatch(
      /^warning: the state directory <top>\/state cannot be used \(.+\): this run goes on without memory of earlier ones$/m,
    );
    expect(await lab.statuses()).toEqual({ "services/web~:app": "running" });
    const before = await lab.ids();
    expect((await lab.run("ensure", "web~")).code).toBe(0);
    expect(await lab.ids()).toEqual(before);
    expect((await lab.run("status")).code).toBe(0);
    expect((await lab.run("history")).code).toBe(0);
  };

  test.concurrent("a file in its place", () => runs((state) => writeFileSync(state, "")));

  test.concurrent("a database that is none", () =>
    runs((state) => {
      mkdirSync(state);
      writeFileSync(join(state, "homelab.db"), "not a database".repeat(1000));
    }));

  test.concurrent("a database from another program", () =>
    runs((state) => {
      mkdirSync(state);
      mkdirSync(join(state, "homelab.db"));
    }));

  test.concurrent("a full disk", () =>
    runs((state) => {
      // Every write to this file fails with ENOSPC.
      mkdirSync(state);
      Bun.spawnSync(["ln", "-s", "/dev/full", join(state, "homelab.db")]);
    }));

  test.concurrent("one that is lost between two runs is made anew, and the services are adopted", async () => {
    await using lab = await homelab({ [WEB]: app() });
    await lab.run("ensure", "web~");
    const before = await lab.ids();
    rmSync(lab.state, { recursive: true });
    expect((await lab.json("ensure", "web~")).document).toMatchObject({
      outcome: "unchanged",
      steps: [{ action: "adopt" }],
    });
    expect(await lab.ids()).toEqual(before);
    expect(await lab.run("ensure", "web~")).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test.concurrent("what it writes is for its owner alone", async () => {
    await using lab = await homelab({ [WEB]: app() });
    await lab.run("ensure", "web~");
    expect((await Bun.file(lab.state).stat()).mode & 0o077).toBe(0);
    chmodSync(lab.state, 0o700);
  });
});
