import { randomFrom } from "../../unit/random.ts";

/** Choices that are the same for the same seed. */
export class Chance {
  /** From 0 to below `limit`. */
  readonly below: (limit: number) => number;

  constructor(seed: number) {
    this.below = randomFrom(seed);
  }

  /** From `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** Whether something of `percent` probability comes true. */
  happens(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new Error("nothing to choose from");
    return from[this.below(from.length)] as T;
  }

  /** Between `least` and `most` results. */
  some<T>(least: number, most: number, make: (index: number) => T): T[] {
    return Array.from({ length: this.between(least, most) }, (_, index) => make(index));
  }

  /** A text that stands nowhere else. Whatever shows it shows a secret. */
  secret(): string {
    return Array.from({ length: 6 }, () => this.below(0x10000).toString(16).padStart(4, "0")).join("");
  }
}

/** The seed of one case of a run: neighbours have nothing in common. */
export function caseSeed(seed: number, index: number): number {
  let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0x45d9f3b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
