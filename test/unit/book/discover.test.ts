import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadBook } from "../../../src/book/load.ts";
import { makeHome, problemsOf } from "./home.ts";

/** Services as `name directory`, with a mark when the directory is not there. */
async function servicesOf(root: string): Promise<{ services: string[]; warnings: readonly string[] }> {
  const book = await loadBook(root);
  const services = [...book.recipes.values()].flatMap((recipe) =>
    recipe.kind === "service" ? [`${recipe.name} ${recipe.dir}${recipe.present ? "" : " (missing)"}`] : [],
  );
  return { services, warnings: book.warnings };
}

const compose = (...dirs: string[]) => Object.fromEntries(dirs.map((dir) => [`${dir}/compose.yml`, ""]));

const cases: [name: string, files: Record<string, string>, services: string[], warnings: string[]][] = [
  [
    "every spelling of a compose file's name",
    {
      "homelab.yml": "",
      "services/d/compose.yaml": "",
      "services/c/compose.yml": "",
      "services/b/docker-compose.yml": "",
      "services/a/docker-compose.yaml": "",
      "services/e/other.yml": "",
      "services/README.md": "",
    },
    ["a services/a", "b services/b", "c services/c", "d services/d"],
    [],
  ],
  [
    "instances one level deeper, beside a compose file of the family too",
    {
      "homelab.yml": "",
      ...compose(
        "services/sonarr/shows",
        "services/sonarr/anime",
        "services/x",
        "services/x/y",
        "services/p/q/r",
      ),
    },
    [
      "sonarr-anime services/sonarr/anime",
      "sonarr-shows services/sonarr/shows",
      "x services/x",
      "x-y services/x/y",
    ],
    [],
  ],
  ["no hidden directories", { "homelab.yml": "", ...compose("services/.old", "services/x/.git") }, [], []],
  [
    "recipes first, and each directory once",
    {
      "homelab.yml":
        "services:\n  web: { dir: services/Nginx }\n  sonarr-tv-shows:\n  deep: { dir: stacks/a/b/c }\n  gone:\n",
      ...compose("services/Nginx", "services/sonarr/tv-shows", "services/a", "stacks/a/b/c"),
    },
    [
      "web services/Nginx",
      "sonarr-tv-shows services/sonarr/tv-shows",
      "deep stacks/a/b/c",
      "gone services/gone (missing)",
      "a services/a",
    ],
    [],
  ],
  [
    "a family whose own name has a hyphen",
    { "homelab.yml": "services:\n  home-assistant-main:\n", ...compose("services/home-assistant/main") },
    ["home-assistant-main services/home-assistant/main"],
    [],
  ],
  [
    "`services/<name>` before `services/<family>/<instance>`",
    { "homelab.yml": "services:\n  a-b:\n", ...compose("services/a-b", "services/a/b") },
    ["a-b services/a-b"],
    [
      "`services/a/b` is left out: the name `a-b` belongs to `services/a-b`; name it in homelab.yml with `dir: services/a/b`",
    ],
  ],
  [
    "no directory whose name is not valid or belongs to something else",
    {
      "homelab.yml": "units:\n  db: { unit: db.service }\n",
      ...compose("services/My_App", "services/db", "services/all"),
    },
    [],
    [
      "`services/My_App` is left out: `My_App` is not a valid name; name it in homelab.yml with `dir: services/My_App`",
      "`services/all` is left out: `all` is not a valid name; name it in homelab.yml with `dir: services/all`",
      "`services/db` is left out: the name `db` belongs to a unit; name it in homelab.yml with `dir: services/db`",
    ],
  ],
];

test.each(cases)("discovers %s", async (_, files, services, warnings) => {
  expect(await servicesOf(makeHome(files))).toEqual({ services, warnings });
});

test("follows links inside of the root, and none that leads out of it", async () => {
  const outside = mkdtempSync(join(tmpdir(), "homelab-outside-"));
  try {
    mkdirSync(join(outside, "web"));
    const root = makeHome({ "homelab.yml": "", ...compose("stacks/plex") });
    mkdirSync(join(root, "services"));
    symlinkSync("../stacks/plex", join(root, "services/plex"));
    symlinkSync(join(outside, "web"), join(root, "services/web"));
    symlinkSync("nowhere", join(root, "services/broken"));
    expect(await servicesOf(root)).toEqual({
      services: ["plex services/plex"],
      warnings: ["`services/web` is a link that leads out of the root and is left alone"],
    });
  } finally {
    rmSync(outside, { recursive: true });
  }
});

test("leaves links alone that lead in a circle", async () => {
  const root = makeHome({ "homelab.yml": "", ...compose("services/web") });
  symlinkSync("loop", join(root, "services/loop"));
  symlinkSync("deep", join(root, "services/web/deep"));
  expect(await servicesOf(root)).toEqual({
    services: ["web services/web"],
    warnings: ["`services/loop` is a link that cannot be followed, and is left alone"],
  });
});

test("refuses a `dir` behind a link that leads out of the root", async () => {
  const outside = mkdtempSync(join(tmpdir(), "homelab-outside-"));
  try {
    const root = makeHome({ "homelab.yml": "services:\n  web:\n  deep: { dir: other/a/b }\n" });
    mkdirSync(join(root, "services"));
    mkdirSync(join(outside, "a/b"), { recursive: true });
    symlinkSync(outside, join(root, "services/web"));
    symlinkSync(outside, join(root, "other"));
    expect(await problemsOf(root)).toBe(
      [
        "recipe-invalid: `services/web` of service `web` is behind a link that leads out of the root",
        "  at homelab.yml:2:3:   web:",
        "                        ^^^",
        "  hint: a service's directory stands inside of the homelab repository",
        "recipe-invalid: `other/a/b` of service `deep` is behind a link that leads out of the root",
        "  at homelab.yml:3:16:   deep: { dir: other/a/b }",
        "                                      ^^^^^^^^^",
        "  hint: a service's directory stands inside of the homelab repository",
      ].join("\n"),
    );
  } finally {
    rmSync(outside, { recursive: true });
  }
});
