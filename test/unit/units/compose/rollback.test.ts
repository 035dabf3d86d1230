import { expect, test } from "bun:test";
import type { Pin } from "../../../../src/store/pins.ts";
import { cameSince, chooseRelease } from "../../../../src/units/compose/rollback.ts";
import { release, released } from "./containers.ts";

/** Releases 4 to 1, the newest first; 4 is a copy of 2, as after a rollback to it. */
const stored = (["b", "c", "b", "a"] as const).map((image, index) => ({
  id: 4 - index,
  at: 0,
  release: release(released("app", { imageId: image })),
}));
const pin: Pin = {
  release: 4,
  at: 0,
  why: "",
  refused: { manifest: { files: [], variables: [] }, images: [] },
};
const runs = new Set(release(released("app")).containers.map(({ id }) => id));

test.each([
  ["the one before, when nothing was put back", stored.slice(1), { to: undefined, pin: undefined, runs }, 2],
  ["the one before what was put back", stored, { to: undefined, pin, runs }, 1],
  [
    "the newest one, when something else runs",
    stored,
    { to: undefined, pin: undefined, runs: new Set<string>() },
    4,
  ],
  [
    "what was put back and not seen ready since, although something newer was",
    stored,
    { to: undefined, pin: { ...pin, release: 2, made: ["id-back"] }, runs: new Set(["id-back"]) },
    2,
  ],
  [
    "the same when putting it back changed no container",
    stored,
    { to: undefined, pin: { ...pin, release: 2, made: [...runs] }, runs },
    2,
  ],
  ["the one that is named", stored, { to: 3, pin: undefined, runs }, 3],
])("chooseRelease() takes %s", (_, releases, question, want) => {
  expect(chooseRelease("web", releases, question).id).toBe(want);
});

test.each([
  ["no release at all", [], undefined, "`web` has no release: it was never seen ready by homelab"],
  ["none before", stored.slice(3), undefined, "`web` has no release before the one that runs"],
  ["none of that number", stored, 9, "`web` has no release 9"],
])("chooseRelease() refuses with %s", (_, releases, to, want) => {
  expect(() => chooseRelease("web", releases, { to, pin: undefined, runs })).toThrow(want);
});

test.each([
  ["what the release has", ["app"], []],
  ["what its files have under a profile", ["debug"], []],
  ["what they had under a profile that is gone since", ["job"], ["job"]],
  ["what its files do not know", ["new", "app"], ["new"]],
])("cameSince() with %s", (_, services, want) => {
  const version = {
    release: new Set(["app"]),
    written: new Set(["app", "debug", "job"]),
    expected: new Set(["app", "job", "new"]),
  };
  expect([...cameSince(services, version)]).toEqual(want);
});
