import type { Generation } from "./generations.ts";

export interface Kept {
  readonly number: number;
  /** A few words. */
  readonly why: string;
}

export interface Sorted {
  /** To be removed, oldest first. */
  readonly old: readonly Generation[];
  /** Newest first. */
  readonly kept: readonly Kept[];
}

/**
 * Which generations of a system may go: those made before `before` (all, when it is undefined), but for what runs, what
 * was booted, what boots next, and what each of these would be rolled back to.
 */
export function sortGenerations(generations: readonly Generation[], before: number | undefined): Sorted {
  const newest = generations.toSorted((a, b) => b.number - a.number);
  const back = new Set(
    newest
      .filter(({ running, isDefault }) => running || isDefault)
      .flatMap(
        (from) => newest.find((each) => each.number < from.number && isWhole(each, from))?.number ?? [],
      ),
  );
  const kept: Kept[] = [];
  const old: Generation[] = [];
  for (const generation of newest) {
    const why = reasonsFor(generation, back, before);
    if (why.length > 0) kept.push({ number: generation.number, why: why.join(", ") });
    else old.push(generation);
  }
  return { old: old.toReversed(), kept };
}

/** Whether one could be gone back to: its system is there, and is another one. */
const isWhole = ({ path }: Generation, from: Generation): boolean => path !== undefined && path !== from.path;

function reasonsFor(
  { number, made, running, booted, isDefault }: Generation,
  back: ReadonlySet<number>,
  before: number | undefined,
): string[] {
  const needed = [
    ...(running ? ["it runs"] : []),
    ...(isDefault ? ["it boots next"] : []),
    ...(booted ? ["it was booted"] : []),
    ...(back.has(number) ? ["a rollback goes to it"] : []),
  ];
  return needed.length > 0 || before === undefined || made < before ? needed : ["it is young enough"];
}
