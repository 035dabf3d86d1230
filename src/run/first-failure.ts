import type { Step } from "../plan/types.ts";
import { isGood, type Outcome } from "./schedule.ts";

/** Remembers the first step of a run that failed, for runs in which nothing new is to begin after that. */
export class FirstFailure {
  private failed: string | undefined;

  /** `counts`: whether a failure is one for the others at all. */
  constructor(private readonly counts: boolean) {}

  /** Does a step and remembers it when it fails. */
  async watch(step: Step, work: () => Promise<Outcome>): Promise<Outcome> {
    try {
      const outcome = await work();
      if (!isGood(outcome.result) && outcome.result !== "cancelled") this.failed ??= step.id;
      return outcome;
    } catch (error) {
      this.failed ??= step.id;
      throw error;
    }
  }

  /** The outcome of a change that would begin now; undefined when it may. */
  refusal(): Outcome | undefined {
    if (!this.counts || this.failed === undefined) return undefined;
    const text = `not begun: ${this.failed} failed`;
    return { result: "cancelled", reason: { code: "other-failed", text }, detail: text };
  }
}
