import { expect, test } from "bun:test";
import type { RecipeKind } from "../../../src/book/types.ts";
import type { StepReport } from "../../../src/plan/types.ts";
import { released } from "../../../src/run/released.ts";

const step = (id: string, kind: RecipeKind, result: StepReport["result"]): StepReport => ({
  ...{ id, kind, result, action: "update", reason: { code: "", text: "" }, detail: "", durationMs: 0 },
});
const drivers = new Map<RecipeKind, { isUp: (name: string) => boolean }>([
  ["microvm", { isUp: (name) => name === "up" }],
  ["unit", { isUp: () => false }],
]);

test.each<[what: string, step: StepReport, held: boolean]>([
  ["a MicroVM that runs", step("up", "microvm", "changed"), false],
  ["a MicroVM that was found to run", step("up", "microvm", "unchanged"), false],
  ["one that has a new system, and is down", step("down", "microvm", "changed"), true],
  ["one of which nothing had to be done, and is down", step("down", "microvm", "unchanged"), true],
  ["one that failed", step("up", "microvm", "failed"), true],
  ["one that was left alone", step("down", "microvm", "held"), true],
  ["a oneshot that has done its work", step("job", "unit", "changed"), false],
  ["a service", step("web", "service", "changed"), false],
])("%s", (_, report, held) => {
  expect(released([report], drivers)).toEqual(held ? [] : [report.id]);
});
