import { expect, test } from "bun:test";
import { filesOf, isOrphan, type OrphanQuestion } from "../../../../src/units/compose/orphans.ts";

const FILE = "/srv/web/compose.yml";
const OTHER = "/srv/web/dev.yml";

test.each<[string, Partial<OrphanQuestion>, boolean]>([
  ["a service that is not there any more", {}, true],
  ["a service that is there", { service: "app" }, false],
  ["a service of a file that has gone", { from: [OTHER] }, true],
  ["a service of another file that is there", { from: [OTHER], exists: () => true }, false],
  ["a service of two files, one of them another's", { from: [FILE, OTHER], exists: () => true }, false],
  ["a container that does not say what it was made from", { from: [] }, true],
])("isOrphan() of %s", (_, more, want) => {
  const question = { service: "old", from: [FILE], services: new Set(["app"]), files: [FILE] };
  expect(isOrphan({ ...question, exists: (path) => path === FILE, ...more })).toBe(want);
});

test("filesOf() reads compose's label", () => {
  expect(filesOf({ Labels: { "com.docker.compose.project.config_files": `${FILE},${OTHER}` } })).toEqual([
    FILE,
    OTHER,
  ]);
  expect(filesOf({ Labels: null })).toEqual([]);
});
