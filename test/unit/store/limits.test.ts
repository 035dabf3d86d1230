import { Database } from "bun:sqlite";
import { expect, setSystemTime, test } from "bun:test";
import { join } from "node:path";
import { RegistryLimits } from "../../../src/store/limits.ts";
import { Store } from "../../../src/store/store.ts";
import { temporary } from "../temporary.ts";

const NOW = Date.parse("2026-11-21T10:00:00Z");
const HOUR = 3_600_000;

/** A state directory, at a time that the test sets. */
function state() {
  const dir = temporary();
  const path = join(dir.path, "state");
  setSystemTime(NOW);
  return {
    path,
    /** As a run of its own sees it. */
    run: () => new RegistryLimits(Store.open({ HOMELAB_STATE_DIR: path }, console.error)),
    [Symbol.dispose]() {
      setSystemTime();
      dir[Symbol.dispose]();
    },
  };
}

test("a registry that refused is not asked in this run, nor in later ones until it is due", () => {
  using lab = state();
  const run = lab.run();
  expect([run.refusal("r.lan"), run.pending("r.lan")]).toEqual([undefined, undefined]);
  expect(run.refuse("r.lan", 60_000)).toBe(NOW + 60_000);
  expect([run.refusal("r.lan"), run.pending("r.lan")]).toEqual([NOW + 60_000, NOW + 60_000]);
  const later = lab.run();
  // What is missing is tried all the same.
  expect([later.refusal("r.lan"), later.pending("r.lan")]).toEqual([undefined, NOW + 60_000]);
  expect(later.pending("other.lan")).toBeUndefined();
  setSystemTime(NOW + 60_000);
  expect(lab.run().pending("r.lan")).toBeUndefined();
});

test.each([
  [undefined, HOUR],
  [0, 1000],
  [0.04, 1000],
  [100 * HOUR, 24 * HOUR],
])("the time that it names (%p) is kept within reason", (named, kept) => {
  using lab = state();
  expect(lab.run().refuse("r.lan", named)).toBe(NOW + kept);
});

test("a registry that gives again is forgotten", () => {
  using lab = state();
  lab.run().refuse("r.lan", HOUR);
  lab.run().served("r.lan");
  expect(lab.run().pending("r.lan")).toBeUndefined();
});

test("a time that a wrong clock wrote does not count", () => {
  using lab = state();
  lab.run().refuse("r.lan", HOUR);
  new Database(join(lab.path, "homelab.db")).run("UPDATE registry_limit SET until = until + 1000000000000");
  expect(lab.run().pending("r.lan")).toBeUndefined();
});
