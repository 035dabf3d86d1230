import { expect, test } from "bun:test";
import { treeNews } from "../../../src/git/tree.ts";

test.each([
  ["", []],
  ["?? notes.txt\0", []],
  [" M a.nix\0", ["built with changes that are not committed: a.nix"]],
  ["R  new.nix\0old.nix\0A  c\0", ["built with changes that are not committed: new.nix, c"]],
  [
    "?? modules/x.nix\0 M 1\0 M 2\0 M 3\0 M 4\0",
    [
      "built with changes that are not committed: 1, 2, 3 and 1 more",
      "a flake does not see what git does not know: modules/x.nix (`git add` makes it seen)",
    ],
  ],
])("%j", (status, expected) => {
  expect(treeNews(status)).toEqual(expected);
});
