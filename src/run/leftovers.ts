import { delay } from "../clock.ts";
import { clearIntent, leftIntents } from "../store/intents.ts";
import type { RunOptions } from "./steps.ts";

/** Between two looks at a process that an earlier run left behind. */
const POLL_MS = 100;

/**
 * A run that was killed leaves compose at work, because breaking compose off in the middle of a switch is what
 * takes services down. This waits until it has finished before looking at what is there.
 */
export async function waitForLeftovers({ store, listener, stop }: RunOptions, root: string): Promise<void> {
  for (const intent of leftIntents(store, root)) {
    listener.message(
      intent.alive
        ? `waiting for the change of ${intent.name} that an interrupted run left in hand (pid ${intent.pid})`
        : `the last run was broken off during the ${intent.action} of ${intent.name}`,
    );
    while (
      !stop.stop.aborted &&
      leftIntents(store, root).some((left) => left.name === intent.name && left.alive)
    ) {
      await delay(POLL_MS, stop.stop);
    }
    clearIntent(store, root, intent.name);
  }
}
