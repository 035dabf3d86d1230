import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { app, composeFile, health, idle, shell } from "../helpers/compose.ts";
import { counted } from "../helpers/counted.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";
import { CHECKOUT } from "../helpers/paths.ts";
import { start } from "../helpers/spawn.ts";

// Items of the checklist that no other test shows: runs, texts, versions.

const MIXED = {
  "homelab.yml": `services:
  a~: {}
  b~: { needs: [a~] }
  bad~: { needs: [a~] }
  late~: { needs: [b~, bad~] }
  other~: {}
`,
  "services/a~/compose.yml": app(health("true")),
  "services/b~/compose.yml": app(),
  "services/bad~/compose.yml": app(shell("exit 3")),
  "services/late~/compose.yml": app(),
  "services/other~/compose.yml": app(),
};

test.concurrent("4.3.24 with one change at once and with eight the end is the same, and so is every plan", async () => {
  const run = async (jobs: string) => {
    await using lab = await homelab(MIXED);
    const plans = await Promise.all([1, 2, 3].map(() => lab.run("plan", "all", "--json")));
    const { code, document } = await lab.json("ensure", "all", "-j", jobs);
    return {
      plans: [...new Set(plans.map(({ stdout }) => stdout))],
      code,
      steps: document.steps.map(({ id, action, result }: never) => [id, action, result]),
      statuses: await lab.statuses(),
    };
  };
  const [one, eight] = await Promise.all([run("1"), run("8")]);
  expect(one.plans).toHaveLength(1);
  expect(one.code).toBe(1);
  expect(one.steps).toEqual([
    ["a~", "create", "changed"],
    ["b~", "create", "changed"],
    ["bad~", "create", "failed"],
    ["late~", "create", "blocked"],
    ["other~", "create", "changed"],
  ]);
  expect(eight).toEqual(one);
});

test.concurrent("4.3.29 no command takes data away, whatever is said yes to", async () => {
  const files = (hostname: string) => ({
    "services/db~/compose.yml": composeFile(
      { app: idle({ volumes: ["data:/data", "/anonymous"], hostname }) },
      { volumes: { data: {} } },
    ),
  });
  await using made = await homelab(files("first"));
  const { lab, calls } = counted(made);
  expect(await lab.run("ensure", "db~")).toMatchObject({ code: 0 });
  await lab.docker("exec", "db~-app-1", "sh", "-c", "echo kept > /data/file");
  lab.write(files("second"));
  for (const words of [
    ["ensure", "db~"],
    ["ensure", "db~", "--force"],
    ["restart", "db~"],
    ["rollback", "db~"],
    ["stop", "db~"],
    ["deploy", "db~", "--no-pull"],
    ["cleanup"],
  ]) {
    expect([words, (await lab.run(...words, "--yes")).code]).toEqual([words, 0]);
  }
  expect(await lab.docker("exec", "db~-app-1", "cat", "/data/file")).toBe("kept\n");
  const verbs = new Set(calls().flatMap((line) => line.split(" ")));
  expect(verbs).toContain("up");
  for (const word of ["down", "rm", "-v", "--volumes", "-V", "--renew-anon-volumes", "volume", "prune"])
    expect([word, verbs.has(word)]).toEqual([word, false]);
  // With nothing to lose there is nothing to be confirmed by name.
  expect(await lab.run("cleanup", "--confirm=db~")).toMatchObject({ code: 2, stdout: "" });
});

test.concurrent("4.3.34 the help names proxies and every limit of time with its default", async () => {
  await using lab = await homelab({});
  const { stdout } = await lab.run("help", "environment");
  for (const text of [
    "HTTPS_PROXY, HTTP_PROXY",
    "NO_PROXY",
    "--timeout DURATION",
    "default 1h",
    "10s, sent once",
  ])
    expect(stdout).toContain(text);
});

/** The page as a person reads it, without what makes it bold; throws away nothing that groff complains of. */
async function read(lab: Homelab, page: string): Promise<string> {
  writeFileSync(lab.path("homelab.1"), page);
  const argv = ["groff", "-man", "-Tutf8", "-ww", "-P-cbou", "-rLL=100n", lab.path("homelab.1")];
  const { stdout, stderr } = await start(argv, { cwd: lab.root, env: { PATH: process.env.PATH } }).ended;
  expect(stderr).toBe("");
  return stdout;
}

test.concurrent("4.3.36 man prints a page that roff takes, and help has topics", async () => {
  await using lab = await homelab({});
  const { code, stdout, stderr } = await lab.start("man").ended;
  expect([code, stderr]).toEqual([0, ""]);
  const page = await read(lab, stdout);
  expect(page).toContain("\n   homelab ensure TARGET…\n");
  expect(page).toContain("--keep-going independent|never");
  for (const topic of ["exit-codes", "environment", "json"]) {
    const help = await lab.run("help", topic);
    expect(help).toMatchObject({ code: 0, stderr: "" });
    for (const line of help.stdout.split("\n").filter(Boolean)) expect(page).toContain(line);
  }
});

test.concurrent("4.3.38 init writes recipes that name their schema, and schema prints it", async () => {
  await using lab = await homelab({});
  expect(await lab.run("init", "home", "--services", "pihole")).toMatchObject({ code: 0 });
  const recipes = readFileSync(lab.path("home/homelab.yml"), "utf8");
  const [, file = ""] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(recipes) ?? [];
  expect(file).toBe(".homelab.schema.json");
  const schema = await lab.with({ cwd: "home" }).run("schema");
  expect(JSON.parse(schema.stdout).$schema).toContain("json-schema.org");
});

test.concurrent("4.3.41 --version --json gives version, commit and runtime", async () => {
  await using lab = await homelab({});
  const { version, devDependencies } = await Bun.file(`${CHECKOUT}/package.json`).json();
  const want = { version: 1, homelab: version, revision: expect.any(String), bun: devDependencies.bun };
  expect(await lab.json("--version")).toEqual({ code: 0, document: want, stderr: "" });
});
