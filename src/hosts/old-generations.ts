import type { Generation, Generations } from "./generations.ts";

export interface Kept {
  readonly number: number;
  /** A few words. */
  readonly why: string;
}

/** One of which it is known when it was made. */
type Dated = Generation & { readonly made: number };

export interface Sorted {
  /** To be removed, oldest first. */
  readonly old: readonly Dated[];
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
  const old: Dated[] = [];
  for (const generation of newest) {
    const needed = reasonsFor(generation, back);
    const { number, made } = generation;
    const keep = (why: string) => kept.push({ number, why });
    if (needed.length > 0) keep(needed.join(", "));
    else if (made === undefined) keep("it is not known when it was made");
    else if (before !== undefined && made >= before) keep("it is young enough");
    else old.push({ ...generation, made });
  }
  return { old: old.toReversed(), kept };
}

/** Whether one could be gone back to: its system is there, and is another one. */
const isWhole = ({ path }: Generation, from: Generation): boolean => path !== undefined && path !== from.path;

function reasonsFor({ number, running, booted, isDefault }: Generation, back: ReadonlySet<number>): string[] {
  return [
    ...(running ? ["it runs"] : []),
    ...(isDefault ? ["it boots next"] : []),
    ...(booted ? ["it was booted"] : []),
    ...(back.has(number) ? ["a rollback goes to it"] : []),
  ];
}

/** What a host does not say and would have to, for anybody to tell which of its generations nothing needs. */
export function unsaidOf({ list, current }: Generations): string | undefined {
  if (current === undefined) return "which system runs (/run/current-system)";
  const dark = list.filter(({ path, gone }) => path === undefined && !gone).map(({ number }) => number);
  if (dark.length === 0) return undefined;
  return `which system its generation${dark.length === 1 ? "" : "s"} ${dark.toSorted((a, b) => a - b).join(", ")} ${dark.length === 1 ? "is" : "are"} of`;
}
