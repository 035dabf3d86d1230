import { delay, now } from "../clock.ts";
import type { Docker } from "./client.ts";
import type { EventHub } from "./hub.ts";
import { isAway } from "./trouble.ts";

/** Between two tries to reach an engine that is away, in milliseconds: doubled each time. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/** Tells whether the engine was there all the time, and waits for it when it was not. */
export class EngineLife {
  private breaks = 0;

  constructor(
    private readonly docker: Docker,
    private readonly hub?: EventHub,
  ) {}

  /** What happened before counts no more. */
  begin(): void {
    this.breaks = this.hub?.breaks ?? 0;
  }

  /** Whether the engine went away since `begin`, however short. */
  async wasLost(): Promise<boolean> {
    return (this.hub?.breaks ?? 0) !== this.breaks || (await reach(this.docker)) !== undefined;
  }

  /** Waits until the engine answers; undefined then, else the error of the last try when the time was up. */
  back(ms: number, signal: AbortSignal): Promise<unknown> {
    return untilReached(() => this.docker.greet(), ms, signal);
  }
}

async function reach(docker: Docker): Promise<unknown> {
  try {
    await docker.greet();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Tries with growing pauses. Resolves to undefined, or to the last error when time is up or `signal` fires. */
export async function untilReached(
  attempt: () => Promise<void>,
  ms: number,
  signal: AbortSignal,
): Promise<unknown> {
  const deadline = now() + ms;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      await attempt();
      return undefined;
    } catch (error) {
      const left = deadline - now();
      if (!isAway(error) || left <= 0 || signal.aborted) return error;
      await delay(Math.min(pause, left), signal);
    }
  }
}
