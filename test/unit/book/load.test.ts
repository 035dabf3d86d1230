import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { loadBook } from "../../../src/book/load.ts";
import { missingDirectory } from "../../../src/book/missing.ts";
import { position } from "../../../src/book/position.ts";
import { unreadable } from "../../../src/book/read.ts";
import type { Recipe, ServiceRecipe } from "../../../src/book/types.ts";
import { makeHome, problemsOf, show } from "./home.ts";

const EVERYTHING = `
services:
  prowlarr:
  sonarr-shows:
    description: TV shows
    dir: ./services//sonarr/shows/
    project: sonarr_shows
    needs: [prowlarr, { name: db, when: started }, { name: vm1 }]
    after: [jellyfin]
    ready: { http: "http://127.0.0.1:8989/ping", command: curl -f localhost, exec: { service: app, command: wget -q vpn }, within: 1m30s, stable: 500ms }
    mounts: [/mnt/vault/media]
    env: { optional: [SMTP_PASSWORD] }
    before_update: fmt
    rollback: auto
units:
  jellyfin: { unit: jellyfin.service }
  db: { unit: postgresql.service, needs: [prowlarr] }
microvms:
  vm1: { needs: [p620], ready: { tcp: "10.1.0.2:22" }, address: 10.1.0.2, user: admin, host: p620 }
groups:
  media: [sonarr, prowlarr, sonarr-shows, jellyfin]
hosts:
  p620: { address: p620.lan, user: admin, stage: production, critical: [sshd.service] }
tasks:
  fmt: { description: Format all Nix code, run: nix fmt }
  backup:
    params: [target]
    confirm: Back up to {{target}}?
    run: ['restic -r "$target" backup /var/lib/services']
    finally: [echo done]
`;

const plain = (recipe: Recipe | undefined) => JSON.parse(JSON.stringify({ ...recipe, origin: undefined }));

test("loadBook() reads every kind of recipe", async () => {
  const book = await loadBook(makeHome({ "homelab.yml": EVERYTHING }));
  const soft = { needs: [], after: [] };
  expect([...book.recipes.values()].map(plain)).toEqual([
    {
      kind: "service",
      name: "prowlarr",
      dir: "services/prowlarr",
      present: false,
      path: "",
      files: {},
      special: {},
      mounts: [],
      optional: [],
      rollback: "manual",
      ...soft,
    },
    {
      kind: "service",
      name: "sonarr-shows",
      description: "TV shows",
      dir: "services/sonarr/shows",
      present: false,
      path: "",
      files: {},
      special: {},
      family: "sonarr",
      project: "sonarr_shows",
      needs: [
        { name: "prowlarr", when: "healthy" },
        { name: "db", when: "started" },
        { name: "vm1", when: "healthy" },
      ],
      after: ["jellyfin"],
      ready: {
        http: "http://127.0.0.1:8989/ping",
        command: ["curl", "-f", "localhost"],
        exec: { service: "app", command: ["wget", "-q", "vpn"] },
        within: 90_000,
        stable: 500,
      },
      mounts: ["/mnt/vault/media"],
      optional: ["SMTP_PASSWORD"],
      beforeUpdate: "fmt",
      rollback: "auto",
    },
    { kind: "unit", name: "jellyfin", unit: "jellyfin.service", ...soft },
    {
      kind: "unit",
      name: "db",
      unit: "postgresql.service",
      needs: [{ name: "prowlarr", when: "healthy" }],
      after: [],
    },
    {
      kind: "microvm",
      name: "vm1",
      needs: [{ name: "p620", when: "healthy" }],
      after: [],
      ready: { tcp: "10.1.0.2:22" },
      address: "10.1.0.2",
      user: "admin",
      host: "p620",
    },
    {
      kind: "host",
      name: "p620",
      address: "p620.lan",
      user: "admin",
      stage: "production",
      critical: ["sshd.service"],
      ...soft,
    },
    {
      kind: "task",
      name: "fmt",
      description: "Format all Nix code",
      params: [],
      run: ["nix fmt"],
      finally: [],
      ...soft,
    },
    {
      kind: "task",
      name: "backup",
      params: ["target"],
      confirm: "Back up to {{target}}?",
      run: ['restic -r "$target" backup /var/lib/services'],
      finally: ["echo done"],
      ...soft,
    },
  ]);
  expect([...book.groups.values()].map(({ name, members }) => [name, members])).toEqual([
    ["media", ["sonarr-shows", "prowlarr", "jellyfin"]],
  ]);
});

test("loadBook() merges files in name order, the main file first", async () => {
  const files = { "recipes/b.yaml": "services: { b: }\n", "recipes/a.yml": "services: { a: }\n" };
  const book = await loadBook(
    makeHome({ ...files, "homelab.yaml": "services: { z: }\n", "recipes/x.txt": "no" }),
  );
  expect([...book.recipes.values()].map(({ name, origin }) => [name, origin?.file])).toEqual([
    ["z", "homelab.yaml"],
    ["a", "recipes/a.yml"],
    ["b", "recipes/b.yaml"],
  ]);
});

test("anchors, aliases and merges mean what they mean in YAML", async () => {
  const text =
    "services:\n  a: &base { needs: [c], rollback: auto }\n  b:\n    <<: *base\n    rollback: never\n  c:\n";
  const book = await loadBook(makeHome({ "homelab.yml": text }));
  const { needs, rollback } = book.recipes.get("b") as ServiceRecipe;
  expect([needs, rollback]).toEqual([[{ name: "c", when: "healthy" }], "never"]);
});

test("a byte order mark is no part of the text", async () => {
  const book = await loadBook(makeHome({ "homelab.yml": "\ufeffservices:\n  plex:\n" }));
  expect([...book.recipes.keys()]).toEqual(["plex"]);
});

describe("files that cannot be read", () => {
  test("no UTF-8", async () => {
    expect(await problemsOf(makeHome({ "homelab.yml": new Uint8Array([0x61, 0xff, 0xfe]) }))).toBe(
      "recipe-invalid: `homelab.yml` is not UTF-8 text\n  hint: save it again in the encoding UTF-8",
    );
  });
  test("a directory in place of a file", async () => {
    expect(await problemsOf(makeHome({ "homelab.yml/x": "" }))).toBe(
      "recipe-invalid: `homelab.yml` cannot be read: it is a directory",
    );
  });
  test("a link that leads nowhere", async () => {
    const root = makeHome({ "recipes/a.yml": "" });
    symlinkSync("nowhere", join(root, "recipes/b.yml"));
    expect(await problemsOf(root)).toBe(
      "recipe-invalid: `recipes/b.yml` cannot be read: the link leads nowhere",
    );
  });
  test("a pipe, which would be waited at for ever", async () => {
    const root = makeHome({ "recipes/a.yml": "" });
    Bun.spawnSync(["mkfifo", join(root, "recipes/b.yml")]);
    expect(await problemsOf(root)).toBe(
      "recipe-invalid: `recipes/b.yml` cannot be read: it is a pipe, socket or device, and no file",
    );
  });
  test("a device without end", async () => {
    const root = makeHome();
    symlinkSync("/dev/zero", join(root, "homelab.yml"));
    expect(await problemsOf(root)).toBe(
      "recipe-invalid: `homelab.yml` cannot be read: it is a pipe, socket or device, and no file",
    );
  });
  test("no permission", () => {
    expect(unreadable("homelab.yml", Object.assign(new Error("x"), { code: "EACCES" }))).toEqual({
      code: "permission",
      message: "`homelab.yml` cannot be read: permission denied",
      hint: "give yourself the right to read it, or run as its owner: `ls -ld homelab.yml` shows both",
    });
  });
});

describe("position()", () => {
  const text = "services:\n  plex:\n    needs: [tdarr, { name: loki, when: started }]\n  tdarr:\n  loki:\n";
  test.each([
    ["a recipe's key", [], true, "2:3 plex"],
    ["a need", ["needs", 0], false, "3:13 tdarr"],
    ["the name in a long need", ["needs", 1, "name"], false, "3:28 loki"],
    ["the name in a short need", ["needs", 0, "name"], false, "3:13 tdarr"],
    ["the nearest thing that is there", ["ready", "http"], false, "2:3 plex"],
  ])("finds %s", async (_, path, key, expected) => {
    const root = makeHome({ "homelab.yml": text });
    const origin = (await loadBook(root)).recipes.get("plex")?.origin;
    const found = await position(root, origin, path as string[], { key });
    const { line, column, excerpt, length } = found ?? { line: 0, column: 1, excerpt: "", length: 0 };
    expect(`${line}:${column} ${excerpt.slice(column - 1, column - 1 + length)}`).toBe(expected);
  });
  test("finds what a shipped file says", async () => {
    const book = await loadBook(makeHome());
    expect(await position(book.root, book.recipes.get("tdarr")?.origin, ["needs", 0])).toEqual({
      file: "builtin:media",
      line: 13,
      column: 13,
      excerpt: "    needs: [deluge]",
      length: 6,
    });
  });
  test("has nothing to say about a directory without a recipe", async () => {
    expect(await position("/nowhere", undefined)).toBeUndefined();
    expect(await position("/nowhere", { file: "homelab.yml", path: [] })).toBeUndefined();
  });
});

describe("missingDirectory()", () => {
  test("says so where a file stands in the way", async () => {
    const book = await loadBook(makeHome({ "homelab.yml": "services:\n  plex:\n", services: "" }));
    const error = await missingDirectory(book, book.recipes.get("plex") as ServiceRecipe);
    expect(error.message).toBe("service `plex` is not there: there is no directory `services/plex`");
  });
  const files = { "homelab.yml": "services:\n  plex:\n    needs: [tdarr]\n  tdarr:\n" };
  test("says who needs the service and where", async () => {
    const book = await loadBook(makeHome(files));
    const error = await missingDirectory(
      book,
      book.recipes.get("tdarr") as ServiceRecipe,
      book.recipes.get("plex"),
    );
    expect(show(error)).toBe(
      [
        "missing-directory: `plex` needs `tdarr`, but there is no directory `services/tdarr`",
        "  at homelab.yml:3:13:     needs: [tdarr]",
        "                                   ^^^^^",
        "  hint: add it with `homelab add tdarr`",
      ].join("\n"),
    );
  });
  test("tells a directory without a compose file from none", async () => {
    const root = makeHome(files);
    mkdirSync(join(root, "services/tdarr"), { recursive: true });
    const book = await loadBook(root);
    expect(show(await missingDirectory(book, book.recipes.get("tdarr") as ServiceRecipe))).toBe(
      [
        "missing-directory: service `tdarr` is not there: `services/tdarr` has no compose file",
        "  at homelab.yml:4:3:   tdarr:",
        "                        ^^^^^",
        "  hint: add it with `homelab add tdarr`",
      ].join("\n"),
    );
  });
});
