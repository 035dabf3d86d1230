import type { Recipe, ServiceRecipe } from "../../book/types.ts";
import type { Compose } from "../../docker/compose.ts";
import { EngineLife } from "../../docker/life.ts";
import { HomelabError } from "../../errors.ts";
import { mountPoints } from "../../os/mounts.ts";
import type {
  Applied,
  Decided,
  DecideOptions,
  Driver,
  Failure,
  RestorePoint,
  StepContext,
  Verified,
} from "../driver.ts";
import { comesAfter, taskBefore } from "./before.ts";
import { changedBetween, failure, halt, up } from "./change.ts";
import { type ComposeDriverOptions, noteBegun, ServiceCore, type Work } from "./core.ts";
import { type Decision, decide, touches } from "./decide.ts";
import { factsOf, parseFiles, readFiles, type ServiceView, viewService } from "./facts.ts";
import type { Fetcher } from "./fetch.ts";
import { FullDisk } from "./full-disk.ts";
import { lendersOf } from "./lenders.ts";
import { requireMounts } from "./mounts.ts";
import { breaks } from "./network.ts";
import { type ContainerView, containerView, isUp, type Observation } from "./observe.ts";
import type { Preflight } from "./preflight.ts";
import { claim } from "./project.ts";

/** Actions after which containers may be made from other images than before. */
const MAY_NEED_IMAGES: ReadonlySet<string> = new Set(["create", "start", "update", "recreate", "restart"]);

/** Why containers can never be started again as they are. */
const UNSTARTABLE: ReadonlySet<string> = new Set(["task-lost", "network-gone"]);

const NONE: ReadonlySet<string> = new Set();

function blocked(problem: HomelabError): Decided {
  const reason = { code: problem.code, text: problem.message };
  return { action: "blocked", reason, effect: "read", settled: false, problem };
}

/** Services: compose projects, observed and verified through the engine's API, changed through compose. */
export class ComposeDriver implements Driver {
  readonly kind = "service";
  readonly life: EngineLife;
  private readonly core: ServiceCore;
  /** Who makes which compose service, by `project/service`. */
  private readonly claims = new Map<string, ServiceRecipe>();
  /** Containers that decided steps are going to start or replace, with the recipe of the step. */
  private readonly touched = new Map<string, string>();
  private mounted: ReadonlySet<string> | undefined;
  private looked: Promise<Preflight> | undefined;
  /** Loaded when something is to be changed. */
  private fetcher: Promise<Fetcher> | undefined;
  private readonly disk: FullDisk;

  constructor(private readonly options: ComposeDriverOptions) {
    this.disk = new FullDisk(options.freeable);
    this.core = new ServiceCore(options);
    this.life = new EngineLife(options.docker, this.core.hub);
  }

  observe(recipes: readonly Recipe[]): Promise<void> {
    // A second time it is all decided anew.
    this.claims.clear();
    this.looked = undefined;
    this.touched.clear();
    // A pull that failed may have failed because the engine went away.
    this.fetcher = undefined;
    return this.core.observe(recipes);
  }

  admit(recipes: readonly Recipe[]): void {
    this.core.admit(recipes);
  }

  async prepare(): Promise<void> {
    await this.core.findCompose();
    // From here on it is noticed when the engine goes away.
    this.core.hub.open();
  }

  /** What was observed. Throws before `observe`. */
  seen(): Observation {
    return this.core.seen();
  }

  /** What was seen of a service: for status and explanations. Valid after `decide`. */
  viewOf(name: string): ServiceView | undefined {
    return this.core.works.get(name)?.view;
  }

  async decide(name: string, { force, restart = false, preflight = false }: DecideOptions): Promise<Decided> {
    const work = this.core.work(name);
    try {
      if (work.recipe.mounts.length > 0) {
        this.mounted ??= mountPoints();
        await requireMounts(this.options.book.root, work.recipe, this.mounted);
      }
      const active = this.core.activePin(work.recipe);
      const pin = force ? undefined : active;
      const release = this.core.releases.get(name);
      const files =
        pin === active ? await this.core.files(work) : await readFiles(work.recipe, release, this.options);
      const view = await viewService(work.recipe, this.core.seen(), release, files, this.options, pin);
      claim(this.claims, view);
      work.view = view;
    } catch (error) {
      if (!(error instanceof HomelabError)) throw error;
      return blocked(error);
    }
    work.decision = decide(factsOf(work.view, this.core.seen(), { force, restart }, this.touched));
    if (work.decision.effect === "read") return work.decision;
    if (preflight && work.decision.updates && work.recipe.rollback === "auto") {
      const { missingWayBack } = await import("./way-back.ts");
      const problem = await missingWayBack(this.options.docker, work.view, work.decision);
      if (problem) return blocked(problem);
    }
    const checked = preflight ? await (await this.preflight()).check(work, work.decision) : {};
    if (checked.refused) return blocked(checked.refused);
    const before = taskBefore(this.options.book, work.view, work.decision);
    if (before) work.decision = comesAfter(work.decision, before.name);
    for (const id of touches(work.decision, work.view.containers)) this.touched.set(id, name);
    return { ...work.decision, after: checked.after };
  }

  /** Loaded when it is needed: most runs change nothing. */
  private preflight(): Promise<Preflight> {
    this.looked ??= import("./preflight.ts").then(({ Preflight }) => new Preflight(this.core));
    return this.looked;
  }

  async fetch(name: string, context: StepContext): Promise<Failure | undefined> {
    const work = this.core.work(name);
    return this.fetchImages(work, true, context);
  }

  private async fetchImages(work: Work, early: boolean, context: StepContext): Promise<Failure | undefined> {
    const { view, decision, fetched } = work;
    if (!view || !decision || view.pin || fetched) return undefined;
    if (!decision.updates && !MAY_NEED_IMAGES.has(decision.action)) return undefined;
    const refused = this.disk.refusal(decision);
    if (refused) return refused;
    work.fetched = true;
    this.fetcher ??= import("./fetch.ts").then(({ Fetcher }) => new Fetcher(this.core));
    return this.disk.note(await (await this.fetcher).fetch(work, view, early, context));
  }

  async apply(name: string, context: StepContext): Promise<Applied> {
    const work = this.core.work(name);
    const { view, decision } = work;
    if (!view || !decision) throw new Error(`${name} was not decided`);
    switch (decision.action) {
      case "none":
      case "adopt":
        return { ok: true, changed: false };
      case "repair":
        return this.repair(work, view, decision, context);
      default:
        return this.up(work, view, decision, context);
    }
  }

  async verify(name: string, context: StepContext): Promise<Verified> {
    const checked = await this.core.check(name, context);
    return checked.ok ? checked : (await this.restorer()).fallBack(name, checked, context);
  }

  /** Ends the subscription to the engine's events. */
  close(): void {
    this.core.hub.close();
  }

  private async up(
    work: Work,
    view: ServiceView,
    decision: Decision,
    context: StepContext,
  ): Promise<Applied> {
    const missing = this.disk.refusal(decision) ?? (await this.fetchImages(work, false, context));
    if (missing) return missing;
    const { action } = decision;
    noteBegun(work, decision);
    const request = await this.core.changeRequest(work, action, context, view);
    const { makeWay } = await import("./make-way.ts");
    const early = await makeWay(this.core, work, view, decision, request);
    if (early) return early;
    const pinned = view.pin && (await this.restorer()).pinnedFiles(work.recipe, view);
    const only = pinned ? undefined : await this.onlyUnfinished(request.compose, view, decision);
    if (only?.length === 0) return { ok: true, changed: false };
    const tried = await up(request, view, only ? { ...decision, only } : decision, pinned);
    const failed = await this.disk.note(
      tried && UNSTARTABLE.has(tried.reason.code) && !pinned
        ? await (await import("./unstartable.ts")).makeAnew(this.core, request, view, decision, tried)
        : tried,
    );
    const after = await this.core.containersNow(view);
    work.changed ||= action === "restart" || changedBetween(view.containers, after);
    if (!failed) return { ok: true, changed: work.changed };
    return (await this.restorer()).fallBack(work.recipe.name, failed, context);
  }

  private async repair(
    work: Work,
    view: ServiceView,
    decision: Decision,
    context: StepContext,
  ): Promise<Applied> {
    noteBegun(work, decision);
    const { repair } = await import("./repair.ts");
    const request = await this.core.changeRequest(work, decision.action, context, view);
    const repaired = await repair(this.core, request, view, decision);
    if (repaired.done) {
      work.changed ||= repaired.done.ok && repaired.done.changed;
      return repaired.done;
    }
    const done = await this.up(work, view, repaired.left, context);
    work.changed = true;
    return done.ok ? { ok: true, changed: true } : done;
  }

  /** For an update: the compose services to name, so that finished one-shots are not run again for another one. */
  private async onlyUnfinished(compose: Compose, view: ServiceView, { action, anew }: Decision) {
    if (action !== "update" || anew || view.containers.every(({ state }) => state !== "exited"))
      return undefined;
    const { withoutFinished } = await import("./finished.ts");
    return withoutFinished(compose, view, this.core.seen().images);
  }

  async stop(name: string, context: StepContext): Promise<Applied> {
    const work = this.core.work(name);
    const request = await this.core.changeRequest(work, "stop", context);
    const up = this.core.found(work.recipe).filter(isUp);
    const failed = await halt("stop", request, up);
    if (failed) return failed;
    const ids = new Set(up.map((container) => container.id));
    const still = (await this.options.docker.list())
      .map((each) => containerView(each))
      .find((each) => ids.has(each.id) && isUp(each));
    return still ? failure("still-up", `${still.name} is still ${still.state}`) : { ok: true, changed: true };
  }

  async restorable(name: string, to: number | undefined): Promise<RestorePoint> {
    const id = await (await this.restorer()).restorable(name, to);
    return { id, text: `release ${id}` };
  }

  async rollback(name: string, release: number, context: StepContext): Promise<Applied> {
    for (const { id } of this.core.found(this.core.work(name).recipe)) this.touched.set(id, name);
    return (await this.restorer()).rollback(name, release, context);
  }

  /** Loaded when it is needed: most runs never go back. */
  private async restorer() {
    const { Restorer } = await import("./restore.ts");
    return new Restorer(this.core);
  }

  /** All containers that run, or ran, from a service's directory. */
  containersOf(name: string): readonly ContainerView[] {
    const work = this.core.works.get(name);
    return work ? this.core.found(work.recipe) : [];
  }

  isUp(name: string): boolean {
    const recipe = this.options.book.recipes.get(name);
    return recipe?.kind === "service" && this.core.found(recipe).some(isUp);
  }

  async lenders(name: string, parse: boolean): Promise<ReadonlySet<string>> {
    const work = this.core.work(name);
    const containers = this.core.found(work.recipe).filter(({ networkOf }) => networkOf !== undefined);
    const named = parse ? await this.core.namedLenders(work) : [];
    if (containers.length + named.length === 0) return NONE;
    const { book, env } = this.options;
    const namesOf = async (recipe: ServiceRecipe) =>
      (await parseFiles(book.root, recipe, env)).containerNames;
    return lendersOf({ book, observation: this.core.seen(), containers, named, namesOf });
  }

  /** Containers of other services that share the network of one that is going to be started or replaced. */
  fallout(names: ReadonlySet<string>): { name: string; of: string }[] {
    const others = [...this.options.book.recipes.values()].filter(
      (recipe): recipe is ServiceRecipe =>
        recipe.kind === "service" && recipe.present && !names.has(recipe.name),
    );
    const broken =
      this.touched.size === 0 ? [] : breaks(others, (recipe) => this.core.found(recipe), this.touched);
    this.admit(broken.map(({ recipe }) => recipe));
    return broken.map(({ recipe, of }) => ({ name: recipe.name, of }));
  }
}
