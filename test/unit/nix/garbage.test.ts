import { expect, test } from "bun:test";
import { parseFreed } from "../../../src/nix/garbage.ts";

test.each([
  ["3 store paths deleted, 291.84 MiB freed\n", { paths: 3, freed: "291.84 MiB" }],
  // What is newer has one word for one, and the unit that fits.
  ["1 store path deleted, 1.2 GiB freed", { paths: 1, freed: "1.2 GiB" }],
  ["deleting '/nix/store/x'\n0 store paths deleted, 0.00 MiB freed\n", { paths: 0, freed: "0.00 MiB" }],
  ["error: cannot open connection\n", undefined],
])("%p", (text, freed) => {
  expect(parseFreed(text)).toEqual(freed);
});
