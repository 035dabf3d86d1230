import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { app } from "../helpers/compose.ts";
import { homelab } from "../helpers/homelab.ts";

test.concurrent("init makes a homelab whose every service compose accepts; add completes it (checklist 38)", async () => {
  await using lab = await homelab({});
  const dry = await lab.run("init", "home", "--services", "sonarr,pihole", "--dry-run");
  const made = await lab.run("init", "home", "--services", "sonarr,pihole");
  expect(made).toEqual(dry);
  expect(made.code).toBe(0);
  expect(made.stdout.split("\n").filter((line) => line.endsWith("compose.yml"))).toEqual(
    ["gluetun", "pihole", "prowlarr", "deluge", "tdarr", "profilarr", "sonarr/shows", "sonarr/anime"].map(
      (dir) => `made  services/${dir}/compose.yml`,
    ),
  );
  const home = lab.with({ cwd: "home" });
  expect((await home.run("add", "all", "--quiet")).code).toBe(0);
  expect((await home.run("env", "init", "--quiet")).code).toBe(0);
  expect(await home.run("validate")).toMatchObject({ code: 0 });
  expect((await home.run("env", "check")).stdout).toContain("is still a placeholder");
  const { document } = await home.json("list");
  expect(JSON.stringify(document)).not.toContain('"present":false');
  expect(await lab.tool("home", "git", "status", "--porcelain", "--untracked-files=all")).not.toContain(
    "/.env\n",
  );
});

test.concurrent("what is there already is kept, by init and by add", async () => {
  await using lab = await homelab({
    "README.md": "Mine.\n",
    "services/plex/compose.yml": "services: {}\n",
  });
  const { stdout } = await lab.run("init", "--services", "plex");
  expect(stdout).toContain("kept  README.md\n");
  expect(stdout).toContain("kept  services/plex/compose.yml\n");
  expect(await Bun.file(lab.path("README.md")).text()).toBe("Mine.\n");
  expect((await lab.run("add", "plex")).stdout).toContain("everything of it is here already\n");
});

test.concurrent("add writes needs into recipes of one's own, and keeps what stands there", async () => {
  await using lab = await homelab({
    "homelab.yml": "# mine\nservices:\n  # about it\n  mine: { needs: [] } # end\n",
    "services/mine/compose.yml": "services: {}\n",
  });
  expect(await lab.run("add", "prowlarr")).toEqual({
    code: 0,
    stdout: `made  services/gluetun/compose.yml
made  services/gluetun/.env.example
made  services/gluetun/README.md
made  services/prowlarr/compose.yml
made  services/prowlarr/.env.example
made  services/prowlarr/README.md
made  the recipe prowlarr in homelab.yml
next: \`homelab env init\`, fill in what it names, then \`homelab ensure prowlarr\`
`,
    stderr: "",
  });
  expect(await Bun.file(lab.path("homelab.yml")).text()).toBe(
    "# mine\nservices:\n  # about it\n  mine: { needs: [] } # end\n  prowlarr: { needs: [ gluetun ] }\n",
  );
  expect(await lab.run("add", "prowlarx")).toEqual({
    code: 2,
    stdout: "",
    stderr: "error: the catalogue has no `prowlarx`\n  hint: did you mean `prowlarr`?\n",
  });
});

test.concurrent("a recipe file with the longer ending stays the only one", async () => {
  await using lab = await homelab({
    "homelab.yaml": "services:\n  own~: {}\n",
    "services/own~/compose.yml": app(),
    Justfile: "fmt:\n    nix fmt\n",
  });
  const init = await lab.run("init");
  expect([init.code, init.stdout]).toEqual([0, expect.stringContaining("kept  homelab.yaml\n")]);
  expect((await lab.run("add", "prowlarr")).stdout).toContain("made  the recipe prowlarr in homelab.yaml\n");
  expect(await lab.run("import", "Justfile")).toEqual({
    code: 5,
    stdout: "",
    stderr:
      "error: <root>/homelab.yaml is there already, and is not written over\n  hint: `--print` shows what would be in it\n",
  });
  expect(existsSync(lab.path("homelab.yml"))).toBe(false);
  expect(await Bun.file(lab.path("homelab.yaml")).text()).toBe(
    lab.own("services:\n  own~: {}\n  prowlarr: { needs: [ gluetun ] }\n"),
  );
  expect((await lab.run("list")).code).toBe(0);
});

test.concurrent("init leaves recipes in files of their own alone", async () => {
  await using lab = await homelab({
    "recipes/media.yml": "services:\n  plex: {}\n",
    "services/plex/compose.yml": app(),
  });
  const { code, stdout } = await lab.run("init");
  expect([code, stdout]).toEqual([0, expect.not.stringContaining("homelab.yml")]);
  expect((await lab.run("list")).code).toBe(0);
});

test.concurrent("a place where nothing can be made is said so", async () => {
  await using lab = await homelab({});
  expect(await lab.run("init", "/proc/nowhere")).toEqual({
    code: 69,
    stdout: "",
    stderr: "error: /proc/nowhere cannot be made (ENOENT)\n  hint: choose another place\n",
  });
});
