import { expect, test } from "bun:test";
import { dirname } from "node:path";
import { app } from "../helpers/compose.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";
import { BINARY } from "../helpers/paths.ts";
import { start } from "../helpers/spawn.ts";

const FILES = {
  "homelab.yml": "groups:\n  media~: [web~, tv-shows~]\ntasks:\n  backup~: { run: 'true' }\n",
  "services/web~/compose.yml": app(),
  "services/tv/shows~/compose.yml": app(),
  "services/web~/.env.example": "A=1\n",
};

/** What bash offers for a line, with the printed script and nothing else loaded. */
async function bash(lab: Homelab, ...words: string[]): Promise<string[]> {
  const own = words.map((word) => lab.own(word));
  const script = `
    source <(homelab completions bash)
    COMP_WORDS=(homelab ${own.map((word) => `'${word}'`).join(" ")})
    COMP_CWORD=${own.length}
    _homelab
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = {
    PATH: `${dirname(BINARY)}:${process.env.PATH}`,
    HOME: lab.top,
    DOCKER_HOST: "unix:///nowhere.sock",
  };
  const { stdout, stderr } = await start(["bash", "--norc", "-c", script], { cwd: lab.root, env }).ended;
  expect(stderr).toBe("");
  return lab.shared(stdout).split("\n").filter(Boolean);
}

test.concurrent("bash completes commands, targets, options and values without Docker", async () => {
  await using lab = await homelab(FILES);
  expect(await bash(lab, "ens")).toEqual(["ensure"]);
  expect(await bash(lab, "backu")).toEqual(["backup~"]);
  expect(await bash(lab, "ensure-med")).toEqual(["ensure-media~"]);
  expect(await bash(lab, "logs", "tv", "sh")).toEqual(["shows~"]);
  expect(await bash(lab, "stop", "we")).toEqual(["web~"]);
  expect(await bash(lab, "graph", "--format", "=", "mer")).toEqual(["mermaid"]);
  expect(await bash(lab, "-C", "/et")).toContain("/etc");
  lab.write({ "homelab.yml": "services: [" });
  expect(await bash(lab, "ensure", "")).toEqual([]);
});

test.concurrent("scripts for other shells are printed, and another shell is an error", async () => {
  await using lab = await homelab(FILES);
  for (const shell of ["bash", "zsh", "fish"]) {
    expect((await lab.run("completions", shell)).stdout).toContain("__complete");
  }
  expect(await lab.run("completions", "bsh")).toMatchObject({
    code: 2,
    stderr: "error: there are no completions for `bsh`\n  hint: did you mean `bash`?\n",
  });
});

const verdicts = (document: { checks: { check: string; verdict: string }[] }) =>
  Object.fromEntries(document.checks.map(({ check, verdict }) => [check, verdict]));

test.concurrent("doctor checks each thing by itself, and exits with 1 for what has to be put right", async () => {
  await using lab = await homelab(FILES);
  const sick = await lab.json("doctor");
  expect(sick.code).toBe(1);
  expect(verdicts(sick.document)).toMatchObject({
    docker: "ok",
    compose: "ok",
    git: "note",
    recipes: "ok",
    env: "problem",
  });
  lab.write({ "services/web~/.env": "A=very#secret\n" });
  const well = await lab.json("doctor");
  expect([well.code, verdicts(well.document).env]).toEqual([0, "warning"]);
  expect(JSON.stringify(well.document)).not.toContain("very#secret");
  const lost = lab.with({
    env: { DOCKER_HOST: "unix:///nowhere.sock", HOMELAB_STATE_DIR: "/proc/nowhere" },
    cwd: "..",
  });
  const { code, document } = await lost.json("doctor");
  expect([code, verdicts(document)]).toEqual([
    1,
    expect.objectContaining({ docker: "problem", compose: "ok", state: "problem", homelab: "note" }),
  ]);
});

test.concurrent("doctor says where recipes are broken, and looks on", async () => {
  await using lab = await homelab({ "homelab.yml": "services: [" });
  const { code, document } = await lab.json("doctor");
  expect([code, verdicts(document).recipes, verdicts(document).docker]).toEqual([1, "problem", "ok"]);
});
