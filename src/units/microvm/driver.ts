import type { MicrovmRecipe, Ready, Recipe, RecipeKind } from "../../book/types.ts";
import { HomelabError } from "../../errors.ts";
import { build } from "../../nix/build.ts";
import { runnerOf } from "../../nix/reference.ts";
import type { Machine } from "../../process/machine.ts";
import { showInstances } from "../../systemd/show.ts";
import type { Applied, DecideOptions, Failure, RestorePoint, StepContext, Verified } from "../driver.ts";
import { hasProbe } from "../probe.ts";
import type { Seen } from "../status.ts";
import { STABLE_MS, UnitDriver, type UnitWork, type UnitWorld } from "../systemd/driver.ts";
import {
  chooseVm,
  isRunning,
  isStale,
  type Pending,
  pendingOf,
  type VmChoice,
  type VmFacts,
  type VmMode,
} from "./decide.ts";
import { evaluateAll, placeOf, repositoriesOf } from "./evaluate.ts";
import { install, keepBuilt, makeDirectory, putBack } from "./install.ts";
import type { Repository } from "./pull.ts";
import { type Runner, readVmDirs, storeHash, storeName, type VmDir } from "./state.ts";

/** A guest boots in this time: microvm.nix's own patience with one that starts. */
const PATIENCE_MS = 150_000;

export interface VmWork extends UnitWork<MicrovmRecipe> {
  dir?: VmDir | undefined;
  /** The flake that it is built from, where one is known. */
  flake?: string | undefined;
  configured?: string | undefined;
  /** Why what it is configured to cannot be said. */
  trouble?: HomelabError | undefined;
  built?: string | undefined;
  fellBack?: boolean | undefined;
  /** It was put back while it was down, and stays so. */
  rests?: boolean | undefined;
  choice?: VmChoice | undefined;
}

/** One MicroVM for a list. */
export interface VmView {
  readonly name: string;
  readonly machine: string;
  /** Whether its host could be asked. */
  readonly asked: boolean;
  readonly seen: Seen;
  readonly dir: VmDir | undefined;
  /** Bytes in use by its processes on the hypervisor. */
  readonly memory: number | undefined;
  readonly pending: Pending | undefined;
}

/** MicroVMs of microvm.nix: a state directory and a unit each, on this machine or on a hypervisor over ssh. */
export class MicrovmDriver extends UnitDriver<MicrovmRecipe> {
  override readonly kind: RecipeKind = "microvm";
  private readonly notPulled = new Map<string, HomelabError>();

  constructor(
    world: UnitWorld,
    private readonly mode: VmMode = "ensure",
  ) {
    super(world);
  }

  protected override placeOf({ name, host }: MicrovmRecipe): { machine: Machine; unit: string } {
    return { machine: this.world.machineOf(host), unit: unitOf(name) };
  }

  protected override async look(machine: Machine, works: readonly VmWork[]): Promise<void> {
    const [states, dirs] = await Promise.all([
      showInstances(
        machine,
        works.map(({ unit }) => unit),
      ),
      readVmDirs(machine),
    ]);
    for (const work of works) {
      work.state = states.get(work.unit);
      work.dir = dirs.get(work.recipe.name);
    }
    if (this.mode !== "ensure") await evaluateAll(works, this.world.root, this.notPulled);
  }

  /**
   * The repositories on other machines, and others than the homelab itself on this one, that recipes are built from.
   * What cannot be asked is left out: it is told of when it is looked at.
   */
  async repositories(recipes: readonly Recipe[]): Promise<Repository[]> {
    this.admit(recipes);
    const works = recipes.flatMap(({ name }) => this.works.get(name) ?? []);
    return repositoriesOf(works, this.world.root);
  }

  /** From now on what is built from a repository is refused: it is not what its upstream has. */
  refuse({ machine, path }: Repository, problem: HomelabError): void {
    this.notPulled.set(placeOf(machine, path), problem);
  }

  protected override async choose(
    work: VmWork,
    { force, restart = false }: DecideOptions,
  ): Promise<VmChoice> {
    const look = { stable: work.recipe.ready?.stable ?? STABLE_MS, now: Date.now() };
    const choice = chooseVm(this.factsOf(work), { ...look, mode: this.mode, force, restart });
    return this.mode === "update" ? choice : this.unlessUnready(work, choice);
  }

  private factsOf(work: VmWork): VmFacts {
    const { recipe, machine, dir, configured, flake, trouble } = work;
    const state = this.stateOf(work);
    const buildable = flake !== undefined;
    return { name: recipe.name, machine: machine.name, state, dir, configured, buildable, trouble };
  }

  /** Builds what is to be put in place. Nothing that runs is touched. */
  override async fetch(name: string, context: StepContext): Promise<Failure | undefined> {
    const work = this.work(name) as VmWork;
    if (!work.choice?.install || work.built !== undefined) return undefined;
    const { machine, flake = "", dir } = work;
    const built = await build(machine, {
      flake,
      attribute: runnerOf(name),
      deadline: context.remaining(),
      signal: context.abort,
      progress: (note) => context.progress("changing", note),
    });
    if (!built.ok) {
      const { code, detail, hint, log } = built;
      return { ok: false, reason: { code, text: detail }, detail, hint, log };
    }
    await makeDirectory(machine, name, flake, dir);
    await keepBuilt(machine, name, built.path);
    work.built = built.path;
    return undefined;
  }

  override async apply(name: string, context: StepContext): Promise<Applied> {
    const work = this.work(name) as VmWork;
    if (!work.choice?.install) return super.apply(name, context);
    const missing = await this.fetch(name, context);
    if (missing) return missing;
    const { machine, flake, dir, built = "" } = work;
    context.progress("changing", "putting the new system in place");
    await install(machine, name, { runner: built, flake, dir });
    return work.choice.verb === undefined
      ? { ok: true, changed: true }
      : this.change(work, work.choice.verb, context);
  }

  override async verify(name: string, context: StepContext): Promise<Verified> {
    const work = this.work(name) as VmWork;
    if (work.rests) return { ok: true, detail: "in place for its next start" };
    if (this.mode === "update" && work.choice?.verb === undefined) {
      const waits = isRunning(this.stateOf(work));
      return {
        ok: true,
        detail: waits ? `in place; \`homelab vm restart ${name}\` brings it into force` : "in place",
      };
    }
    const verified = await this.watch(work, context);
    return verified.ok || verified.reason.code !== "not-ready"
      ? verified
      : this.fallBack(work, verified, context);
  }

  protected override async failedChange(
    work: VmWork,
    failure: Failure,
    context: StepContext,
  ): Promise<Failure> {
    return this.fallBack(work, failure, context);
  }

  /** Puts a MicroVM that does not come up with its new system back to the one that it ran before. */
  private async fallBack(work: VmWork, failure: Failure, context: StepContext): Promise<Failure> {
    const { machine, recipe, dir, choice, built } = work;
    const { booted, current } = dir?.runners ?? {};
    const refused = choice?.install ? built : current?.path;
    const before = booted?.path ?? current?.path;
    const fresh = choice?.install || choice?.reason.code === "stale";
    if (!fresh || before === undefined || refused === undefined || before === refused) return failure;
    if (context.stop.aborted || work.fellBack) return failure;
    work.fellBack = true;
    context.progress("changing", "putting the system before back in place");
    await putBack(machine, recipe.name, { runner: before, refused });
    const restarted = await super.change(work, "restart", context);
    const again = restarted.ok ? await this.watch(work, context) : restarted;
    const detail = again.ok
      ? `${failure.detail}; the system before runs again`
      : `${failure.detail}; the system before does not come up either: ${again.detail}`;
    return { ...failure, detail, stands: again.ok };
  }

  /** The system before, where the last update kept it, or where a newer one waits for a restart. */
  async restorable(name: string, to: number | undefined): Promise<RestorePoint> {
    const work = this.work(name) as VmWork;
    if (work.problem) throw work.problem;
    if (to !== undefined)
      throw new HomelabError(
        "usage",
        `\`${name}\` is a MicroVM: there is only the system before to go back to`,
        {
          hint: "leave `--to` out",
        },
      );
    const before = beforeOf(work.dir);
    if (before) return { id: 0, text: `the system before, ${nameOf(before)}` };
    const { refused } = work.dir?.runners ?? {};
    const hint = refused
      ? `it was put back to it; \`homelab vm update ${name} --force\` goes forward again`
      : work.dir?.declarative
        ? "it is declared by its host: `homelab rollback system` there goes back along with it"
        : "`homelab vm update` keeps the one that it takes the place of";
    throw new HomelabError("refused", `there is no system before of \`${name}\` on ${work.machine.name}`, {
      hint,
    });
  }

  /** Puts the system before in place again, and restarts a MicroVM that runs with another one. */
  async rollback(name: string, _release: number, context: StepContext): Promise<Applied> {
    const work = this.work(name) as VmWork;
    const { machine, dir } = work;
    const before = beforeOf(dir);
    const current = dir?.runners.current;
    if (!before) return { ok: true, changed: false };
    if (current && current.path !== before.path)
      await putBack(machine, name, { runner: before.path, refused: current.path });
    work.rests = !isRunning(this.stateOf(work));
    if (work.rests || dir?.runners.booted?.path === before.path)
      return { ok: true, changed: current?.path !== before.path };
    return this.change(work, "restart", context);
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
    return HELPERS.map((helper) => `${helper}@${recipe.name}.service`);
  }

  protected override async seen(work: VmWork): Promise<Seen> {
    const { machine, dir } = work;
    const state = this.stateOf(work);
    if (state.load === "loaded" && !dir?.runners.current) {
      const detail = dir
        ? `was never built on ${machine.name}`
        : `there is no such MicroVM on ${machine.name}`;
      return { state: "missing", detail };
    }
    const seen = await super.seen(work);
    return isStale({ dir, state }) ? { ...seen, detail: `${seen.detail}; ${STALE}` } : seen;
  }

  /** What there is to say of one in a list. Observed before. */
  async view(name: string): Promise<VmView> {
    const work = this.work(name) as VmWork;
    const { machine, dir, configured, problem } = work;
    const seen = await this.status(name);
    const view = { name, machine: machine.name, asked: problem === undefined, seen, dir };
    if (problem) return { ...view, memory: undefined, pending: undefined };
    const state = this.stateOf(work);
    const pending = state.load === "loaded" ? pendingOf({ dir, state, configured }) : undefined;
    return { ...view, memory: state.memory, pending };
  }
}

/** Units of microvm.nix's host module that a MicroVM's lines come from: itself, and what is started for it. */
const HELPERS = [
  "microvm",
  "microvm-tap-interfaces",
  "microvm-macvtap-interfaces",
  "microvm-pci-devices",
  "microvm-virtiofsd",
  "microvm-set-booted",
];

/** What is gone back to: what runs while a newer one is in place, else what the last update kept. */
const beforeOf = (dir: VmDir | undefined): Runner | undefined => {
  const { booted, current, old } = dir?.runners ?? {};
  return booted && booted.path !== current?.path ? booted : old;
};

const nameOf = ({ path, system }: Runner): string =>
  `${storeName(system ?? path)} (${storeHash(system ?? path)})`;

const STALE = "a newer system waits for a restart";

export const unitOf = (name: string): string => `microvm@${name}.service`;
