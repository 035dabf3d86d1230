import type { MicrovmRecipe, Ready, Recipe, RecipeKind } from "../../book/types.ts";
import { HomelabError, inOneLine } from "../../errors.ts";
import { build } from "../../nix/build.ts";
import { runnerOf } from "../../nix/reference.ts";
import type { Machine } from "../../process/machine.ts";
import { showInstances } from "../../systemd/show.ts";
import type { Applied, DecideOptions, Failure, RestorePoint, StepContext, Verified } from "../driver.ts";
import { hasProbe } from "../probe.ts";
import type { Seen } from "../status.ts";
import { STABLE_MS, UnitDriver, type UnitWorld } from "../systemd/driver.ts";
import {
  chooseVm,
  isRunning,
  isStale,
  pendingOf,
  STALE,
  type VmChoice,
  type VmFacts,
  type VmMode,
} from "./decide.ts";
import { checkoutOf, evaluateAll, repositoriesOf } from "./evaluate.ts";
import { helpersOf } from "./foreground.ts";
import { forgive, install, keepBuilt, keepGood, makeDirectory, putBack, requireSame } from "./install.ts";
import type { Repository } from "./pull.ts";
import { readVmDirs } from "./state.ts";
import type { VmView, VmWork } from "./types.ts";
import { provenBy, restorePoint, troubleOf, wayBack } from "./way-back.ts";

/** A guest boots in this time: microvm.nix's own patience with one that starts. */
const PATIENCE_MS = 150_000;

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
    this.notPulled.set(checkoutOf(machine, path), problem);
  }

  protected override async choose(
    work: VmWork,
    { force, restart = false }: DecideOptions,
  ): Promise<VmChoice> {
    const look = { stable: work.recipe.ready?.stable ?? STABLE_MS, now: Date.now() };
    const choice = chooseVm(this.factsOf(work), { ...look, mode: this.mode, force, restart });
    if (this.mode === "update") return choice;
    const changes = choice.install || choice.verb === "restart";
    if (changes && isRunning(this.stateOf(work))) work.silent = await this.unready(work);
    return this.unlessUnready(work, choice);
  }

  private factsOf(work: VmWork): VmFacts {
    const { recipe, machine, dir, configured, flake, trouble } = work;
    const state = this.stateOf(work);
    const buildable = flake !== undefined;
    const where = { name: recipe.name, machine: machine.name, remote: machine.remote };
    return { ...where, state, dir, configured, buildable, trouble };
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
    const { install: installs, verb } = work.choice ?? {};
    if (installs) {
      const missing = await this.fetch(name, context);
      if (missing) return missing;
    }
    if (installs || verb === "restart") await this.keepProven(work);
    if (installs) {
      const { machine, dir, built = "" } = work;
      context.progress("changing", "putting the new system in place");
      await install(machine, name, { runner: built, dir });
      work.inPlace = built;
    }
    if (verb === undefined) return { ok: true, changed: installs === true };
    return this.change(work, verb, context);
  }

  /** What it runs is what a change is measured against: kept, as systemd forgets it and Nix would collect it. */
  private async keepProven(work: VmWork): Promise<void> {
    const { machine, recipe, dir, silent } = work;
    const serves = isRunning(this.stateOf(work)) && silent === undefined;
    const proven = provenBy(dir, serves);
    if (!proven) return;
    await keepGood(machine, recipe.name, dir, proven.path);
    work.proven = proven.path;
  }

  override async verify(name: string, context: StepContext): Promise<Verified> {
    const work = this.work(name) as VmWork;
    const { choice } = work;
    if (work.rests) return { ok: true, detail: "in place for its next start" };
    if (this.mode === "update" && choice?.verb === undefined) return this.updated(work);
    const verified = await this.watch(work, context);
    if (!verified.ok)
      return verified.reason.code === "not-ready" ? this.fallBack(work, verified, context) : verified;
    if (work.changed) await this.keepReady(work);
    if (!choice?.trouble) return verified;
    return { ...troubleOf(choice.trouble), detail: `${inOneLine(choice.trouble)}; it runs with what it has` };
  }

  /** An update that does not touch what runs. */
  private updated(work: VmWork): Verified {
    const { choice, recipe } = work;
    const runs = isRunning(this.stateOf(work));
    if (choice?.trouble) return { ...troubleOf(choice.trouble), stands: runs };
    if (!choice?.install || !runs) return { ok: true, detail: "in place" };
    return { ok: true, detail: `in place; \`homelab vm restart ${recipe.name}\` brings it into force` };
  }

  /** What came up is what the next change is measured against. */
  private async keepReady(work: VmWork): Promise<void> {
    const { machine, recipe } = work;
    const dir = (await readVmDirs(machine)).get(recipe.name);
    const { current } = dir?.runners ?? {};
    if (current) await keepGood(machine, recipe.name, dir, current.path);
  }

  protected override async failedChange(
    work: VmWork,
    failure: Failure,
    context: StepContext,
  ): Promise<Failure> {
    return this.fallBack(work, failure, context);
  }

  /**
   * Puts a MicroVM that does not come up with its new system back to the one that was seen ready. Also one of an
   * earlier run that did not come to its end.
   */
  private async fallBack(work: VmWork, failure: Failure, context: StepContext): Promise<Failure> {
    const { machine, recipe, dir, silent, fellBack } = work;
    const refused = work.inPlace ?? dir?.runners.current?.path;
    const before = work.proven ?? dir?.runners.good?.path;
    const ours = work.changed || this.mode === "deploy";
    if (!ours || fellBack || context.stop.aborted) return failure;
    if (before === undefined || refused === undefined || before === refused) return failure;
    if (before === dir?.runners.refused?.path) return failure;
    if (silent !== undefined && isRunning(this.stateOf(work)))
      return {
        ...failure,
        detail: `${failure.detail}; it did not answer before either, so the new system stays`,
      };
    work.fellBack = true;
    try {
      context.progress("changing", "putting the system before back in place");
      await putBack(machine, recipe.name, { runner: before, refused });
      const restarted = await super.change(work, "restart", context);
      const again = restarted.ok ? await this.watch(work, context) : restarted;
      if (again.ok)
        return { ...failure, detail: `${failure.detail}; the system before runs again`, stands: true };
      await forgive(machine, recipe.name);
      const detail = `${failure.detail}; the system before does not come up either: ${again.detail}`;
      return { ...failure, detail };
    } catch (error) {
      if (!(error instanceof HomelabError)) throw error;
      return { ...failure, detail: `${failure.detail}; it could not be put back: ${inOneLine(error)}` };
    }
  }

  async restorable(name: string, to: number | undefined): Promise<RestorePoint> {
    return restorePoint(this.work(name), to);
  }

  /** Puts the system before in place again, and restarts a MicroVM that runs with another one. */
  async rollback(name: string, _release: number, context: StepContext): Promise<Applied> {
    const work = this.work(name) as VmWork;
    const { machine, dir } = work;
    const before = wayBack(dir);
    const current = dir?.runners.current;
    if (!before || !current) return { ok: true, changed: false };
    await requireSame(machine, name, dir);
    await putBack(machine, name, { runner: before.path, refused: current.path });
    // Asked for: whatever comes of it, nothing is to take it back.
    work.fellBack = true;
    const state = this.stateOf(work);
    work.rests = state.active === "inactive";
    if (work.rests || (isRunning(state) && dir?.runners.booted?.path === before.path))
      return { ok: true, changed: true };
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
    return [unitOf(recipe.name), ...helpersOf(recipe.name)];
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

export const unitOf = (name: string): string => `microvm@${name}.service`;
