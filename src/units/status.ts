export type State = "ready" | "starting" | "unhealthy" | "stopped" | "held" | "missing" | "failed";

/** What a recipe is now, seen without changing anything. */
export interface Seen {
  readonly state: State;
  /** One line: what was seen. */
  readonly detail: string;
}
