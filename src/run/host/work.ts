import type { HostRecipe } from "../../book/types.ts";
import type { Finding } from "../../nix/finding.ts";
import type { Machine } from "../../process/machine.ts";
import type { FirewallChange } from "../../units/host/audit/opening.ts";
import type { Blocker } from "../../units/host/blockers.ts";
import type { Comparison } from "../../units/host/compare.ts";
import type { Going } from "../../units/host/going.ts";
import type { HostState } from "../../units/host/look.ts";
import type { Goal } from "../../units/host/supervise.ts";
import type { RunOptions } from "../steps.ts";
import type { Mode } from "./modes.ts";
import type { Place } from "./place.ts";

/** One host in a run, and what is known of it so far. */
export interface HostWork {
  readonly recipe: HostRecipe;
  readonly machine: Machine;
  state?: HostState | undefined;
  /** A switch that goes on there, and that whoever began it has left. */
  left?: Going | undefined;
  /** The machine that is to build its system; undefined: this one where it can, else the host. */
  readonly builder?: Machine | undefined;
  /** Where it is built. */
  place?: Place | undefined;
  /** How its system is built: a path in the store of that machine. */
  derivation?: string | undefined;
  /** The system that its configuration stands for, whether or not it is built yet. */
  system?: string | undefined;
  comparison?: Comparison | undefined;
  /** What the new system does to the firewall. */
  firewall?: FirewallChange | undefined;
  /** What keeps it from being switched to while the host runs. */
  blockers?: readonly Blocker[] | undefined;
  /** What is better known of the host itself. */
  condition?: readonly Finding[] | undefined;
  /** What is better known before its system is in force; phases add to it. */
  readonly findings: Finding[];
  /** The generation of its profile that it goes back to. */
  generation?: number | undefined;
  /** How long each phase took so far. */
  times?: readonly { readonly name: string; readonly durationMs: number }[] | undefined;
}

export interface HostRequest extends RunOptions {
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the configurations are; on this machine. */
  readonly flake: string;
  /** A lock file on this machine, instead of the flake's own. */
  readonly lock?: string | undefined;
  readonly works: readonly HostWork[];
  /** This machine. */
  readonly here: Machine;
  /** What is to become of the systems; undefined when they are only looked at. */
  readonly goal?: Goal | undefined;
  /** Default: standard. */
  readonly mode?: Mode | undefined;
  /** Where there is no room, none is made. */
  readonly leavesGarbage?: boolean | undefined;
}

/** Whether a host runs, and boots, the system that its configuration stands for. */
export const isSame = ({ state, system }: HostWork): boolean =>
  state !== undefined &&
  system !== undefined &&
  state.system === system &&
  state.profile === system &&
  !state.unfinished;
