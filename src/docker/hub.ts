import { delay } from "../clock.ts";
import type { Docker } from "./client.ts";
import { exitCodeOf } from "./deaths.ts";
import type { DockerEvent } from "./types.ts";

/** How long to wait for the next word when the stream of events has broken off, in milliseconds. */
const WITHOUT_EVENTS_MS = 500;

/** One subscription to the engine's events, shared by all who wait for containers of theirs. */
export class EventHub {
  private readonly waiters = new Set<{ ids: ReadonlySet<string>; wake: () => void }>();
  private readonly closed = new AbortController();
  private readonly exits = new Map<string, number | undefined>();
  private live = false;
  private started: Promise<void> | undefined;
  private broken = 0;

  constructor(private readonly docker: Docker) {}

  /** Resolves when something happened to one of `ids`, after `ms`, or when `signal` fires. */
  async next(ids: ReadonlySet<string>, ms: number, signal: AbortSignal): Promise<void> {
    this.open();
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

  /** Begins to listen, so that it is known when the engine goes away. */
  open(): void {
    this.started ??= this.listen();
  }

  /** How often the engine ended the subscription: it went away each time. */
  get breaks(): number {
    return this.broken;
  }

  close(): void {
    this.closed.abort();
  }

  private async listen(): Promise<void> {
    while (!this.closed.signal.aborted) {
      try {
        for await (const event of this.docker.events(this.closed.signal, () => this.opened()))
          this.take(event);
      } catch {
        // The engine went away, or this hub was closed. Who waits looks for himself meanwhile, and reports it.
      }
      if (this.live && !this.closed.signal.aborted) this.broken++;
      this.live = false;
      this.wakeAll();
      await delay(WITHOUT_EVENTS_MS, this.closed.signal);
    }
  }

  private take(event: DockerEvent): void {
    if (event.Action === "die") this.exits.set(event.Actor.ID, exitCodeOf(event));
    // A command in a container changes nothing of it; who tries one there would be woken by his own.
    if (event.Action.startsWith("exec")) return;
    for (const waiter of this.waiters) if (waiter.ids.has(event.Actor.ID)) waiter.wake();
  }

  /** What happened before the subscription began is not told again: everybody looks once more. */
  private opened(): void {
    this.live = true;
    this.wakeAll();
  }

  private wakeAll(): void {
    for (const waiter of this.waiters) waiter.wake();
  }
}
