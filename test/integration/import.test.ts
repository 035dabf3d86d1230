import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { app } from "../helpers/compose.ts";
import { homelab } from "../helpers/homelab.ts";

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
