import { expect, test } from "bun:test";
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { MicrovmRecipe } from "../../../../src/book/types.ts";
import type { Context } from "../../../../src/cli/context.ts";
import { seeAllVms } from "../../../../src/cli/vm/book.ts";
import { FoundVms } from "../../../../src/cli/vm/found.ts";
import { bookOf } from "../../books.ts";
import { temporary } from "../../temporary.ts";

const vm1: MicrovmRecipe = { kind: "microvm", name: "vm1", needs: [], after: [] };
const BOOK = bookOf([vm1], ["mine: vm1"]);

/** A machine whose `find` counts how often it is asked, and goes on with `script`. */
function machine(script: string) {
  const dir = temporary({ find: `#!/bin/sh\necho >>"$0.calls"\n${script}\n`, "find.calls": "" });
  chmodSync(join(dir.path, "find"), 0o755);
  return {
    env: { PATH: `${dir.path}:${process.env.PATH}` },
    calls: () => readFileSync(join(dir.path, "find.calls"), "utf8").length,
    [Symbol.dispose]: () => dir[Symbol.dispose](),
  };
}

const HAS_VM2 = String.raw`printf 'd vm2\t\0'`;

test.each([
  ["", 1, "vm1 vm2"],
  ["vm2", 1, "vm1 vm2"],
  ["vm1", 0, "vm1"],
  ["mine", 0, "vm1"],
  ["vm1 vm2", 1, "vm1 vm2"],
])("for `vm … %s`, read twice, machines are asked %d times", async (typed, calls, names) => {
  using host = machine(HAS_VM2);
  const context: Pick<Context, "env" | "completeBook"> = { env: host.env };
  seeAllVms(context as Context, typed.split(" ").filter(Boolean));
  for (let round = 0; round < 2; round++) {
    const completed = await context.completeBook?.(BOOK);
    expect([...(completed?.recipes.keys() ?? [])].join(" ")).toBe(names);
  }
  expect(host.calls()).toBe(calls);
});

test("a machine that does not let itself be asked is not one without MicroVMs", async () => {
  using host = machine("echo \"find: '/var/lib/microvms': Permission denied\" >&2; exit 1");
  const found = new FoundVms(host.env);
  expect([...(await found.complete(BOOK)).recipes.keys()]).toEqual(["vm1"]);
  expect(found.unasked.map((each) => [each.host, each.error.code])).toEqual([["this machine", "permission"]]);
});
