import { expect, test } from "bun:test";
import { ASCII, type Symbols, symbolsFor, UNICODE } from "../../../src/report/symbols.ts";

test.each<[Record<string, string>, Symbols]>([
  [{ LANG: "de_DE.UTF-8" }, UNICODE],
  [{ LC_ALL: "C.utf8" }, UNICODE],
  [{ LC_ALL: "C", LANG: "en_US.UTF-8" }, ASCII],
  [{ LC_ALL: "", LC_CTYPE: "en_US.UTF-8" }, UNICODE],
  [{ LANG: "en_US.UTF-8", TERM: "linux" }, ASCII],
  [{}, ASCII],
])("%j", (env, want) => {
  expect(symbolsFor(env)).toBe(want);
});
