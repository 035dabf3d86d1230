import type { HostRecipe } from "../../book/types.ts";
import type { Finding } from "../../nix/finding.ts";
import type { Machine } from "../../process/machine.ts";
import type { Comparison } from "../../units/host/compare.ts";
import type { Going } from "../../units/host/going.ts";
import type { HostState } from "../../units/host/look.ts";
import type { RunOptions } from "../steps.ts";

/** One host in a run, and what is known of it so far. */
export interface HostWork {
  readonly recipe: HostRecipe;
  readonly machine: Machine;
  state?: HostState | undefined;
  /** A switch that goes on there, and that whoever began it has left. */
  left?: Going | undefined;
  /** The system that its configuration stands for, once built. */
  system?: string | undefined;
  /** It is in the host's own store already. */
  builtThere?: boolean | undefined;
  comparison?: Comparison | undefined;
  /** What is better known before its system is in force; phases add to it. */
  readonly findings: Finding[];
  /** The generation of its profile that it goes back to. */
  generation?: number | undefined;
}

export interface HostRequest extends RunOptions {
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the configurations are; on this machine. */
  readonly flake: string;
  readonly works: readonly HostWork[];
  /** This machine. */
  readonly here: Machine;
  /** Where there is no room, none is made. */
  readonly leavesGarbage?: boolean | undefined;
}

/** Whether a host runs, and boots, the system that its configuration stands for. */
export const isSame = ({ state, system }: HostWork): boolean =>
  state !== undefined && system !== undefined && state.system === system && state.profile === system;
