import type { UnitState } from "../../systemd/show.ts";
import type { VmDir } from "./state.ts";

/** What of a hypervisor's configuration speaks of MicroVMs. */
export interface Named {
  /** Names of recipes of this host. */
  readonly recipes: ReadonlySet<string>;
  /** Names of all recipes of MicroVMs, wherever: two hosts of them may be the same machine. */
  readonly anywhere: ReadonlySet<string>;
  /** Names of `install-microvm-NAME.service`: declared by the host's own configuration. */
  readonly declared: ReadonlySet<string>;
  /** What the machines of each flake are, or why that could not be evaluated. */
  readonly flakes: ReadonlyMap<string, FlakeNames>;
}

export type FlakeNames = { readonly names: ReadonlySet<string> } | { readonly trouble: string };

/** Whether any configuration names a MicroVM. `unknown`: it cannot be said, so it is left alone. */
export type Belonging =
  | { readonly is: "named"; readonly by: string }
  | { readonly is: "orphan"; readonly why: string }
  | { readonly is: "unknown"; readonly why: string };

/** Something of microvm.nix that is on a hypervisor: a state directory, a unit, or both. */
export interface Found {
  readonly name: string;
  readonly dir: VmDir | undefined;
  /** What its `flake` file says. */
  readonly flake: string | undefined;
}

/** Decides whom a MicroVM belongs to. Only what is known to be named nowhere is an orphan. */
export function belongingOf(
  { name, dir, flake }: Found,
  { recipes, anywhere, declared, flakes }: Named,
): Belonging {
  if (recipes.has(name)) return { is: "named", by: "a recipe names it" };
  if (declared.has(name)) return { is: "named", by: "its host's configuration declares it" };
  if (anywhere.has(name))
    return { is: "unknown", why: "a recipe of that name says that it is on another host" };
  if (!dir) return { is: "orphan", why: "a unit without a state directory" };
  if (dir.declarative) return { is: "orphan", why: "its host's configuration declares it no more" };
  if (!dir.hasFlake) return { is: "unknown", why: "nothing says what it was made from" };
  if (flake === undefined) return { is: "unknown", why: "its `flake` file could not be read" };
  const known = flakes.get(flake);
  if (!known || "trouble" in known)
    return { is: "unknown", why: known?.trouble ?? `${flake} was not evaluated` };
  if (known.names.has(name)) return { is: "named", by: `${flake} has it` };
  return { is: "orphan", why: `${flake} has it no more` };
}

/** The names in `systemctl list-units microvm@*` and `list-unit-files install-microvm-*`: the first word of each line. */
export function unitNames(text: string, pattern: RegExp): Set<string> {
  const names = text
    .split("\n")
    .flatMap((line) => pattern.exec(line.trim().split(/\s+/)[0] ?? "")?.[1] ?? []);
  return new Set(names);
}

export const VM_UNIT = /^microvm@(.+)\.service$/;
export const FOREGROUND_UNIT = /^homelab-vm-run-(.+)\.service$/;
export const INSTALL_UNIT = /^install-microvm-(.+)\.service$/;

/** Whether a unit may write to disks, or is about to: one that is shutting down does as well. */
export const isAtWork = ({ active, queued }: Pick<UnitState, "active" | "queued">): boolean =>
  queued || (active !== "inactive" && active !== "failed");

/** A file in a state directory that is data: what a removal would take for good. */
export interface DataFile {
  readonly name: string;
  readonly bytes: number;
}

/** Reads `find DIRECTORY… -printf "%b\t%H\t%P\0"`: blocks of 512 bytes in use, state directory, and path in it. */
export function parseFiles(text: string): Map<string, DataFile[]> {
  const files = new Map<string, DataFile[]>();
  for (const entry of text.split("\0")) {
    const [, blocks, vm, name] = /^(\d+)\t[^\t]*\/([^/\t]+)\t(.+)$/s.exec(entry) ?? [];
    if (blocks === undefined || vm === undefined || name === undefined) continue;
    // Says where it comes from, and is no data.
    if (name === "flake") continue;
    const known = files.get(vm) ?? [];
    files.set(vm, known);
    known.push({ name, bytes: Number(blocks) * 512 });
  }
  return files;
}

/** The largest ones first: what a person has to know before they go. */
export const largest = (files: readonly DataFile[], count: number): DataFile[] =>
  [...files].sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1)).slice(0, count);

export const bytesOf = (files: readonly DataFile[]): number =>
  files.reduce((sum, { bytes }) => sum + bytes, 0);
