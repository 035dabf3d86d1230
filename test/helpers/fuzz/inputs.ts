import { Chance, caseSeed } from "./chance.ts";
import { excess } from "./excess.ts";
import { anyYaml, composeFile, envFile, justfile, recipeFile } from "./grow.ts";
import type { Entry, Home } from "./home.ts";
import { type Content, mutate } from "./mutate.ts";
import { COMPOSE_FILES, ENV_FILES, JUSTFILES, MORE_COMPOSE, RECIPES } from "./seeds.ts";

/** The homelab of one case of a run: the same one for the same numbers. */
export function homeOf(seed: number, index: number): Home {
  const chance = new Chance(caseSeed(seed, index));
  const home = new Map<string, Entry>();
  chance.pick([book, book, book, compose, compose, compose, env, just])(chance, home);
  if (chance.happens(4)) disturb(chance, home);
  return home;
}

function text(chance: Chance, seeds: readonly string[], grow: (chance: Chance) => string): Content {
  if (chance.happens(1)) return excess(chance);
  if (chance.happens(5)) return anyYaml(chance);
  const base = chance.happens(50) ? chance.pick(seeds) : grow(chance);
  return chance.happens(70)
    ? mutate(chance, base, chance.happens(50) ? chance.pick(seeds) : grow(chance))
    : base;
}

const file = (content: Content): Entry => ({ content });

function book(chance: Chance, home: Map<string, Entry>): void {
  home.set(chance.happens(95) ? "homelab.yml" : "homelab.yaml", file(text(chance, RECIPES, recipeFile)));
  if (chance.happens(25)) home.set("recipes/more.yml", file(text(chance, RECIPES, recipeFile)));
  if (chance.happens(5)) home.set("recipes/a.yaml", file(text(chance, RECIPES, recipeFile)));
  for (const dir of chance.some(0, 4, () => chance.pick(DIRS)))
    home.set(`services/${dir}/compose.yml`, file("services: { app: { image: x } }\n"));
}

const DIRS = [
  "a",
  "b",
  "db",
  "app",
  "stack/app",
  "sonarr/shows",
  "sonarr/a",
  "a/b",
  "constructor",
  "A",
  "__proto__",
  "x y",
  "all",
  "-x",
];

function compose(chance: Chance, home: Map<string, Entry>): void {
  if (chance.happens(90))
    home.set("homelab.yml", file(chance.pick(["", "services: { app: { project: mine } }\n"])));
  const dir = "services/app";
  const name = chance.pick(["compose.yml", "compose.yml", "compose.yml", "docker-compose.yaml"]);
  home.set(`${dir}/${name}`, file(text(chance, COMPOSE_FILES, composeFile)));
  if (chance.happens(30))
    home.set(`${dir}/compose.override.yml`, file(text(chance, COMPOSE_FILES, composeFile)));
  if (chance.happens(70)) home.set(`${dir}/.env`, file(envText(chance)));
  const around: Readonly<Record<string, () => Content>> = {
    "more.yml": () => (chance.happens(50) ? MORE_COMPOSE : text(chance, COMPOSE_FILES, composeFile)),
    "app.env": () => envText(chance),
    "a.env": () => envText(chance),
    "base.env": () => envText(chance),
    "conf.txt": () => "conf",
    "pass.txt": () => chance.secret(),
    labels: () => "a=b",
  };
  for (const [path, make] of Object.entries(around))
    if (chance.happens(85)) home.set(`${dir}/${path}`, file(make()));
}

function envText(chance: Chance): Content {
  const made = () => {
    const values = chance.happens(60) ? `TOKEN=${chance.secret()}\n` : "";
    const options = chance.happens(10)
      ? chance.pick([
          "COMPOSE_FILE=more.yml\n",
          "COMPOSE_FILE=compose.yml:more.yml:none.yml\n",
          "COMPOSE_FILE=.env\n",
          "COMPOSE_PROFILES=*,extra\n",
        ])
      : "";
    return values + options + envFile(chance);
  };
  if (chance.happens(1)) return excess(chance);
  return chance.happens(50) ? made() : mutate(chance, made(), envFile(chance));
}

function env(chance: Chance, home: Map<string, Entry>): void {
  home.set("homelab.yml", file(""));
  home.set("services/app/compose.yml", file("services: { app: { image: '${TOKEN}', env_file: .env } }\n"));
  home.set("services/app/.env", file(envText(chance)));
  const template = chance.happens(50) ? chance.pick(ENV_FILES) : envFile(chance);
  home.set(
    "services/app/.env.example",
    file(chance.happens(50) ? template : mutate(chance, template, chance.pick(ENV_FILES))),
  );
}

function just(chance: Chance, home: Map<string, Entry>): void {
  home.set("Justfile", file(text(chance, JUSTFILES, justfile)));
  home.set("homelab.yml", file(""));
}

/** Puts something in place of a file that is none, or beside it. */
function disturb(chance: Chance, home: Map<string, Entry>): void {
  const path = chance.pick([...home.keys()]);
  const strange: readonly Entry[] = [
    { special: "directory" },
    { special: "pipe" },
    { link: path.split("/").at(-1) ?? "" },
    { link: "/nowhere" },
    { link: "/dev/null" },
    { link: "/dev/zero" },
    { link: ".." },
    { content: "", mode: 0 },
  ];
  if (chance.happens(70)) home.set(path, chance.pick(strange));
  else {
    const beside = chance.pick([
      "services/loop",
      "services/app2",
      "recipes",
      "services",
      "recipes/x.yml",
      "services/x/y",
    ]);
    const isFree = [...home.keys()].every(
      (other) => !other.startsWith(`${beside}/`) && !beside.startsWith(`${other}/`),
    );
    if (isFree) home.set(beside, chance.pick(strange));
  }
}
