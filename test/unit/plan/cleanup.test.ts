import { expect, test } from "bun:test";
import { type CleanupFacts, removable, repositoryOf, withoutTag } from "../../../src/plan/cleanup.ts";

const image = (id: string, tags: string[] | null, size = 1, digests: string[] | null = null) => ({
  Id: id,
  RepoTags: tags,
  RepoDigests: digests,
  Size: size,
});
const facts: CleanupFacts = {
  images: [
    image("used", ["plex:1"]),
    image("wanted", ["plex:latest"]),
    image("kept", null),
    image("dangling", ["<none>:<none>"], 5),
    image("old", ["plex:0"], 9),
    image("moved", null, 3, ["plex@sha256:1"]),
    image("stranger", ["postgres:16"], 7),
    image("both", ["postgres:17", "plex:2"], 2),
    image("digest", null, 8, ["plex@sha256:2"]),
    image("doubt", ["loki:1"], 8),
    image("doubt too", null, 8, ["loki@sha256:3"]),
  ],
  used: new Set(["used"]),
  wanted: new Set(["plex:latest", "plex@sha256:2"]),
  kept: new Set(["kept"]),
  repositories: new Set(["plex", "loki"]),
  doubtful: new Set(["loki"]),
  all: false,
};
const ids = (images: readonly { Id: string }[]) => images.map(({ Id }) => Id);

test("removable() finds what nothing needs, the largest first, and leaves strangers alone", () => {
  expect(ids(removable(facts))).toEqual(["old", "dangling", "moved", "both"]);
  expect(ids(removable({ ...facts, all: true }))).toEqual(["old", "stranger", "dangling", "moved", "both"]);
});

test.each([
  ["plex:1", "plex"],
  ["127.0.0.1:5000/a/plex", "127.0.0.1:5000/a/plex"],
  ["127.0.0.1:5000/a/plex:2@sha256:12", "127.0.0.1:5000/a/plex"],
])("repositoryOf(%s)", (reference, want) => expect(repositoryOf(reference)).toBe(want));

test.each([
  ["plex:1", "plex:1"],
  ["plex@sha256:12", "plex@sha256:12"],
  ["127.0.0.1:5000/a/plex:2@sha256:12", "127.0.0.1:5000/a/plex@sha256:12"],
])("withoutTag(%s)", (reference, want) => expect(withoutTag(reference)).toBe(want));
