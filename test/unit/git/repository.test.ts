import { expect, test } from "bun:test";
import { parseStatus } from "../../../src/git/repository.ts";

const none = { comparable: false, ahead: 0, behind: 0, changed: [] };

test.each([
  [
    "a branch that follows another one",
    ["# branch.oid 1f2e", "# branch.head main", "# branch.upstream origin/main", "# branch.ab +2 -13"],
    {
      commit: "1f2e",
      branch: "main",
      upstream: "origin/main",
      comparable: true,
      ahead: 2,
      behind: 13,
      changed: [],
    },
  ],
  [
    "a branch that follows nothing",
    ["# branch.oid 1f2e", "# branch.head main"],
    { commit: "1f2e", branch: "main", upstream: undefined, ...none },
  ],
  [
    "no branch, and no commit yet",
    ["# branch.oid (initial)", "# branch.head (detached)"],
    { commit: undefined, branch: undefined, upstream: undefined, ...none },
  ],
  [
    "an upstream that is gone",
    ["# branch.oid 1f2e", "# branch.head main", "# branch.upstream origin/main"],
    { commit: "1f2e", branch: "main", upstream: "origin/main", ...none },
  ],
  [
    "files that are changed, renamed and in conflict, with spaces in their names",
    [
      "# branch.oid 1f2e",
      "# branch.head main",
      "1 .M N... 100644 100644 100644 aaa bbb services/my app/compose.yml",
      "2 R. N... 100644 100644 100644 aaa bbb R100 new name",
      "old name",
      "u UU N... 100644 100644 100644 100644 aaa bbb ccc both",
    ],
    {
      commit: "1f2e",
      branch: "main",
      upstream: undefined,
      comparable: false,
      ahead: 0,
      behind: 0,
      changed: ["services/my app/compose.yml", "new name", "both"],
    },
  ],
])("parseStatus() reads %s", (_, entries, want) => {
  expect(parseStatus(`${entries.join("\0")}\0`)).toEqual(want);
});
