import type { Failure } from "../driver.ts";
import { failure } from "./change.ts";
import { type Decision, makes } from "./decide.ts";

const CODE = "disk-full";

/** Remembers in a run that the engine's disk was full: what needs space is not tried any more. */
export class FullDisk {
  private full = false;

  constructor(private readonly freeable: (() => Promise<string | undefined>) | undefined) {}

  /** Why a change is not tried; undefined when nothing speaks against it. */
  refusal(decision: Decision): Failure | undefined {
    // What is only started again needs no more than it had.
    if (!this.full || !makes(decision)) return undefined;
    return failure(CODE, "not tried: the disk of the engine is full", "free space, then run again");
  }

  /** Takes note of a failure, and says what could be done about it. */
  async note<T extends Failure | undefined>(failed: T): Promise<T> {
    if (failed?.reason.code !== CODE) return failed;
    this.full = true;
    const offer = await this.freeable?.();
    return offer === undefined
      ? failed
      : { ...failed, hint: `${offer}; \`docker system df\` shows the rest` };
  }
}
