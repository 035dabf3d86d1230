import { expect, test } from "bun:test";
import { loadBook } from "../../../src/book/load.ts";
import { makeHome } from "./home.ts";

const GRAPH = {
  gluetun: [],
  pihole: [],
  homepage: [],
  prowlarr: ["gluetun"],
  deluge: ["gluetun"],
  tdarr: ["deluge"],
  profilarr: ["prowlarr"],
  "sonarr-shows": ["prowlarr", "tdarr", "profilarr"],
  "sonarr-anime": ["prowlarr", "tdarr", "profilarr"],
  "radarr-movies": ["prowlarr", "tdarr", "profilarr"],
  "radarr-anime": ["prowlarr", "tdarr", "profilarr"],
  overseerr: ["sonarr-shows", "sonarr-anime", "radarr-movies", "radarr-anime"],
  plex: ["tdarr"],
  alloy: [],
  loki: ["alloy"],
  prometheus: ["alloy"],
  grafana: ["loki", "prometheus"],
  immich: [],
  nextcloud: [],
};

const GROUPS = {
  infrastructure: ["gluetun", "pihole", "homepage"],
  media: ["plex", "sonarr-shows", "sonarr-anime", "radarr-movies", "radarr-anime", "overseerr"],
  monitoring: ["grafana", "homepage"],
  selfhosting: ["immich", "nextcloud"],
};

const graphOf = (book: Awaited<ReturnType<typeof loadBook>>) =>
  [...book.recipes.values()].map(({ name, needs }) => [name, needs.map((need) => need.name)]);
const groupsOf = (book: Awaited<ReturnType<typeof loadBook>>) =>
  [...book.groups.values()].map(({ name, members }) => [name, members]);

test("a home without recipe files has the shipped book", async () => {
  const book = await loadBook(makeHome());
  expect(book.shipped).toBe(true);
  expect(graphOf(book)).toEqual(Object.entries(GRAPH));
  expect(groupsOf(book)).toEqual(Object.entries(GROUPS));
  expect(book.warnings).toEqual([]);
});

test("the shipped services stand where they are expected", async () => {
  const book = await loadBook(
    makeHome({ "services/sonarr/anime/compose.yml": "", "services/plex/compose.yml": "" }),
  );
  const places = [...book.recipes.values()].map((recipe) => recipe.kind === "service" && recipe);
  expect(
    places
      .filter((recipe) => recipe && (recipe.family || recipe.present))
      .map((recipe) => {
        const { dir, family, present } = recipe as { dir: string; family?: string; present: boolean };
        return [dir, family, present];
      }),
  ).toEqual([
    ["services/sonarr/shows", "sonarr", false],
    ["services/sonarr/anime", "sonarr", true],
    ["services/radarr/movies", "radarr", false],
    ["services/radarr/anime", "radarr", false],
    ["services/plex", undefined, true],
  ]);
});

test("every shipped service says in one line what it is", async () => {
  const book = await loadBook(makeHome());
  for (const recipe of book.recipes.values()) expect(recipe.description).toMatch(/^[A-Z].{2,40}[^.]$/);
});

test("an included file counts once, however often it is included", async () => {
  const include = "include: [builtin:media, builtin:infrastructure, builtin:media, builtin:monitoring]\n";
  const book = await loadBook(makeHome({ "homelab.yml": include, "recipes/more.yml": include }));
  expect(book.shipped).toBe(false);
  expect(graphOf(book)).toEqual(Object.entries(GRAPH).slice(0, 17));
  expect(groupsOf(book)).toEqual(Object.entries(GROUPS).slice(0, 3));
});

test("an empty recipe file is a book without recipes", async () => {
  const book = await loadBook(makeHome({ "homelab.yml": "# nothing yet\n" }));
  expect(book.shipped).toBe(false);
  expect(book.recipes.size).toBe(0);
});
