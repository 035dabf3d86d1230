import type { Store } from "./store.ts";

/** Without a word of the registry: half of what is refused is forgotten much earlier than the last of it. */
const USUAL_MS = 60 * 60_000;
const SHORTEST_MS = 1_000;
const LONGEST_MS = 24 * 60 * 60_000;

/**
 * Registries that refuse further pulls for a while. Remembered across runs and roots, because it is the machine that
 * they refuse.
 */
export class RegistryLimits {
  /** Refused in this run: until when, in epoch milliseconds. */
  private readonly refused = new Map<string, number>();

  constructor(private readonly store: Store) {}

  /** Until when a registry is not to be asked because it refused in this run. */
  refusal(registry: string): number | undefined {
    return this.refused.get(registry);
  }

  /** The same for one that refused in this run or in an earlier one. */
  pending(registry: string): number | undefined {
    const now = Date.now();
    const until = this.refused.get(registry) ?? this.remembered(registry);
    // One that lies further ahead was written by a clock that was wrong.
    return until !== undefined && until > now && until <= now + LONGEST_MS ? until : undefined;
  }

  /** Notes that a registry refuses. `after`: the milliseconds that it named. Returns until when. */
  refuse(registry: string, after: number | undefined): number {
    const span = Math.min(Math.max(after ?? USUAL_MS, SHORTEST_MS), LONGEST_MS);
    const until = Date.now() + span;
    this.refused.set(registry, until);
    this.store.with(undefined, (database) => {
      database.run("INSERT OR REPLACE INTO registry_limit (registry, until) VALUES (?, ?)", [
        registry,
        until,
      ]);
    });
    return until;
  }

  /** Notes that a registry gives again. */
  served(registry: string): void {
    this.store.with(undefined, (database) => {
      database.run("DELETE FROM registry_limit WHERE registry = ?", [registry]);
    });
  }

  private remembered(registry: string): number | undefined {
    return this.store.with<number | undefined>(
      undefined,
      (database) =>
        database
          .query<{ until: number }, [string]>("SELECT until FROM registry_limit WHERE registry = ?")
          .get(registry)?.until,
    );
  }
}
