import { HomelabError } from "../errors.ts";
import type { Machine } from "../process/machine.ts";
import { asError, type NixOptions, nix } from "./call.ts";
import { explain } from "./failure.ts";
import { binarySize } from "./words.ts";

/** A package that is not the same in two closures. */
export interface Change {
  readonly name: string;
  /** Versions that only the old one has; an empty text is a package without a version. */
  readonly before: readonly string[];
  /** Versions that only the new one has. */
  readonly after: readonly string[];
  /** By how much it grew. */
  readonly bytes: number;
}

/** What `nix store diff-closures` says of two paths of the store. Throws when it cannot compare them. */
export async function closureDiff(
  machine: Machine,
  [older, newer]: readonly [string, string],
  options: NixOptions,
): Promise<Change[]> {
  const ended = await nix(machine, ["store", "diff-closures", older, newer], options);
  if (ended.exitCode === 0) return parseDiff(ended.stdout);
  const missing = /path '([^']+)' (?:is required, but|is not valid|does not exist)/.exec(
    ended.log.errors.join("\n"),
  );
  if (missing) {
    throw new HomelabError("step-failed", `${missing[1]} is not in the store of ${machine.name}`, {
      hint: "the garbage collector has removed it; build it again",
    });
  }
  throw asError(explain(ended, { flake: older, attribute: newer, machine: machine.name }));
}

const SIZE = "[+-]?[0-9.]+ [KMGTPEZY]?i?B";
const LINE = new RegExp(`^([^:\\s]+): (?:(.+?) → (.+?)(?:, (?=${SIZE}$)|$))?(${SIZE})?$`);
const POWERS = "BKMGTPEZY";

/** Its lines: `linux: 6.12.1 → 6.12.5, +2.9 MiB`. Colours and, since Nix 2.33, a missing plus sign mean nothing. */
export function parseDiff(output: string): Change[] {
  return output.split("\n").flatMap((line) => {
    const [, name, before, after, size] = LINE.exec(Bun.stripANSI(line).trim()) ?? [];
    if (name === undefined) return [];
    return [{ name, before: versions(before), after: versions(after), bytes: bytesOf(size) }];
  });
}

const versions = (list: string | undefined): string[] =>
  list === undefined || list === "∅" ? [] : list.split(", ").map((each) => (each === "ε" ? "" : each));

function bytesOf(size: string | undefined): number {
  if (size === undefined) return 0;
  const [value = "", unit = ""] = size.split(" ");
  return Math.round(Number(value) * 1024 ** POWERS.indexOf(unit[0] ?? "B"));
}

/** `3 packages changed, +12.4 MiB`. */
export function summary(changes: readonly Change[]): string {
  if (changes.length === 0) return "no package changed";
  const bytes = changes.reduce((sum, each) => sum + each.bytes, 0);
  const count = changes.length === 1 ? "1 package changed" : `${changes.length} packages changed`;
  if (bytes === 0) return count;
  return `${count}, ${bytes > 0 ? "+" : "-"}${binarySize(Math.abs(bytes))}`;
}
