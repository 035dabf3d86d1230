import type { Action } from "../../plan/types.ts";
import type { Failure } from "../driver.ts";
import { failure } from "./change.ts";

/** Actions that put something on the engine's disk. What is only started again needs no more than it had. */
const NEEDS_SPACE: ReadonlySet<Action> = new Set(["create", "update", "recreate"]);
const CODE = "disk-full";

/** Remembers in a run that the engine's disk was full: what needs space is not tried any more. */
export class FullDisk {
  private full = false;

  constructor(private readonly freeable: (() => Promise<string | undefined>) | undefined) {}

  /** Why a change is not tried; undefined when nothing speaks against it. */
  refusal(action: Action): Failure | undefined {
    if (!this.full || !NEEDS_SPACE.has(action)) return undefined;
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
