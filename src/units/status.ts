import type { HomelabError } from "../errors.ts";

export type State = "ready" | "starting" | "unhealthy" | "stopped" | "held" | "missing" | "failed";

/** What a recipe is now, seen without changing anything. */
export interface Seen {
  readonly state: State;
  /** One line: what was seen. */
  readonly detail: string;
  /** Why nothing can be done about it as it stands. */
  readonly problem?: HomelabError | undefined;
}
