import { parseState, type SupervisorState } from "./state.ts";
import type { Switch } from "./supervise.ts";

/** The last switch of a host since it booted, which may go on. */
export interface Going extends Switch {
  readonly state: SupervisorState;
  /** When somebody who waits for it was heard of last, in the host's own time; empty when nobody was. */
  readonly seen: string;
  /** Seconds since then, or since it was begun. */
  readonly unseen: number;
}

/** Whoever waits for a switch is heard of every two seconds. */
export const UNSEEN_S = 10;

/** POSIX sh; prints nothing when there was none. Every user may look. */
export const LOOK_AT_SWITCH = `d=/run/homelab/last
if [ -e "$d/switch" ]; then
  readlink "$d"; cat "$d/state" "$d/switch"; echo "$(cat "$d/seen" 2>/dev/null)"; cut -d ' ' -f 1 /proc/uptime
fi`;

/** What that prints. Undefined when there was no switch. */
export function parseGoing(text: string): Going | undefined {
  const [dir = "", said = "", before, after, goal, generation, limit, patience, holder, ...times] =
    text.split("\n");
  const [begun = "", seen = "", up = ""] = times;
  const id = /^\/run\/homelab\/deploy\/([A-Za-z0-9-]+)$/.exec(dir)?.[1];
  const state = parseState(said);
  if (id === undefined || !state || before === undefined || after === undefined || up === "")
    return undefined;
  return {
    ...{ id, before, after, state, seen, holder: holder ?? "" },
    goal: goal === "test" || goal === "boot" ? goal : "switch",
    generation: generation === "-" ? undefined : Number(generation),
    limit: Number(limit),
    patience: Number(patience),
    unseen: Number(up) - Number(seen || begun),
  };
}

/**
 * Who a switch is left to, by the first look at it and one after that: `left` to nobody, since long enough; to somebody
 * who waits for it; or `closed`, as nobody can do anything about it any more. Undefined while that is not known.
 */
export function leftTo(first: Going, going: Going): "left" | "attended" | "closed" | undefined {
  if (going.id !== first.id) return "attended";
  if (!isOpen(going)) return "closed";
  if (going.seen !== first.seen) return "attended";
  return going.unseen >= UNSEEN_S ? "left" : undefined;
}

/** Whether it could still come to a good end. */
export const isOpen = ({ state: { state } }: Going): boolean =>
  state === "testing" || state === "waiting" || state === "committing";
