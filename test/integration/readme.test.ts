import { expect, test } from "bun:test";
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { homelab } from "../helpers/homelab.ts";
import { BINARY, CHECKOUT } from "../helpers/paths.ts";
import { start } from "../helpers/spawn.ts";

/** What a reader would type: the lines of blocks marked `sh`, and those after a prompt in blocks marked `console`. */
function commands(): string[] {
  const text = readFileSync(join(CHECKOUT, "README.md"), "utf8");
  const blocks = [...text.matchAll(/^```(sh|console)\n(.*?)^```$/gms)];
  return blocks
    .flatMap(([, kind, block = ""]) =>
      block.split("\n").filter((line) => kind === "sh" || line.startsWith("$ ")),
    )
    .map((line) =>
      line
        .replace(/^\$ /, "")
        .replace(/(^|\s)#.*$/, "")
        .trim(),
    )
    .filter((line) => line !== "");
}

test("the README's commands are there to be tried", () => {
  expect(commands().length).toBeGreaterThan(0);
});

test("the README begins with the demo and the tests", () => {
  const [first, second] = commands().filter((line) => line.includes("scripts/"));
  expect([first, second]).toEqual([
    expect.stringContaining("scripts/demo"),
    expect.stringContaining("scripts/test"),
  ]);
});

test("scripts that the README names exist and can be run", () => {
  const scripts = commands().flatMap((line) => line.match(/(?<![\w/])(?:\.\/)?scripts\/[\w-]+/g) ?? []);
  for (const script of new Set(scripts)) accessSync(join(CHECKOUT, script), constants.X_OK);
});

test("every homelab command of the README is one, with options that it has", async () => {
  await using lab = await homelab({});
  const lines = commands().flatMap((line) =>
    line
      .split(/\s*(?:&&|\|\||[|;])\s*/)
      .map((part) => part.match(/^(?:sudo )?(?:\S*\/)?homelab\b(.*)$/)?.[1]?.trim())
      .filter((words) => words !== undefined),
  );
  for (const line of lines) {
    const words = line
      .replace(/\s*\d?>.*$/, "")
      .split(/\s+/)
      .filter(Boolean);
    if (words[0] === "--version") continue;
    const { code, stderr } = await lab.run(...words, "--help");
    expect(`${line}: ${code} ${stderr}`).toBe(`${line}: 0 `);
    // --help comes before everything else is checked: options are checked by name.
    const { stdout } = await lab.run("--help", ...words);
    for (const option of words.filter((word) => word.startsWith("--")))
      expect(stdout).toContain(option.split("=")[0] ?? "");
  }
});

test("scripts/demo brings a homelab of 19 services up to sonarr-shows", async () => {
  const dir = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "homelab-demo");
  const state = mkdtempSync(join(tmpdir(), "homelab-demo-"));
  const options = { cwd: CHECKOUT, env: { ...process.env, HOMELAB_STATE_DIR: state } };
  // Somebody may be looking at the demo right now: then it stays.
  const wasThere = existsSync(dir);
  try {
    expect(await start(["scripts/demo"], options).ended).toMatchObject({ code: 0 });
    const status = await start([BINARY, "-C", dir, "status", "--json"], options).ended;
    const { recipes } = JSON.parse(status.stdout) as { recipes: { id: string; state: string }[] };
    expect(recipes).toHaveLength(19);
    const ready = recipes.filter(({ state }) => state === "ready").map(({ id }) => id);
    const wanted = ["deluge", "gluetun", "profilarr", "prowlarr", "sonarr-shows", "tdarr"];
    if (wasThere) expect(ready).toEqual(expect.arrayContaining(wanted));
    else expect(ready.sort()).toEqual(wanted);
    expect(status.code).toBe(ready.length === 19 ? 0 : 3);
    const again = await start([BINARY, "-C", dir, "ensure", "sonarr-shows"], options).ended;
    expect(again).toEqual({ code: 0, stdout: "", stderr: "" });
  } finally {
    if (!wasThere && existsSync(dir)) await start(["scripts/demo", "--down"], options).ended;
    rmSync(state, { recursive: true, force: true });
  }
  expect(existsSync(dir)).toBe(wasThere);
});
