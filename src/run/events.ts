import type { Phase, Plan, RunReport, Step, StepReport } from "../plan/types.ts";

/** Told of a run as it goes. A reporter implements it; the scheduler calls it. */
export interface RunListener {
  /** Once, before the first step; not called for a run without steps. */
  started(plan: Plan): void;
  /** `note` is a few words: "docker compose up", "health: starting". May repeat. */
  progress(step: Step, phase: Phase, note: string): void;
  finished(step: Step, report: StepReport): void;
  /** One line that is not about one step: "interrupted: finishing prowlarr". */
  message(text: string): void;
  /** Once, last. After it nothing is written. */
  ended(report: RunReport): void;
}
