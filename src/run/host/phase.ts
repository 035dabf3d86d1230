import type { StepContext } from "../../units/driver.ts";
import type { Outcome } from "../schedule.ts";
import type { RunOptions } from "../steps.ts";
import type { Places } from "./place.ts";
import type { HostRequest, HostWork } from "./work.ts";

/** What a phase works with besides its host. */
export interface Doing {
  readonly request: HostRequest;
  /** Where systems are built. */
  readonly places: Places;
  readonly context: StepContext;
  readonly stop: RunOptions["stop"];
}

/** One thing that is done for a host before anything on it changes. */
export type DoPhase = (work: HostWork, doing: Doing) => Promise<Outcome>;

/** A phase that found nothing that speaks against going on, but perhaps something that is better known. */
export const settled = (code: string, text: string, warnings?: readonly string[]): Outcome => ({
  result: "unchanged",
  reason: { code, text },
  detail: text,
  ...(warnings && warnings.length > 0 ? { warnings } : {}),
});
