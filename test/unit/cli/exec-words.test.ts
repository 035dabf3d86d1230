import { expect, test } from "bun:test";
import { pickContainer, placeOf, splitExec } from "../../../src/cli/exec-words.ts";
import { HomelabError } from "../../../src/errors.ts";
import { bookOf, service } from "../books.ts";

/** What a call gives, or its error as "message | hint". */
function told<T>(call: () => T): T | string {
  try {
    return call();
  } catch (error) {
    if (error instanceof HomelabError) return [error.message, error.hint].filter(Boolean).join(" | ");
    throw error;
  }
}

const HINT = "write it as `homelab exec plex -- ls /config`";

test.each([
  ["plex -- ls", { place: ["plex"], command: ["ls"] }],
  ["a b -- c -- d --help", { place: ["a", "b"], command: ["c", "--", "d", "--help"] }],
  ["plex ls", `\`exec\` needs a command, which stands behind \`--\` | ${HINT}`],
  ["plex --", `\`exec\` needs a command, which stands behind \`--\` | ${HINT}`],
  ["-- ls", `\`exec\` needs a service in front of \`--\` | ${HINT}`],
])("splitExec(%j)", (line, want) => {
  expect(told(() => splitExec(line.split(" ")))).toEqual(want);
});

const book = bookOf(
  [
    service("plex"),
    service("db"),
    service("sonarr-shows", { family: "sonarr" }),
    service("sonarr-anime", { family: "sonarr" }),
    service("radarr-movies", { family: "radarr" }),
  ],
  ["media: plex db"],
);

test.each([
  ["plex", { name: "plex", container: undefined }],
  ["sonarr shows", { name: "sonarr-shows", container: undefined }],
  ["sonarr-shows app", { name: "sonarr-shows", container: "app" }],
  ["sonarr shows app", { name: "sonarr-shows", container: "app" }],
  ["radarr", { name: "radarr-movies", container: undefined }],
  // A container that is called like another service.
  ["plex db", { name: "plex", container: "db" }],
  ["media", "`exec` takes one service, and `media` is 2 | which of plex, db?"],
  ["sonarr", "`exec` takes one service, and `sonarr` is 2 | which of sonarr-shows, sonarr-anime?"],
  ["plx", "unknown target `plx` | did you mean `plex`?"],
  ["plex app x", "unknown target `app` | `homelab list` shows all recipes and groups"],
])("placeOf(%j)", (line, want) => {
  expect(told(() => placeOf(book, line.split(" ")))).toEqual(want);
});

const container = (own: string, number = 1) => ({ service: own, name: `immich-${own}-${number}` });
const two = [container("app"), container("db")];

test.each([
  ["the only one", [container("app")], undefined, container("app")],
  ["one by its service", two, "db", container("db")],
  ["one by its name", two, "immich-app-1", container("app")],
  [
    "one of several that nobody named",
    two,
    undefined,
    "`immich` has 2 running containers | name one: `homelab exec immich app -- …`; it has app, db",
  ],
  [
    "none",
    two,
    "cache",
    "`immich` has no running container `cache` | name one: `homelab exec immich app -- …`; it has app, db",
  ],
  [
    "one of several of the same service",
    [container("app"), container("app", 2)],
    "app",
    "`immich` has 2 running containers | name one: `homelab exec immich immich-app-1 -- …`; it has immich-app-1, immich-app-2",
  ],
  [
    "one of a single service that runs twice",
    [container("app"), container("app", 2)],
    undefined,
    "`immich` has 2 running containers | name one: `homelab exec immich immich-app-1 -- …`; it has immich-app-1, immich-app-2",
  ],
])("pickContainer() of %s", (_, containers, wanted, want) => {
  expect(told(() => pickContainer("immich", containers, wanted))).toEqual(want);
});
