import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { app } from "../helpers/compose.ts";
import { homelab } from "../helpers/homelab.ts";
import { BINARY } from "../helpers/paths.ts";

const SEED = readFileSync(join(import.meta.dir, "../fixtures/seed.justfile"), "utf8");

test.concurrent("a Justfile becomes a homelab.yml that is valid, and is never written over", async () => {
  await using lab = await homelab({ Justfile: SEED, "services/x/compose.yml": app() });
  const { code, stdout, stderr } = await lab.run("import", "Justfile");
  expect([code, stdout]).toEqual([0, ""]);
  expect(stderr).toContain("ensure-sonarr-shows    service   sonarr-shows\n");
  expect(stderr).toEndWith(
    "wrote <root>/homelab.yml; `homelab validate` checks it, `homelab graph` shows it\n",
  );
  const own = (await lab.json("graph", "overseerr")).document;
  await lab.tool(".", "rm", "homelab.yml");
  expect(own).toEqual((await lab.json("graph", "overseerr")).document);
  await lab.run("import", "Justfile");
  expect(await lab.run("import", "Justfile")).toEqual({
    code: 5,
    stdout: "",
    stderr:
      "error: <root>/homelab.yml is there already, and is not written over\n  hint: `--print` shows what would be in it\n",
  });
  expect((await lab.run("import", "Justfile", "--print")).stdout).toBe(
    await Bun.file(lab.path("homelab.yml")).text(),
  );
});

test.concurrent("what was imported runs, under the names that it was given", async () => {
  await using lab = await homelab({
    Justfile: `export TZ := "UTC"
ensure-x:
    ./mount.sh
    cd services/x && docker compose up -d --build
_prepare who:
    @echo "prepared for {{who}}"
save who: (_prepare who) (_prepare "all of us")
    just ensure-x _prepare {{who}} > log
    echo just kidding
status: ensure-x
    df -h
`,
    "services/x/compose.yml": app({ command: ["true"] }),
  });
  const { code, stdout, stderr } = await lab.run("import", "Justfile");
  expect([code, stdout, stderr.split("\n").filter((line) => line.startsWith("warning"))]).toEqual([
    0,
    "",
    [
      "warning: line 1: `export` of `TZ` is left out: no task and no service gets the variable",
      "warning: line 3: in `ensure-x`: `./mount.sh` is left out",
      "warning: line 4: in `ensure-x`: `--build` is left out",
      "warning: line 5: `_prepare` is called `prepare` here",
      "warning: line 8: in `save`: `just ensure-x _prepare {{who}} > log` is not translated: a redirection behind several recipes",
      "warning: line 10: `status` does more than `homelab status`: `ensure-x`",
      "warning: line 10: `status` is called `just-status` here",
    ],
  ]);
  expect((await lab.run("validate")).code).toBe(0);
  const text = await Bun.file(lab.path("homelab.yml")).text();
  lab.write({ "homelab.yml": text.replace(/.*just ensure-x.*\n/, "") });
  const inner = lab.with({ env: { PATH: `${dirname(BINARY)}:${process.env.PATH}` } });
  expect(await inner.run("save", "you")).toMatchObject({
    code: 0,
    stdout: "prepared for you\nprepared for all of us\njust kidding\n",
  });
});

test.concurrent("two recipes that would have one name are an error with both places, and nothing is written", async () => {
  await using lab = await homelab({ Justfile: "_prepare:\n    a\n\nprepare:\n    b\n" });
  expect(await lab.run("import", "Justfile")).toEqual({
    code: 78,
    stdout: "",
    stderr: `error: \`_prepare\` and \`prepare\` would both be \`prepare\`
  Justfile:4:1
   4 | prepare:
     | ^^^^^^^
  note: the other one is here:
    Justfile:1:1
     1 | _prepare:
       | ^^^^^^^^
  hint: give one of them another name in the Justfile, also where it is called, then import again
`,
  });
  expect(existsSync(lab.path("homelab.yml"))).toBe(false);
});

test.concurrent("recipes that are there are not defined a second time", async () => {
  await using lab = await homelab({
    Justfile: SEED,
    "recipes/media.yml": "services:\n  x: {}\n",
    "services/x/compose.yml": app(),
  });
  expect(await lab.run("import", "Justfile")).toEqual({
    code: 5,
    stdout: "",
    stderr:
      "error: <root>/recipes/media.yml is there already: names could be defined twice\n  hint: `--print` shows what would be in <root>/homelab.yml\n",
  });
  expect((await lab.run("import", "Justfile", "--print")).code).toBe(0);
});

test.concurrent("what cannot be imported is said plainly", async () => {
  await using lab = await homelab({});
  expect(await lab.run("import", "Makefile")).toMatchObject({ code: 2, stdout: "" });
  expect(await lab.run("import", "Justfile")).toEqual({
    code: 2,
    stdout: "",
    stderr: "error: there is no Justfile in <root>\n  hint: name it: `homelab import Justfile PATH`\n",
  });
  expect((await lab.run("import", "Justfile", "nowhere")).stderr).toStartWith(
    "error: <root>/nowhere cannot be read (ENOENT)",
  );
});
