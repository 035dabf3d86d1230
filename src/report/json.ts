import type { Action, Plan, RunReport, StepReport } from "../plan/types.ts";
import type { RunRecord } from "../store/runs.ts";

const ACTIONS: readonly Action[] = [
  "none",
  "adopt",
  "create",
  "start",
  "update",
  "recreate",
  "restart",
  "repair",
  "run",
  "activate",
  "stop",
  "rollback",
  "pull",
  "remove",
  "held",
  "blocked",
];

/** How many steps of a plan have each action; `none` always, others only when there are any. */
function countActions(plan: Plan): Partial<Record<Action, number>> {
  const counts: Partial<Record<Action, number>> = {};
  for (const action of ACTIONS) {
    const count = plan.steps.filter((step) => step.action === action).length;
    if (count > 0 || action === "none") counts[action] = count;
  }
  return counts;
}

/** The document of `plan --json`. Field order is part of it; fields may be added, never changed. */
export function planDocument(plan: Plan) {
  return {
    version: 1,
    root: plan.root,
    targets: [...plan.targets],
    steps: plan.steps.map(({ id, kind, action, reason, effect, needs }) => ({
      id,
      kind,
      action,
      reason: { code: reason.code, text: reason.text },
      effect,
      needs: [...needs],
    })),
    summary: countActions(plan),
  };
}

function stepDocument({ id, kind, action, result, reason, durationMs, detail, warnings, host }: StepReport) {
  return {
    id,
    kind,
    action,
    result,
    reason: { code: reason.code, text: reason.text },
    durationMs: Math.round(durationMs),
    detail,
    ...(warnings && { warnings: [...warnings] }),
    ...(host && { host }),
  };
}

/** The document of `ensure --json`. Durations are whole milliseconds. */
export function runDocument(report: RunReport) {
  return {
    version: 1,
    run: report.run,
    outcome: report.outcome,
    steps: report.steps.map(stepDocument),
    changed: report.changed,
    failed: report.failed,
    durationMs: Math.round(report.durationMs),
  };
}

/** The document of `report --json`: the run with all that is known of each step. */
export function reportDocument(root: string, { id, at, command, report, origin, repeats }: RunRecord) {
  return {
    version: 1,
    root,
    run: id,
    at: new Date(at).toISOString(),
    command,
    user: origin?.user ?? null,
    unattended: origin?.unattended ?? null,
    revision: origin?.revision ?? null,
    repeats,
    outcome: report.outcome,
    steps: report.steps.map((step) => ({
      ...stepDocument(step),
      hint: step.hint ?? null,
      log: [...(step.log ?? [])],
    })),
    changed: report.changed,
    failed: report.failed,
    durationMs: Math.round(report.durationMs),
  };
}
