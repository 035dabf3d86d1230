import { explainExit } from "./state.ts";

/** What is known of a host after its switch. */
export interface Switched {
  /** Exit code of switch-to-configuration. */
  readonly code: number;
  /** Units that had failed before. */
  readonly before: readonly string[];
  /** Units that are failed now. */
  readonly after: readonly string[];
  /** Units that it said have failed. */
  readonly said: readonly string[];
}

/** Units that failed by the switch, and not before it. */
export function newlyFailed({ before, after, said }: Omit<Switched, "code">): string[] {
  const old = new Set(before);
  return [...new Set([...after, ...said])].filter((unit) => !old.has(unit)).toSorted();
}

/** What speaks against the new system, as a clause; undefined when nothing does. */
export function verdict(switched: Switched): string | undefined {
  const failed = newlyFailed(switched);
  if (failed.length > 0) return `${failed.join(", ")} failed`;
  const { code, after, said } = switched;
  if (code === 0) return undefined;
  // An old failure explains it; without any, something else went wrong.
  if (code === 4 && (after.length > 0 || said.length > 0)) return undefined;
  return explainExit(code);
}
