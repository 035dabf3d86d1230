/** Units that are not the same in two systems. */
export interface UnitDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** Files of etc/systemd/system by their path in it, with what `sha256sum` says of each. */
export function parseSums(text: string, top: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, sum, path] = /^\\?([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
    if (sum !== undefined && path?.startsWith(`${top}/`)) files.set(path.slice(top.length + 1), sum);
  }
  return files;
}

/** Compares the units of two systems. A drop-in is part of its unit; who wants a unit is not. */
export function unitDiff(older: ReadonlyMap<string, string>, newer: ReadonlyMap<string, string>): UnitDiff {
  const [before, after] = [byUnit(older), byUnit(newer)];
  const only = (these: Map<string, string>, those: Map<string, string>) =>
    [...these.keys()].filter((unit) => !those.has(unit)).toSorted();
  const changed = [...after].filter(([unit, sum]) => before.has(unit) && before.get(unit) !== sum);
  return {
    added: only(after, before),
    removed: only(before, after),
    changed: changed.map(([unit]) => unit).toSorted(),
  };
}

function byUnit(files: ReadonlyMap<string, string>): Map<string, string> {
  const units = new Map<string, string>();
  for (const [path, sum] of [...files].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const [first = "", ...rest] = path.split("/");
    if (/\.(?:wants|requires|upholds)$/.test(first)) continue;
    const unit = rest.length > 0 ? first.replace(/\.d$/, "") : first;
    units.set(unit, `${units.get(unit) ?? ""}${rest.join("/")}:${sum}\n`);
  }
  return units;
}

/** What makes a reboot needed, in the order in which `readlink` is asked for them below a system. */
export const BOOT_PARTS = ["kernel", "initrd", "kernel-modules"] as const;

/**
 * The parts that a reboot would bring into force: paths of the booted system, of the running one and of the new one,
 * each in the order of BOOT_PARTS. Where none was booted (a container), the running one counts.
 */
export function rebootFor(paths: readonly string[]): string[] {
  const size = BOOT_PARTS.length;
  const [booted, running, next] = [0, 1, 2].map((at) => paths.slice(at * size, (at + 1) * size));
  const wasBooted = booted?.[0]?.startsWith("/nix/store/") === true;
  const before = wasBooted ? booted : running;
  return BOOT_PARTS.filter((_, at) => before?.[at] !== next?.[at]);
}
