import { describe, expect, test } from "bun:test";
import type { Action, RunReport } from "../../../src/plan/types.ts";
import { ending, plainSummary, quietSummary, watchedSummary } from "../../../src/report/wording.ts";
import { ended, runOf } from "./examples.ts";

describe("ending", () => {
  test.each([
    ["create", "created"],
    ["start", "started"],
    ["update", "updated"],
    ["recreate", "recreated"],
    ["restart", "restarted"],
    ["repair", "repaired"],
    ["adopt", "adopted"],
    ["run", "ran"],
    ["activate", "activated"],
    ["none", "ready"],
  ] as [Action, string][])("%s that changed something is `%s in …`", (action, word) => {
    expect(ending(ended("x", action, "changed", { durationMs: 1234, detail: "up" }))).toBe(
      `${word} in 1.2 s`,
    );
  });

  test.each([
    [ended("x", "none", "unchanged", { detail: "up" }), "ready"],
    [ended("x", "adopt", "unchanged", { durationMs: 3 }), "adopted"],
    [ended("nixos-rebuild", "activate", "unchanged"), "unchanged"],
    [ended("git pull", "run", "unchanged"), "unchanged"],
    [
      ended("x", "create", "failed", { durationMs: 31_000, detail: "port 80 is taken" }),
      "failed after 31 s: port 80 is taken",
    ],
    [ended("x", "create", "failed"), "failed"],
    [
      ended("x", "create", "timed-out", { durationMs: 120_000, detail: "starting" }),
      "timed out after 2 min: starting",
    ],
    [ended("x", "create", "cancelled", { detail: "interrupted" }), "cancelled: interrupted"],
    [ended("x", "create", "blocked", { detail: "needs y, which failed" }), "blocked: needs y, which failed"],
    [ended("x", "held", "held", { detail: "stopped on purpose" }), "held: stopped on purpose"],
    [ended("x", "create", "failed", { detail: "a\x1b[31mb\nc" }), "failed: a\\x1b[31mb\\nc"],
  ])("%#: %j", (report, want) => {
    expect(ending(report)).toBe(want);
  });
});

const created = ended("a", "create", "changed");
const adopted = ended("b", "adopt", "unchanged");
const untouched = ended("c", "none", "unchanged");
const failed = ended("d", "create", "failed");
const late = ended("e", "create", "timed-out");
const blocked = ended("f", "create", "blocked");
const cancelled = ended("g", "create", "cancelled");
const held = ended("h", "held", "held");

describe("summaries", () => {
  test.each([
    {
      run: runOf("changed", 8400, [created, created, adopted, untouched]),
      plain: "2 changed in 8.4 s",
      watched: "4 ready: 2 created, 1 adopted in 8.4 s",
    },
    {
      run: runOf("unchanged", 12, [adopted, untouched]),
      plain: "2 ready in 12 ms",
      watched: "2 ready: 1 adopted in 12 ms",
    },
    {
      run: runOf("changed", 1000, [ended("git pull", "run", "unchanged"), created, untouched]),
      plain: "1 changed in 1 s",
      watched: "2 ready: 1 created in 1 s",
    },
    {
      run: runOf("changed", 1000, [ended("nixos-rebuild", "activate", "changed")]),
      plain: "1 changed in 1 s",
      watched: "1 activated in 1 s",
    },
    {
      run: runOf("unchanged", 12, [untouched, held]),
      plain: "1 ready, 1 held (h) in 12 ms",
      watched: "1 ready, 1 held (h), nothing to do (12 ms)",
    },
    { run: runOf("unchanged", 1, []), plain: "nothing done in 1 ms", watched: "nothing to do (1 ms)" },
    {
      run: runOf("changed", 1000, [created, held]),
      plain: "1 changed, 1 held (h) in 1 s",
      watched: "1 ready, 1 held (h): 1 created in 1 s",
    },
    {
      run: runOf("changed", 1000, [ended("a", "stop", "changed"), ended("b", "stop", "changed")]),
      plain: "2 changed in 1 s",
      watched: "2 stopped in 1 s",
    },
    {
      run: runOf("unchanged", 900, [ended("a", "pull", "unchanged")]),
      plain: "1 unchanged in 900 ms",
      watched: "1 unchanged in 900 ms",
    },
    {
      run: runOf("changed", 900, [ended("a", "pull", "unchanged"), ended("b", "pull", "changed")]),
      plain: "1 changed in 900 ms",
      watched: "1 pulled, 1 unchanged in 900 ms",
    },
    {
      run: runOf("failed", 31_000, [created, untouched, failed, late, blocked, blocked, held]),
      plain: "1 changed, 1 failed, 1 timed out, 2 blocked, 1 held (h) in 31 s",
      watched: "1 failed, 1 timed out, 2 blocked, 2 ready, 1 held (h) in 31 s",
    },
    {
      run: runOf("interrupted", 4100, [created, cancelled, blocked]),
      plain: "interrupted: 1 changed, 1 blocked, 1 cancelled in 4.1 s",
      watched: "interrupted: 1 ready, 1 blocked, 1 cancelled after 4.1 s",
    },
  ] as { run: RunReport; plain: string; watched: string }[])("$plain", ({ run, plain, watched }) => {
    expect(plainSummary(run)).toBe(plain);
    expect(watchedSummary(run)).toBe(watched);
  });

  test("a quiet run says how long it took", () => {
    expect(quietSummary(runOf("unchanged", 8, [untouched, adopted]))).toBe("2 ready, nothing to do (8 ms)");
  });
});
