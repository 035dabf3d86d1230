import type { Machine } from "../process/machine.ts";
import { type NixOptions, oldNix } from "./call.ts";

export type Collected =
  /** `freed` as Nix says it: `1.20 GiB`. */
  | { readonly ok: true; readonly paths: number; readonly freed: string }
  | { readonly ok: false; readonly said: string };

/**
 * Removes what nothing needs any more from the store of a machine. Nothing that is a root is touched, so that all
 * generations stay. Throws what `Machine.run` does.
 */
export async function collectGarbage(machine: Machine, options: NixOptions): Promise<Collected> {
  const { exitCode, stdout, stderr } = await oldNix(machine, ["nix-collect-garbage"], options);
  const found = exitCode === 0 ? parseFreed(`${stdout}\n${stderr}`) : undefined;
  if (found) return { ok: true, ...found };
  const said = stderr
    .trim()
    .split("\n")
    .at(-1)
    ?.replace(/^error: /, "");
  return { ok: false, said: said || `exit code ${exitCode}` };
}

/** What it says at its end; undefined when it does not. */
export function parseFreed(text: string): { paths: number; freed: string } | undefined {
  const [, paths, freed] = /^(\d+) store paths? deleted, (.+) freed/m.exec(text) ?? [];
  return freed === undefined ? undefined : { paths: Number(paths), freed };
}
