import type { MicrovmRecipe, Ready, RecipeKind } from "../../book/types.ts";
import type { Machine } from "../../process/machine.ts";
import { showUnits } from "../../systemd/show.ts";
import type { DecideOptions } from "../driver.ts";
import { hasProbe } from "../probe.ts";
import type { Seen } from "../status.ts";
import { STABLE_MS, UnitDriver, type UnitWork } from "../systemd/driver.ts";
import {
  chooseVm,
  isStale,
  type Pending,
  pendingOf,
  type VmChoice,
  type VmFacts,
  type VmMode,
} from "./decide.ts";
import { readVmDirs, type VmDir } from "./state.ts";

/** A guest boots in this time: microvm.nix's own patience with one that starts. */
const PATIENCE_MS = 150_000;

export interface VmWork extends UnitWork<MicrovmRecipe> {
  dir?: VmDir | undefined;
  configured?: string | undefined;
}

/** One MicroVM for a list. */
export interface VmView {
  readonly name: string;
  readonly machine: string;
  readonly seen: Seen;
  readonly dir: VmDir | undefined;
  readonly memory: number | undefined;
  readonly pending: Pending | undefined;
}

/** MicroVMs of microvm.nix: a state directory and a unit each, on this machine or on a hypervisor over ssh. */
export class MicrovmDriver extends UnitDriver<MicrovmRecipe> {
  override readonly kind: RecipeKind = "microvm";
  readonly mode: VmMode = "ensure";

  protected override placeOf({ name, host }: MicrovmRecipe): { machine: Machine; unit: string } {
    return { machine: this.world.machineOf(host), unit: unitOf(name) };
  }

  protected override async look(machine: Machine, works: readonly VmWork[]): Promise<void> {
    const [states, dirs] = await Promise.all([
      showUnits(
        machine,
        works.map(({ unit }) => unit),
      ),
      readVmDirs(machine),
    ]);
    for (const work of works) {
      work.state = states.get(work.unit);
      work.dir = dirs.get(work.recipe.name);
    }
  }

  protected override async choose(
    work: VmWork,
    { force, restart = false }: DecideOptions,
  ): Promise<VmChoice> {
    const look = { stable: work.recipe.ready?.stable ?? STABLE_MS, now: Date.now() };
    const choice = chooseVm(this.factsOf(work), { ...look, mode: this.mode, force, restart });
    return this.mode === "update" ? choice : this.unlessUnready(work, choice);
  }

  protected factsOf(work: VmWork): VmFacts {
    const { recipe, machine, dir, configured } = work;
    const buildable = dir?.hasFlake === true;
    return {
      name: recipe.name,
      machine: machine.name,
      state: this.stateOf(work),
      dir,
      configured,
      buildable,
    };
  }

  /** A guest with an address takes logins: nothing else says that it has booted. */
  protected override readyOf({ recipe: { ready, address } }: VmWork): Ready | undefined {
    if (hasProbe(ready) || address === undefined) return ready;
    return { ...ready, tcp: `${address.includes(":") ? `[${address}]` : address}:22` };
  }

  protected override patience(): number {
    return PATIENCE_MS;
  }

  protected override unitsOf({ recipe }: VmWork): readonly string[] {
    return [`microvm*@${recipe.name}.service`];
  }

  protected override async seen(work: VmWork): Promise<Seen> {
    const { recipe, machine, dir } = work;
    const state = this.stateOf(work);
    if (state.load === "loaded" && !dir?.runners.current) {
      const detail = dir
        ? `was never built on ${machine.name}`
        : `there is no such MicroVM on ${machine.name}`;
      return { state: "missing", detail };
    }
    const seen = await super.seen(work);
    const waits = isStale({ dir, state }) ? "a newer system waits for a restart" : undefined;
    return waits
      ? { ...seen, detail: `${seen.detail}; ${waits}` }
      : { ...seen, detail: seen.detail || recipe.name };
  }

  /** What there is to say of one in a list. Observed before. */
  async view(name: string): Promise<VmView> {
    const work = this.work(name) as VmWork;
    const { machine, dir, configured, problem } = work;
    const seen = await this.status(name);
    if (problem) return { name, machine: machine.name, seen, dir, memory: undefined, pending: undefined };
    const state = this.stateOf(work);
    const pending = state.load === "loaded" ? pendingOf({ dir, state, configured }) : undefined;
    return { name, machine: machine.name, seen, dir, memory: state.memory, pending };
  }
}

export const unitOf = (name: string): string => `microvm@${name}.service`;
