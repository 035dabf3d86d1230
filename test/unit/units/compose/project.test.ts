import { describe, expect, test } from "bun:test";
import { HomelabError } from "../../../../src/errors.ts";
import type { ContainerView } from "../../../../src/units/compose/observe.ts";
import { type ProjectQuestion, resolveProject } from "../../../../src/units/compose/project.ts";
import { view } from "./containers.ts";

const DIR = "/srv/services/sonarr/anime";
const OTHER = "/srv/services/radarr/anime";
const GONE = "/old/services/sonarr/anime";

const here = (project: string, service = "app") =>
  view(`${project}-${service}-1`, { project, service, dir: DIR });
const there = (project: string, service = "app", dir = OTHER) =>
  view(`${project}-${service}-9`, { project, service, dir });

/** Asks about `sonarr-anime` in a world with these containers. */
function ask(containers: ContainerView[], more: Partial<ProjectQuestion> = {}): string {
  try {
    const { project, containers: found } = resolveProject({
      name: "sonarr-anime",
      dir: DIR,
      services: new Set(["app", "db"]),
      own: containers.filter((container) => container.dir === DIR),
      inProject: (project) => containers.filter((container) => container.project === project),
      exists: (dir) => dir !== GONE,
      ...more,
    });
    return [project, ...found.map((container) => container.name)].join(" ");
  } catch (error) {
    if (!(error instanceof HomelabError)) throw error;
    return `${error.code}: ${error.message}\n${error.hint}`;
  }
}

describe("the project is", () => {
  test.each([
    ["the recipe's name when nothing else is known", [], {}, "sonarr-anime"],
    [
      "the recipe's project before all",
      [],
      { recipeProject: "r", composeName: "c", releasedProject: "l" },
      "r",
    ],
    ["the one it runs as", [here("anime")], { composeName: "c", releasedProject: "l" }, "anime anime-app-1"],
    ["the compose file's name", [], { composeName: "c", releasedProject: "l" }, "c"],
    ["the one it was last ready as", [], { releasedProject: "l" }, "l"],
    [
      "the recipe's project that it runs as",
      [here("anime")],
      { recipeProject: "anime" },
      "anime anime-app-1",
    ],
    [
      "shared with another directory that has other services, as it runs",
      [here("anime"), there("anime", "radarr")],
      {},
      "anime anime-app-1",
    ],
    [
      "shared with another directory that has other services, as it was last ready",
      [there("anime", "radarr")],
      { releasedProject: "anime" },
      "anime",
    ],
    [
      "that of containers whose directory has gone, when the recipe says so",
      [there("anime", "app", GONE)],
      { recipeProject: "anime" },
      "anime anime-app-9",
    ],
    ["not disturbed by other projects", [there("radarr-anime"), there("other", "db")], {}, "sonarr-anime"],
  ] as [string, ContainerView[], Partial<ProjectQuestion>, string][])("%s", (_, containers, more, want) =>
    expect(ask(containers, more)).toBe(want),
  );
});

describe("refused is", () => {
  test.each([
    [
      "a service that runs twice",
      [here("anime"), here("sonarr-anime")],
      {},
      `refused: \`sonarr-anime\` runs twice: as project \`anime\` and as project \`sonarr-anime\`, both from ${DIR}
keep one: \`docker compose -p sonarr-anime down\` stops the second (its volumes stay)`,
    ],
    [
      "another project than the recipe says",
      [here("anime")],
      { recipeProject: "shows" },
      `refused: \`sonarr-anime\` runs from ${DIR} as project \`anime\`, but its recipe says \`project: shows\`
write \`project: anime\` to keep it as it runs, or stop it first: \`docker compose -p anime down\``,
    ],
    [
      "a service that runs twice, once as the recipe says",
      [here("shows"), here("anime")],
      { recipeProject: "shows" },
      `refused: \`sonarr-anime\` runs from ${DIR} as project \`anime\`, but its recipe says \`project: shows\`
write \`project: anime\` to keep it as it runs, or stop it first: \`docker compose -p anime down\``,
    ],
    [
      "a project that another directory has, with the same service",
      [here("anime"), there("anime")],
      {},
      `refused: \`sonarr-anime\` in ${DIR} would be project \`anime\`, which already has a container \`anime-app-9\` from ${OTHER}
give one of them a name of its own: \`project: anime-2\` under \`services: sonarr-anime:\` in homelab.yml`,
    ],
    [
      "a new project that another directory has already, with other services",
      [there("anime", "radarr")],
      { composeName: "anime" },
      `refused: \`sonarr-anime\` in ${DIR} would be project \`anime\`, which already has a container \`anime-radarr-9\` from ${OTHER}
give one of them a name of its own: \`project: anime-2\` under \`services: sonarr-anime:\` in homelab.yml`,
    ],
    [
      "containers of a directory that has gone, when the recipe says nothing",
      [there("sonarr-anime", "app", GONE)],
      {},
      `refused: \`sonarr-anime\` in ${DIR} would be project \`sonarr-anime\`, which already has a container \`sonarr-anime-app-9\` from ${GONE}
if ${GONE} was moved to ${DIR}, write \`project: sonarr-anime\` under \`services: sonarr-anime:\` in homelab.yml`,
    ],
    [
      "an explicit project that a directory which is still there has",
      [there("anime")],
      { recipeProject: "anime" },
      `refused: \`sonarr-anime\` in ${DIR} would be project \`anime\`, which already has a container \`anime-app-9\` from ${OTHER}
give one of them a name of its own: \`project: anime-2\` under \`services: sonarr-anime:\` in homelab.yml`,
    ],
  ] as [string, ContainerView[], Partial<ProjectQuestion>, string][])("%s", (_, containers, more, want) =>
    expect(ask(containers, more)).toBe(want),
  );
});
