import { expect, test } from "bun:test";
import type { StepReport } from "../../../src/plan/types.ts";
import { mergeLoss, mergeReports, type Seen } from "../../../src/run/merge.ts";

const report = (
  action: StepReport["action"],
  result: StepReport["result"],
  text: string,
  durationMs = 100,
): StepReport => ({
  id: "a",
  kind: "service",
  action,
  result,
  reason: { code: text, text },
  detail: text,
  durationMs,
});

test.each<[what: string, first: Seen, second: StepReport, merged: Partial<StepReport>]>([
  [
    "made, and left alone",
    { report: report("create", "changed", "absent") },
    report("none", "unchanged", "ready"),
    { action: "create", result: "changed", reason: { code: "absent", text: "absent" }, detail: "ready" },
  ],
  [
    "made, and started again",
    { report: report("create", "changed", "absent") },
    report("start", "changed", "stopped"),
    {
      action: "create",
      result: "changed",
      reason: { code: "absent", text: "absent; then, after Docker went away: stopped" },
      detail: "stopped",
    },
  ],
  [
    "made, and broken since",
    { report: report("create", "changed", "absent") },
    report("start", "failed", "not-ready"),
    { action: "start", result: "failed", detail: "not-ready" },
  ],
  [
    "in hand, and found done",
    { report: report("create", "cancelled", "absent"), loss: "begun" },
    report("adopt", "unchanged", "running"),
    { action: "create", result: "changed", reason: { code: "absent", text: "absent" }, detail: "running" },
  ],
  [
    "in hand, and done anew",
    { report: report("create", "cancelled", "absent"), loss: "begun" },
    report("create", "changed", "absent"),
    { action: "create", result: "changed", reason: { code: "absent", text: "absent" } },
  ],
  [
    "not begun, and nothing to do",
    { report: report("none", "cancelled", "ready"), loss: "waiting" },
    report("none", "unchanged", "ready"),
    { action: "none", result: "unchanged" },
  ],
  [
    "looked at only, and started",
    { report: report("adopt", "cancelled", "running"), loss: "begun" },
    report("start", "changed", "stopped"),
    { action: "start", result: "changed", reason: { code: "stopped", text: "stopped" } },
  ],
  [
    "not ready before the engine went away",
    { report: report("create", "failed", "absent") },
    report("none", "unchanged", "ready"),
    { action: "none", result: "unchanged" },
  ],
])("%s", (_, first, second, merged) => {
  expect(mergeReports(first, second)).toMatchObject({ ...merged, durationMs: 200 });
});

test("what was done before the engine went away twice is not forgotten", () => {
  const again = report("none", "cancelled", "ready");
  const made = { report: report("create", "changed", "absent") };
  expect(mergeLoss(undefined, again, "waiting")).toEqual({ report: again, loss: "waiting" });
  expect(mergeLoss(made, again, "waiting")).toMatchObject({ report: { action: "create" }, loss: "begun" });
  const waiting = { report: report("start", "cancelled", "stopped"), loss: "waiting" } as const;
  expect(mergeLoss(waiting, again, "waiting")).toMatchObject({ loss: "waiting" });
});
