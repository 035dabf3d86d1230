import type { Recipe, ServiceRecipe } from "../../book/types.ts";
import { EngineLife } from "../../docker/life.ts";
import { HomelabError } from "../../errors.ts";
import { mountPoints } from "../../os/mounts.ts";
import type { Applied, Decided, DecideOptions, Driver, Failure, StepContext, Verified } from "../driver.ts";
import { failure, stop, up } from "./change.ts";
import { type ComposeDriverOptions, ServiceCore, type Work } from "./core.ts";
import { type Decision, decide } from "./decide.ts";
import { factsOf, type ServiceView, viewService } from "./facts.ts";
import type { Fetcher } from "./fetch.ts";
import { requireMounts } from "./mounts.ts";
import { breaks, hasLostNetwork } from "./network.ts";
import { type ContainerView, containerView, isUp, type Observation } from "./observe.ts";
import { claim } from "./project.ts";

/** Actions after which containers may be made from other images than before. */
const MAY_NEED_IMAGES: ReadonlySet<string> = new Set(["create", "start", "update", "recreate", "restart"]);

/** Why containers can never be started again as they are. */
const UNSTARTABLE: ReadonlySet<string> = new Set(["task-lost", "network-gone"]);

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
  /** Loaded when something is to be changed. */
  private fetcher: Promise<Fetcher> | undefined;

  constructor(private readonly options: ComposeDriverOptions) {
    this.core = new ServiceCore(options);
    this.life = new EngineLife(options.docker, this.core.hub);
  }

  observe(recipes: readonly Recipe[]): Promise<void> {
    // A second time it is all decided anew.
    this.claims.clear();
    this.touched.clear();
    return this.core.observe(recipes);
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

  async decide(name: string, { force, restart = false }: DecideOptions): Promise<Decided> {
    const work = this.core.work(name);
    try {
      if (work.recipe.mounts.length > 0) {
        this.mounted ??= mountPoints();
        await requireMounts(this.options.book.root, work.recipe, this.mounted);
      }
      const pin = force ? undefined : this.core.activePin(work.recipe);
      const view = await viewService(
        work.recipe,
        this.core.seen(),
        this.core.releases.get(name),
        this.options,
        pin,
      );
      claim(this.claims, view);
      work.view = view;
    } catch (error) {
      if (!(error instanceof HomelabError)) throw error;
      const reason = { code: error.code, text: error.message };
      return { action: "blocked", reason, effect: "read", settled: false, problem: error };
    }
    work.decision = decide(factsOf(work.view, this.core.seen(), { force, restart }, this.touched));
    if (work.decision.effect !== "read")
      for (const { id } of work.view.containers) this.touched.set(id, name);
    return work.decision;
  }

  async fetch(name: string, context: StepContext): Promise<Failure | undefined> {
    const work = this.core.work(name);
    return this.fetchImages(work, true, context);
  }

  private async fetchImages(work: Work, early: boolean, context: StepContext): Promise<Failure | undefined> {
    const { view, decision, fetched } = work;
    if (!view || !decision || view.pin || fetched || !MAY_NEED_IMAGES.has(decision.action)) return undefined;
    work.fetched = true;
    this.fetcher ??= import("./fetch.ts").then(({ Fetcher }) => new Fetcher(this.core));
    return (await this.fetcher).fetch(work, view, early, context);
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
        if (!decision.anew) return this.unpause(work, view, context);
        if (!(await hasLostNetwork(this.options.docker, view.containers)))
          return { ok: true, changed: false };
        return this.up(work, view, decision, context);
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
    const missing = await this.fetchImages(work, false, context);
    if (missing) return missing;
    const request = await this.core.changeRequest(work, decision.action, context, view);
    if (decision.action === "restart") {
      const failed = await stop(request, view.containers.filter(isUp));
      if (failed) return failed;
    }
    const pinned = view.pin && (await this.restorer()).pinnedFiles(work.recipe, view);
    const tried = await up(request, view, decision, pinned);
    const failed =
      tried && UNSTARTABLE.has(tried.reason.code) && !pinned
        ? await (await import("./unstartable.ts")).makeAnew(this.core, request, view, decision, tried)
        : tried;
    const before = new Map(view.containers.map((container) => [container.id, container]));
    const after = await this.core.containersNow(view);
    work.changed =
      decision.action === "restart" ||
      after.some((container) => before.get(container.id)?.state !== "running") ||
      after.length !== before.size;
    if (!failed) return { ok: true, changed: work.changed };
    return (await this.restorer()).fallBack(work.recipe.name, failed, context);
  }

  async stop(name: string, context: StepContext): Promise<Applied> {
    const work = this.core.work(name);
    const request = await this.core.changeRequest(work, "stop", context);
    const up = this.core.found(work.recipe).filter(isUp);
    const failed = await stop(request, up);
    if (failed) return failed;
    const ids = new Set(up.map((container) => container.id));
    const still = (await this.options.docker.list())
      .map((each) => containerView(each))
      .find((each) => ids.has(each.id) && isUp(each));
    return still ? failure("still-up", `${still.name} is still ${still.state}`) : { ok: true, changed: true };
  }

  async rollback(name: string, to: number | undefined, context: StepContext): Promise<Applied> {
    return (await this.restorer()).rollback(name, to, context);
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

  /** Containers of other services that share the network of one that is going to be started or replaced. */
  fallout(names: ReadonlySet<string>): { name: string; of: string }[] {
    const others = [...this.options.book.recipes.values()].filter(
      (recipe): recipe is ServiceRecipe =>
        recipe.kind === "service" && recipe.present && !names.has(recipe.name),
    );
    const broken =
      this.touched.size === 0 ? [] : breaks(others, (recipe) => this.core.found(recipe), this.touched);
    for (const { recipe } of broken) this.core.works.set(recipe.name, { recipe, changed: false });
    return broken.map(({ recipe, of }) => ({ name: recipe.name, of }));
  }

  private async unpause(work: Work, view: ServiceView, context: StepContext): Promise<Applied> {
    context.progress("changing", "unpausing");
    for (const container of view.containers) {
      if (container.state === "paused") await this.options.docker.unpause(container.id);
    }
    work.changed = true;
    return { ok: true, changed: true };
  }
}
