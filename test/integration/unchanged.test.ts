import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { app, composeFile, health, idle, shell } from "../helpers/compose.ts";
import { counted } from "../helpers/counted.ts";
import { homelab } from "../helpers/homelab.ts";

const FILES = {
  "homelab.yml": "services:\n  web~: { needs: [db~] }\n  db~: {}\n",
  "services/db~/compose.yml": app({ ...health("true"), env_file: ["db.env"] }),
  "services/db~/db.env": "PASSWORD=hunter22\n",
  "services/web~/compose.yml": composeFile({ app: idle(), migrate: idle(shell("exit 0")) }),
  "services/web~/.env": "TZ=Etc/UTC\n",
};

test.concurrent("the second ensure changes nothing, starts no process of Docker's, prints nothing (checklist 25)", async () => {
  await using made = await homelab(FILES);
  const { lab, calls } = counted(made);
  expect(await lab.run("ensure", "web~")).toMatchObject({ code: 0 });
  expect(calls().filter((line) => line.includes(" up "))).toHaveLength(2);
  const before = await made.containers();
  expect(await lab.run("ensure", "web~")).toEqual({ code: 0, stdout: "", stderr: "" });
  const { code, document } = await lab.json("ensure", "web~");
  expect(code).toBe(0);
  expect(document).toMatchObject({ outcome: "unchanged", changed: 0, failed: 0 });
  expect(document.steps.map(({ id, action, result }: never) => [id, action, result])).toEqual([
    ["db~", "none", "unchanged"],
    ["web~", "none", "unchanged"],
  ]);
  expect(calls()).toEqual([]);
  expect(await made.containers()).toEqual(before);
});

test.concurrent("what runs unchanged needs no compose at all", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "web~");
  const without = lab.with({ env: { PATH: "/nowhere", DOCKER_CONFIG: lab.path("nowhere") } });
  expect(await without.run("ensure", "web~")).toEqual({ code: 0, stdout: "", stderr: "" });
});

test.concurrent("a run watched on a terminal says that there was nothing to do", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "web~");
  const { code, screen } = await lab.terminal(["ensure", "web~"]);
  expect(screen).toBe("✓ 2 ready, nothing to do (<time>)");
  expect(code).toBe(0);
});

test.concurrent("the files .env and bunfig.toml of the current directory do nothing", async () => {
  await using lab = await homelab({
    ...FILES,
    "preload.ts": `require("node:fs").writeFileSync(${JSON.stringify("loaded")}, "");`,
    "bunfig.toml": 'preload = ["./preload.ts"]\n',
    ".env": "HOMELAB_STATE_DIR=/nowhere\nHOMELAB_ROOT=/nowhere\nNO_COLOR=1\nDOCKER_HOST=unix:///nowhere\n",
    ".env.local": "HOMELAB_ROOT=/nowhere\n",
    "package.json": '{ "name": "evil", "imports": {} }',
    "tsconfig.json": "not even JSON",
  });
  for (const args of [["--version"], ["list"], ["status"], ["ensure", "web~"]]) {
    const { stderr } = await lab.run(...args);
    expect(stderr).not.toContain("nowhere");
  }
  expect(existsSync(lab.path("loaded"))).toBe(false);
  expect(Object.values(await lab.statuses())).toContain("running");
  expect(readFileSync(lab.path(".env"), "utf8")).toContain("nowhere");
});
