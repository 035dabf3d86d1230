import { packagesOf } from "./package.ts";

/** Comes after all paths, also where they are sorted. */
const END = "that-is-all";

/**
 * Prints what the units of the system `$0` name of the store. The end of a pipe does not tell how its beginning fared:
 * the mark does.
 */
export const UNITS_QUESTION = `
export LC_ALL=C
read_units() {
  test -d "$0" || return
  if test -d "$0/etc/systemd/system"; then find -L "$0/etc/systemd/system" -type f -exec cat {} +; fi
}
{ read_units && printf '\\n${END}\\n'; } |
  grep -oE '/nix/store/[0-9a-z]{32}-[A-Za-z0-9+._?=-]+|^${END}$' | sort -u
`;

/** The packages that are named in the answer; undefined when it is not all of it. */
export function parseUnits(text: string): Set<string> | undefined {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.pop() === END ? packagesOf(lines) : undefined;
}
