import type { RecipeKind } from "../book/types.ts";
import type { HostReport } from "./host-report.ts";

export type Action =
  | "none"
  | "adopt"
  | "create"
  | "start"
  | "update"
  | "recreate"
  | "restart"
  | "repair"
  | "run"
  | "activate"
  | "stop"
  | "rollback"
  | "pull"
  | "remove"
  | "held"
  | "blocked";

export type Effect = "read" | "write" | "destroy";

/** Why an action was chosen: `code` for programs, `text` for people (a clause without a full stop). */
export interface Reason {
  readonly code: string;
  readonly text: string;
}

export interface Step {
  readonly id: string;
  readonly kind: RecipeKind;
  readonly action: Action;
  readonly reason: Reason;
  readonly effect: Effect;
  /** Ids of steps in this plan that come first. */
  readonly needs: readonly string[];
}

/** Plain data; steps are in the order in which one worker would take them. */
export interface Plan {
  readonly root: string;
  readonly targets: readonly string[];
  readonly steps: readonly Step[];
}

/** What a step is doing while it is neither waiting nor finished. */
export type Phase = "changing" | "verifying";

export type Result = "unchanged" | "changed" | "failed" | "blocked" | "held" | "cancelled" | "timed-out";

export interface StepReport {
  readonly id: string;
  readonly kind: RecipeKind;
  readonly action: Action;
  readonly result: Result;
  readonly reason: Reason;
  readonly durationMs: number;
  /** One line: what was seen, or what went wrong. */
  readonly detail: string;
  /** What to do next, when it went wrong. */
  readonly hint?: string | undefined;
  /** Last lines that the failed thing said, redacted. */
  readonly log?: readonly string[] | undefined;
  /** What is no reason to stop, and better known; a line each. */
  readonly warnings?: readonly string[] | undefined;
  /** What was measured of the switch of a host. */
  readonly host?: HostReport | undefined;
  /** It failed, and what ran before serves again. */
  readonly stands?: boolean | undefined;
}

export type Outcome = "unchanged" | "changed" | "failed" | "interrupted";

export interface RunReport {
  readonly run: string;
  readonly outcome: Outcome;
  readonly steps: readonly StepReport[];
  readonly changed: number;
  readonly failed: number;
  readonly durationMs: number;
}
