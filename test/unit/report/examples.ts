import type { Action, Outcome, Plan, Result, RunReport, Step, StepReport } from "../../../src/plan/types.ts";

/** A plan from `id: needs`, in the given order, every step with one action. */
export function planOf(needs: Record<string, string[]>, action: Action = "create"): Plan {
  const steps = Object.entries(needs).map(([id, of]): Step => {
    const reason = { code: "absent", text: "no container yet" };
    return { id, kind: "service", action, reason, effect: "write", needs: of };
  });
  return { root: "/srv", targets: steps.slice(-1).map((step) => step.id), steps };
}

/** How one step ended; what is not given is uninteresting. */
export function ended(
  id: string,
  action: Action,
  result: Result,
  more: Partial<StepReport> = {},
): StepReport {
  const reason = { code: "absent", text: "no container yet" };
  return { id, kind: "service", action, result, reason, durationMs: 0, detail: "", ...more };
}

export function runOf(outcome: Outcome, durationMs: number, steps: StepReport[]): RunReport {
  const count = (result: Result) => steps.filter((step) => step.result === result).length;
  return { run: "r1", outcome, steps, changed: count("changed"), failed: count("failed"), durationMs };
}

/** The step of a plan, which must be there. */
export function stepOf(plan: Plan, id: string): Step {
  const step = plan.steps.find((candidate) => candidate.id === id);
  if (!step) throw new Error(`no step ${id}`);
  return step;
}
