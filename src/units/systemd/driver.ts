import type { Ready, Recipe, RecipeKind } from "../../book/types.ts";
import { HomelabError } from "../../errors.ts";
import type { Machine } from "../../process/machine.ts";
import { changeUnit, journalTail } from "../../systemd/change.ts";
import { showUnits, type UnitState } from "../../systemd/show.ts";
import type { Applied, Decided, DecideOptions, Driver, Failure, StepContext, Verified } from "../driver.ts";
import { hasProbe } from "../probe.ts";
import { probeFrom } from "../probe-from.ts";
import type { Seen } from "../status.ts";
import { type Choice, chooseUnit, unitStatus } from "./decide.ts";
import { lookAtUnits } from "./look.ts";
import { blocked, interrupted, reached } from "./trouble.ts";
import { watchUnit } from "./watch.ts";

/** How long a unit must stay up, unless the recipe says otherwise, in milliseconds. */
export const STABLE_MS = 3_000;
/** Patience with a unit that is up and does not answer its probe yet, unless the recipe says otherwise. */
const PATIENCE_MS = 30_000;
const LOG_LINES = 20;
/** What was said before has nothing to do with a change that failed. As journalctl(1) takes it. */
const RECENT = "-5min";

export interface UnitWorld {
  /** The machine by the name that recipes give it; undefined is this one. */
  readonly machineOf: (host: string | undefined) => Machine;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where probing commands run. */
  readonly root: string;
}

/** One recipe in a run. */
export interface UnitWork<R extends Recipe = Recipe> {
  readonly recipe: R;
  readonly machine: Machine;
  /** The systemd unit behind it. */
  readonly unit: string;
  state?: UnitState | undefined;
  /** Why its machine could not be asked. */
  problem?: HomelabError | undefined;
  choice?: Choice | undefined;
  changed: boolean;
}

/** Recipes that are a systemd unit each, on this machine or another: kind `unit`, and what others build upon it. */
export class UnitDriver<R extends Recipe = Recipe> implements Driver {
  readonly kind: RecipeKind = "unit";
  protected readonly works = new Map<string, UnitWork<R>>();

  constructor(protected readonly world: UnitWorld) {}

  async observe(recipes: readonly Recipe[]): Promise<void> {
    this.admit(recipes);
    const works = recipes.flatMap(({ name }) => this.works.get(name) ?? []);
    await Promise.all(
      [...Map.groupBy(works, ({ machine }) => machine)].map(async ([machine, there]) => {
        try {
          await this.look(machine, there);
          for (const work of there) work.problem = undefined;
        } catch (error) {
          if (!(error instanceof HomelabError)) throw error;
          for (const work of there) work.problem = error;
        }
      }),
    );
  }

  admit(recipes: readonly Recipe[]): void {
    for (const recipe of recipes) {
      if (recipe.kind !== this.kind) continue;
      const { machine, unit } = this.placeOf(recipe as R);
      const changed = this.works.get(recipe.name)?.changed ?? false;
      this.works.set(recipe.name, { recipe: recipe as R, machine, unit, changed });
    }
  }

  /** Where a recipe runs, and as what. */
  protected placeOf(recipe: R): { machine: Machine; unit: string } {
    if (recipe.kind !== "unit") throw new Error(`${recipe.name} is no unit`);
    return { machine: this.world.machineOf(undefined), unit: recipe.unit };
  }

  /** Looks at recipes of one machine. Throws when it cannot be asked. */
  protected async look(machine: Machine, works: readonly UnitWork<R>[]): Promise<void> {
    const states = await lookAtUnits(
      machine,
      works.map(({ unit }) => unit),
    );
    for (const work of works) work.state = states.get(work.unit);
  }

  async decide(name: string, options: DecideOptions): Promise<Decided> {
    const work = this.work(name);
    if (work.problem) return blocked(work.problem);
    const choice = await reached(work, () => this.choose(work, options));
    if (choice instanceof HomelabError) return blocked(choice);
    work.choice = choice;
    return choice.problem ? blocked(choice.problem) : choice;
  }

  protected async choose(work: UnitWork<R>, { force, restart = false }: DecideOptions): Promise<Choice> {
    const state = this.stateOf(work);
    const choice = chooseUnit(state, { again: force || restart, stable: this.stable(work), now: Date.now() });
    return this.unlessUnready(work, choice);
  }

  /** What is up has to answer its probe as well, else somebody has to wait for that. */
  protected async unlessUnready(work: UnitWork<R>, choice: Choice): Promise<Choice> {
    if (!choice.settled) return choice;
    const unready = await this.unready(work);
    if (unready === undefined) return choice;
    return { ...choice, settled: false, reason: { code: "not-ready", text: `it is up, but ${unready}` } };
  }

  async prepare(): Promise<void> {}

  async fetch(_name: string, _context: StepContext): Promise<Failure | undefined> {
    return undefined;
  }

  async apply(name: string, context: StepContext): Promise<Applied> {
    const work = this.work(name);
    const { verb } = this.choiceOf(work);
    if (verb === undefined) return { ok: true, changed: false };
    return this.change(work, verb, context);
  }

  protected async change(
    work: UnitWork<R>,
    verb: "start" | "restart",
    context: StepContext,
  ): Promise<Applied> {
    context.progress("changing", `systemctl ${verb} ${work.unit}`);
    work.changed = true;
    const within = verb === "start" ? this.readyOf(work)?.within : undefined;
    const deadline = Math.min(context.remaining(), within ?? Number.POSITIVE_INFINITY);
    const changed = await changeUnit(work.machine, verb, work.unit, { deadline, signal: context.abort });
    if (changed.ok) return { ok: true, changed: true };
    work.state = (await showUnits(work.machine, [work.unit])).get(work.unit);
    // Of a run that goes on, the time of this one alone is up.
    const code = changed.code === "timeout" && context.remaining() > 0 ? "not-ready" : changed.code;
    const failure = await this.failure(work, changed.said, code);
    const told = code === `${verb}-failed` || code === "not-ready";
    return told ? this.failedChange(work, failure, context) : failure;
  }

  /** What is done about a change that systemd could not make. */
  protected async failedChange(
    _work: UnitWork<R>,
    failure: Failure,
    _context: StepContext,
  ): Promise<Failure> {
    return failure;
  }

  async verify(name: string, context: StepContext): Promise<Verified> {
    return this.watch(this.work(name), context);
  }

  /** Waits until a unit is up, stays up and answers. */
  protected async watch(work: UnitWork<R>, context: StepContext): Promise<Verified> {
    const { machine, unit, changed } = work;
    const watched = await watchUnit(
      {
        ...{ machine, unit, changed, stable: this.stable(work) },
        most: this.readyOf(work)?.within ?? this.patience(work),
        unready: () => this.unready(work),
        see: (state) => {
          work.state = state;
        },
      },
      context,
    );
    if (watched.ok) return watched;
    return watched.stopped ? interrupted(watched.detail) : this.failure(work, watched.detail);
  }

  /** What its probes find wrong; undefined when they answer, or there are none. */
  protected async unready(work: UnitWork<R>): Promise<string | undefined> {
    const ready = this.readyOf(work);
    if (!hasProbe(ready)) return undefined;
    return probeFrom(work.machine, ready as Ready, { env: this.world.env, cwd: this.world.root });
  }

  protected readyOf({ recipe }: UnitWork<R>): Ready | undefined {
    return recipe.ready;
  }

  protected patience(_work: UnitWork<R>): number {
    return PATIENCE_MS;
  }

  private stable({ recipe }: UnitWork<R>): number {
    return recipe.ready?.stable ?? STABLE_MS;
  }

  protected async failure(work: UnitWork<R>, detail: string, code = "not-ready"): Promise<Failure> {
    const reason = { code, text: detail };
    return { ok: false, reason, detail, hint: this.hint(work), log: await this.log(work) };
  }

  protected hint({ recipe }: UnitWork<R>): string {
    return `\`homelab logs ${recipe.name}\` shows all that it said`;
  }

  /**
   * The last lines of what it said in this life; of one that did not come to life, of what was to bring it up. Of one
   * that systemd starts again and again, the lines of all lives: the journal may take the last words of one for the
   * next one's.
   */
  protected log(work: UnitWork<R>): Promise<string[]> {
    const { machine, state } = work;
    const lived = state && state.life !== "" && state.active !== "inactive" && !state.restarts;
    const whose = lived ? { life: state.life } : { units: this.unitsOf(work), since: RECENT };
    return journalTail(machine, whose, LOG_LINES);
  }

  trouble(name: string): HomelabError | undefined {
    return this.works.get(name)?.problem;
  }

  isUp(name: string): boolean {
    const active = this.works.get(name)?.state?.active;
    return active === "active" || active === "activating" || active === "reloading";
  }

  async stop(name: string, context: StepContext): Promise<Applied> {
    const work = this.work(name);
    if (work.problem) throw work.problem;
    context.progress("changing", `systemctl stop ${work.unit}`);
    const options = { deadline: context.remaining(), signal: context.abort };
    const stopped = await changeUnit(work.machine, "stop", work.unit, options);
    return stopped.ok ? { ok: true, changed: true } : this.failure(work, stopped.said, stopped.code);
  }

  /** What it is now. Observed before. */
  async status(name: string): Promise<Seen> {
    const work = this.work(name);
    const seen = work.problem ?? (await reached(work, () => this.seen(work)));
    return seen instanceof HomelabError ? { state: "failed", detail: seen.message, problem: seen } : seen;
  }

  protected async seen(work: UnitWork<R>): Promise<Seen> {
    const seen = unitStatus(this.stateOf(work), { stable: this.stable(work), now: Date.now() });
    const unready = seen.state === "ready" ? await this.unready(work) : undefined;
    return unready === undefined ? seen : { state: "unhealthy", detail: unready };
  }

  /** Where its lines are: in which journal, under which names. Admitted before. */
  placeOfLines(name: string): { machine: Machine; unit: string; units: readonly string[] } {
    const work = this.work(name);
    return { machine: work.machine, unit: work.unit, units: this.unitsOf(work) };
  }

  lastLines(name: string): Promise<string[]> {
    return this.log(this.work(name));
  }

  /** Names or patterns of the units whose lines belong to it. */
  protected unitsOf({ unit }: UnitWork<R>): readonly string[] {
    return [unit];
  }

  async lenders(): Promise<ReadonlySet<string>> {
    return new Set();
  }

  fallout(): [] {
    return [];
  }

  protected work(name: string): UnitWork<R> {
    const work = this.works.get(name);
    if (!work) throw new Error(`${name} was not observed`);
    return work;
  }

  protected stateOf({ state, recipe }: UnitWork<R>): UnitState {
    if (!state) throw new Error(`${recipe.name} was not observed`);
    return state;
  }

  private choiceOf({ choice, recipe }: UnitWork<R>): Choice {
    if (!choice) throw new Error(`${recipe.name} was not decided`);
    return choice;
  }
}
