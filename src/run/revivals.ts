import type { Need } from "../book/types.ts";
import type { Step } from "../plan/types.ts";
import { cancelled, isGood, type Outcome, serves } from "./schedule.ts";
import { settledOutcome } from "./steps.ts";

/**
 * Steps that were planned once more in the middle of a run, because what they had found up went down. What needs one
 * of them was planned for its life before, and may have lost the network that it shared with it: it looks again.
 */
export class Revivals {
  private readonly revived = new Set<string>();
  /** Whether steps that have begun end well. */
  private readonly ends = new Map<string, Promise<boolean>>();

  constructor(
    private readonly needs: ReadonlyMap<string, readonly Need[]>,
    private readonly stop: AbortSignal,
  ) {}

  /** From here on what needs `id` is looked at again. */
  add(id: string): void {
    this.revived.add(id);
  }

  /**
   * Does a step. `again` is asked for when something that it needs was revived: instead of `first`, or after it with
   * what became of it.
   */
  follow(
    step: Step,
    first: () => Promise<Outcome>,
    again: (before: Outcome | undefined) => Promise<Outcome>,
  ): Promise<Outcome> {
    const end = this.inTurn(step, first, again);
    this.ends.set(
      step.id,
      end.then(serves, () => false),
    );
    return end;
  }

  private async inTurn(
    step: Step,
    first: () => Promise<Outcome>,
    again: (before: Outcome | undefined) => Promise<Outcome>,
  ): Promise<Outcome> {
    const names = (this.needs.get(step.id) ?? []).map(({ name }) => name);
    const wasRevived = () => names.some((name) => this.revived.has(name));
    const before = wasRevived() ? undefined : await first();
    if (before && !isGood(before.result) && !(before.result === "failed" && wasRevived())) return before;
    // A gate opens before the last word is spoken, so that one of them may go down only now.
    const ends = await Promise.all(names.map((name) => this.ends.get(name) ?? true));
    if (before && !wasRevived()) return before;
    if (this.stop.aborted) return before ?? cancelled();
    // Where one of them failed, this is blocked by it, whatever is said here.
    return ends.every(Boolean) ? again(before) : (before ?? settledOutcome(step));
  }
}

/** What became of a step that was done twice. */
export function bothOutcomes(before: Outcome | undefined, after: Outcome): Outcome {
  if (before?.result !== "changed" || after.result !== "unchanged") return after;
  const { action, reason } = before;
  return { ...after, result: "changed", action, reason };
}
