import { delay } from "../clock.ts";
import type { Docker } from "./client.ts";
import { exitCodeOf } from "./deaths.ts";

/** How long to wait for the next word when the stream of events has broken off, in milliseconds. */
const WITHOUT_EVENTS_MS = 500;

/** One subscription to the engine's events, shared by all who wait for containers of theirs. */
export class EventHub {
  private readonly waiters = new Set<{ ids: ReadonlySet<string>; wake: () => void }>();
  private readonly closed = new AbortController();
  private readonly exits = new Map<string, number | undefined>();
  private live = false;
  private started: Promise<void> | undefined;

  constructor(private readonly docker: Docker) {}

  /** Resolves when something happened to one of `ids`, after `ms`, or when `signal` fires. */
  async next(ids: ReadonlySet<string>, ms: number, signal: AbortSignal): Promise<void> {
    this.started ??= this.listen();
    const event = new AbortController();
    const waiter = { ids, wake: () => event.abort() };
    this.waiters.add(waiter);
    const limit = this.live ? ms : Math.min(ms, WITHOUT_EVENTS_MS);
    await delay(limit, AbortSignal.any([event.signal, signal]));
    this.waiters.delete(waiter);
  }

  /** The exit code of a container's last life that ended while this was listening. */
  lastExit(id: string): number | undefined {
    return this.exits.get(id);
  }

  close(): void {
    this.closed.abort();
  }

  private async listen(): Promise<void> {
    while (!this.closed.signal.aborted) {
      try {
        for await (const event of this.docker.events(this.closed.signal, () => this.opened())) {
          if (event.Action === "die") this.exits.set(event.Actor.ID, exitCodeOf(event));
          // A command in a container changes nothing of it; who tries one there would be woken by his own.
          if (event.Action.startsWith("exec")) continue;
          for (const waiter of this.waiters) if (waiter.ids.has(event.Actor.ID)) waiter.wake();
        }
      } catch {
        // The engine went away, or this hub was closed. Who waits looks for himself meanwhile, and reports it.
      }
      this.live = false;
      await delay(WITHOUT_EVENTS_MS, this.closed.signal);
    }
  }

  /** What happened before the subscription began is not told again: everybody looks once more. */
  private opened(): void {
    this.live = true;
    for (const waiter of this.waiters) waiter.wake();
  }
}
