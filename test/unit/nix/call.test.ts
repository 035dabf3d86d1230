import { expect, test } from "bun:test";
import { isBusy } from "../../../src/nix/call.ts";

const BUSY = "error: SQLite database '/nix/var/nix/db/db.sqlite' is busy";

test.each([
  ["plain", 1, `${BUSY}\n`, true],
  ["in a log for programs", 1, `@nix {"action":"msg","level":0,"msg":"\\u001b[31;1m${BUSY}"}\n`, true],
  ["only waited for", 0, `warning: ${BUSY}\n`, false],
  ["something else", 1, "error: undefined variable 'busy'\n", false],
])("a database that another Nix has open: %s", (_, exitCode, stderr, busy) => {
  expect(isBusy({ exitCode, stderr })).toBe(busy);
});
