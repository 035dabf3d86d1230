import { expect, test } from "bun:test";
import { isStale, pendingOf, type VmFacts } from "../../../../src/units/microvm/decide.ts";
import { between, failed, running } from "../systemd/states.ts";
import { dir, facts, off, outdated, plain, stale, unbuilt } from "./facts.ts";

test.each<[string, Pick<VmFacts, "state" | "dir" | "configured">, string | undefined]>([
  ["up to date", facts(), undefined],
  ["up to date, nothing evaluated", plain(), undefined],
  ["off", facts(off), "start"],
  ["failed", facts({ ...off, state: failed() }), "start"],
  ["between two lives", facts({ state: between() }), undefined],
  ["stale", facts(stale), "restart"],
  ["outdated", facts(outdated), "update"],
  ["outdated and stale", facts({ ...stale, ...outdated }), "update"],
  ["built, not in place", plain({ dir: dir({ current: "one", booted: "one", new: "two" }) }), "update"],
  [
    "built once, configured otherwise since",
    facts({ dir: dir({ current: "one", booted: "one", new: "two" }) }),
    undefined,
  ],
  ["never built", facts(unbuilt), "build"],
  ["no directory", facts({ dir: undefined }), "build"],
])("%s: pending", (_, known, pending) => {
  expect(pendingOf(known)).toBe(pending as never);
});

test("what is left of one that does not run any more makes nothing stale", () => {
  expect(isStale({ state: failed(), dir: stale.dir })).toBe(false);
  expect(isStale({ state: running(), dir: stale.dir })).toBe(true);
  expect(isStale({ state: running(), dir: dir({ current: "one" }) })).toBe(false);
  expect(isStale({ state: running(), dir: undefined })).toBe(false);
});
