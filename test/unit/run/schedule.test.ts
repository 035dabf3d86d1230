import { describe, expect, test } from "bun:test";
import type { Need } from "../../../src/book/types.ts";
import type { Plan, Step } from "../../../src/plan/types.ts";
import { type Outcome, schedule } from "../../../src/run/schedule.ts";
import type { Level } from "../../../src/units/driver.ts";

/** A plan from lines such as "app: db cache~started ~backup" (`~backup` is soft order). */
function planOf(...lines: string[]) {
  const needs = new Map<string, Need[]>();
  const steps = lines.map((line): Step => {
    const [id = "", rest = ""] = line.split(":");
    const words = rest.split(" ").filter(Boolean);
    needs.set(
      id,
      words
        .filter((word) => !word.startsWith("~"))
        .map((word) => {
          const [name = "", when = "healthy"] = word.split("~");
          return { name, when: when as Need["when"] };
        }),
    );
    return {
      id,
      kind: "service",
      action: "create",
      reason: { code: "absent", text: "absent" },
      effect: "write",
      needs: words.map((word) => word.replace(/^~/, "").split("~")[0] ?? ""),
    };
  });
  const plan: Plan = { root: "/r", targets: [], steps };
  return { plan, needs };
}

const changed: Outcome = { result: "changed", reason: { code: "absent", text: "" }, detail: "" };
const failed: Outcome = { result: "failed", reason: { code: "not-ready", text: "" }, detail: "broken" };

/** Runs a plan; `work` says how each step goes. Returns the order of beginnings and the results. */
async function run(
  lines: string[],
  work: (id: string, opened: (level: Level) => void) => Promise<Outcome> = async () => changed,
  stop = new AbortController().signal,
) {
  const begun: string[] = [];
  const reports = await schedule({
    ...planOf(...lines),
    execute: (step, opened) => {
      begun.push(step.id);
      return work(step.id, opened);
    },
    stop,
    finished: () => {},
  });
  return { begun, results: Object.fromEntries(reports.map(({ id, result }) => [id, result])), reports };
}

const DIAMOND = ["base:", "left: base", "right: base", "top: left right", "other:"];

test("a diamond's shared need runs once, and everything after what it needs (checklist 20)", async () => {
  const { begun, results } = await run(DIAMOND);
  expect(begun).toEqual(["base", "other", "left", "right", "top"]);
  expect(new Set(Object.values(results))).toEqual(new Set(["changed"]));
});

test("a failed shared need ran once, blocks its dependents, which say by what, and the rest goes on", async () => {
  const { begun, reports } = await run(DIAMOND, async (id) => (id === "base" ? failed : changed));
  expect(begun).toEqual(["base", "other"]);
  expect(reports.map(({ id, result, detail }) => [id, result, detail])).toEqual([
    ["base", "failed", "broken"],
    ["left", "blocked", "needs base, which failed"],
    ["right", "blocked", "needs base, which failed"],
    ["top", "blocked", "needs left, which is blocked"],
    ["other", "changed", ""],
  ]);
});

describe("a dependent begins when its need has come as far as it asks", () => {
  test.each([
    ["started", "started", true],
    ["started", "healthy", true],
    ["healthy", "started", false],
    ["healthy", "healthy", true],
    ["completed", "healthy", false],
  ] as const)("%s, at level %s: %p", async (when, level, begins) => {
    const gate = Promise.withResolvers<void>();
    const begun: string[] = [];
    const running = schedule({
      ...planOf("db:", `app: db~${when}`),
      execute: async (step, opened) => {
        begun.push(step.id);
        if (step.id === "db") {
          opened(level);
          await gate.promise;
        }
        return changed;
      },
      stop: new AbortController().signal,
      finished: () => {},
    });
    await Bun.sleep(5);
    expect(begun.includes("app")).toBe(begins);
    gate.resolve();
    expect((await running).map((report) => report.result)).toEqual(["changed", "changed"]);
  });
});

test("a need that fails after its gate opened blocks what was built on it, which says so", async () => {
  const { reports } = await run(["db:", "app: db"], async (id, opened) => {
    if (id !== "db") return changed;
    opened("healthy");
    await Bun.sleep(5);
    return failed;
  });
  expect(reports.map(({ id, result, detail }) => [id, result, detail])).toEqual([
    ["db", "failed", "broken"],
    ["app", "blocked", "db, which it needs, failed after this had been started"],
  ]);
});

test("soft order waits for the end, whatever it is", async () => {
  const { begun, results } = await run(["first:", "second: ~first"], async (id) =>
    id === "first" ? failed : changed,
  );
  expect(begun).toEqual(["first", "second"]);
  expect(results).toEqual({ first: "failed", second: "changed" });
});

test("after a stop nothing new begins, and what runs ends", async () => {
  const stop = new AbortController();
  const { begun, results } = await run(
    ["a:", "b: a", "c: b"],
    async () => {
      stop.abort();
      return changed;
    },
    stop.signal,
  );
  expect(begun).toEqual(["a"]);
  expect(results).toEqual({ a: "changed", b: "cancelled", c: "cancelled" });
});

test("random graphs: each step runs once at most, never before its needs, and only over failed ones it does not", async () => {
  let seed = 20_261_121;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  for (let round = 0; round < 50; round++) {
    const size = 2 + random(20);
    const lines = Array.from({ length: size }, (_, rank) => {
      const needs = Array.from({ length: rank === 0 ? 0 : random(3) }, () => `n${random(rank)}`);
      return `n${rank}: ${[...new Set(needs)].join(" ")}`;
    });
    const bad = new Set(Array.from({ length: random(3) }, () => `n${random(size)}`));
    const ended = new Set<string>();
    const early: string[] = [];
    const { plan } = planOf(...lines);
    const { begun, results } = await run(lines, async (id) => {
      const needs = plan.steps.find((step) => step.id === id)?.needs ?? [];
      early.push(...needs.filter((need) => !ended.has(need)));
      await Bun.sleep(0);
      ended.add(id);
      return bad.has(id) ? failed : changed;
    });
    expect(early).toEqual([]);
    expect(new Set(begun).size).toBe(begun.length);
    for (const step of plan.steps) {
      const blocked = step.needs.some((need) => results[need] !== "changed");
      expect(results[step.id]).toBe(blocked ? "blocked" : bad.has(step.id) ? "failed" : "changed");
    }
  }
});
