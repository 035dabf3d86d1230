interface Life {
  readonly startedAt: string;
  /** How old it was when it was first seen, and when that was, in monotonic milliseconds. */
  readonly age: number;
  readonly seen: number;
}

/**
 * How long the lives of containers have lasted, by the monotonic clock from the first look on: the wall clock of a
 * machine that has just booted may jump by years. Before that there are only the engine's word and the wall clock.
 */
export class LifeClock {
  private readonly lives = new Map<string, Life>();

  /** `startedAt` as the engine has it; `wall`: epoch milliseconds; `monotonic`: milliseconds. Never negative. */
  age(id: string, startedAt: string, wall: number, monotonic: number): number {
    const known = this.lives.get(id);
    if (known?.startedAt === startedAt) return known.age + monotonic - known.seen;
    const told = Math.max(0, wall - Date.parse(startedAt));
    // It began since the last look, whatever the clocks say.
    const age = known ? Math.min(told, monotonic - known.seen) : told;
    this.lives.set(id, { startedAt, age, seen: monotonic });
    return age;
  }
}
