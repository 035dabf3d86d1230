import type { Book, Recipe, ServiceRecipe } from "../../book/types.ts";
import type { Docker } from "../../docker/client.ts";
import { type Compose, findCompose } from "../../docker/compose.ts";
import { EventHub } from "../../docker/hub.ts";
import type { ContainerDetails } from "../../docker/types.ts";
import { HomelabError } from "../../errors.ts";
import { mountPoints } from "../../os/mounts.ts";
import { latestReleases, type Release, recordRelease } from "../../store/releases.ts";
import type { Store } from "../../store/store.ts";
import type { Applied, Decided, DecideOptions, Driver, Failure, StepContext, Verified } from "../driver.ts";
import { type ChangeRequest, explainWatch, failure, pull, stop, up } from "./change.ts";
import { type Decision, decide } from "./decide.ts";
import { factsOf, type ServiceView, viewService } from "./facts.ts";
import { requireMounts } from "./mounts.ts";
import { hasLostNetwork } from "./network.ts";
import { type ContainerView, containerView, isLasting, isUp, type Observation, observe } from "./observe.ts";
import { sameProject } from "./project.ts";
import { releaseOf } from "./release.ts";

export interface ComposeDriverOptions {
  readonly book: Book;
  readonly docker: Docker;
  readonly store: Store;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Actions after which containers may be made from other images than before. */
const MAY_NEED_IMAGES: ReadonlySet<string> = new Set(["create", "start", "update", "recreate", "restart"]);

interface Work {
  readonly recipe: ServiceRecipe;
  view?: ServiceView;
  decision?: Decision;
  /** Whether this run made a change. */
  changed: boolean;
}

/** Services: compose projects, observed and verified through the engine's API, changed through compose. */
export class ComposeDriver implements Driver {
  readonly kind = "service";
  private readonly works = new Map<string, Work>();
  /** Who makes which compose service, by `project/service`. */
  private readonly claims = new Map<string, ServiceRecipe>();
  /** Containers that decided steps are going to start or replace, with the recipe of the step. */
  private readonly touched = new Map<string, string>();
  private readonly hub: EventHub;
  private mounted: ReadonlySet<string> | undefined;
  private observation: Observation | undefined;
  private releases: ReadonlyMap<string, Release> = new Map();
  private compose: Promise<Compose> | undefined;

  constructor(private readonly options: ComposeDriverOptions) {
    this.hub = new EventHub(options.docker);
  }

  async observe(recipes: readonly Recipe[]): Promise<void> {
    const { docker, store, book } = this.options;
    this.observation = await observe(docker);
    this.releases = latestReleases(store, book.root);
    for (const recipe of recipes) {
      if (recipe.kind === "service") this.works.set(recipe.name, { recipe, changed: false });
    }
  }

  async prepare(): Promise<void> {
    this.compose = findCompose(this.options.env, this.options.docker.endpoint);
    await this.compose;
  }

  /** What was seen of a service: for status and explanations. Valid after `decide`. */
  viewOf(name: string): ServiceView | undefined {
    return this.works.get(name)?.view;
  }

  async decide(name: string, { force, restart = false }: DecideOptions): Promise<Decided> {
    const work = this.work(name);
    try {
      if (work.recipe.mounts.length > 0) {
        this.mounted ??= mountPoints();
        await requireMounts(this.options.book.root, work.recipe, this.mounted);
      }
      const view = await viewService(work.recipe, this.seen(), this.releases.get(name), this.options);
      this.claim(view);
      work.view = view;
    } catch (error) {
      if (!(error instanceof HomelabError)) throw error;
      const reason = { code: error.code, text: error.message };
      return { action: "blocked", reason, effect: "read", settled: false, problem: error };
    }
    work.decision = decide(factsOf(work.view, this.seen(), { force, restart }, this.touched));
    if (work.decision.effect !== "read")
      for (const { id } of work.view.containers) this.touched.set(id, name);
    return work.decision;
  }

  async fetch(name: string, context: StepContext): Promise<Failure | undefined> {
    const work = this.work(name);
    const { view, decision } = work;
    if (!view || !decision || !MAY_NEED_IMAGES.has(decision.action)) return undefined;
    return pull(await this.changeRequest(work, "pull", context, view), view);
  }

  async apply(name: string, context: StepContext): Promise<Applied> {
    const work = this.work(name);
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
    const { recipe, view, changed } = this.work(name);
    if (!view) throw new Error(`${name} was not decided`);
    const { docker, env, book } = this.options;
    const released = this.releases.get(name)?.containers ?? [];
    const containers = await this.containersNow(view);
    if (containers.length === 0) {
      return failure(
        "no-containers",
        "compose made no containers",
        "does the compose file have services without a profile?",
      );
    }
    const [{ watch }, { secretsOf }] = await Promise.all([import("./verify.ts"), import("./secrets.ts")]);
    // What a health probe printed may be anything.
    const redact = secretsOf(view);
    const watched = await watch(
      {
        docker,
        hub: this.hub,
        ids: containers.map((container) => container.id),
        ready: recipe.ready,
        restarts: new Map(released.map((container) => [container.id, container.restarts])),
        changed,
        env,
        cwd: book.root,
      },
      { ...context, progress: (phase, note) => context.progress(phase, redact(note)) },
    );
    if (!watched.ok) return explainWatch(docker, view, watched, changed);
    this.record(name, view, watched.containers);
    return { ok: true, detail: watched.detail };
  }

  /** Ends the subscription to the engine's events. */
  close(): void {
    this.hub.close();
  }

  private async up(
    work: Work,
    view: ServiceView,
    decision: Decision,
    context: StepContext,
  ): Promise<Applied> {
    const request = await this.changeRequest(work, decision.action, context, view);
    if (decision.action === "restart") {
      const failed = await stop(request, view.containers.filter(isUp));
      if (failed) return failed;
    }
    const failed = await up(request, view, decision);
    const before = new Map(view.containers.map((container) => [container.id, container]));
    const after = await this.containersNow(view);
    work.changed =
      decision.action === "restart" ||
      after.some((container) => before.get(container.id)?.state !== "running") ||
      after.length !== before.size;
    return failed ?? { ok: true, changed: work.changed };
  }

  async stop(name: string, context: StepContext): Promise<Applied> {
    const work = this.work(name);
    const request = await this.changeRequest(work, "stop", context);
    const up = this.found(work.recipe).filter(isUp);
    const failed = await stop(request, up);
    if (failed) return failed;
    const ids = new Set(up.map((container) => container.id));
    const still = (await this.options.docker.list())
      .map((each) => containerView(each))
      .find((each) => ids.has(each.id) && isUp(each));
    return still ? failure("still-up", `${still.name} is still ${still.state}`) : { ok: true, changed: true };
  }

  private async changeRequest(
    { recipe }: Work,
    action: string,
    context: StepContext,
    view?: ServiceView,
  ): Promise<ChangeRequest> {
    const { store, book, docker, env } = this.options;
    this.compose ??= findCompose(env, docker.endpoint);
    const { secretsOf } = await import("./secrets.ts");
    const redact = view ? secretsOf(view) : (text: string) => text;
    return {
      compose: await this.compose,
      store,
      root: book.root,
      name: recipe.name,
      action,
      redact,
      context,
    };
  }

  /** All containers that run from a recipe's directory, also those that its files no longer name. */
  private found(recipe: ServiceRecipe): readonly ContainerView[] {
    return this.seen().byDir.get(recipe.path) ?? [];
  }

  isUp(name: string): boolean {
    return this.found(this.work(name).recipe).some(isUp);
  }

  /** Containers of other services that share the network of one that is going to be started or replaced. */
  fallout(names: ReadonlySet<string>): { name: string; of: string }[] {
    const broken: { name: string; of: string }[] = [];
    if (this.touched.size === 0) return broken;
    for (const recipe of this.options.book.recipes.values()) {
      if (recipe.kind !== "service" || !recipe.present || names.has(recipe.name)) continue;
      const lenders = this.found(recipe)
        .filter(isUp)
        .map((container) => this.touched.get(container.networkOf ?? ""));
      const of = lenders.find((lender) => lender !== undefined);
      if (of === undefined) continue;
      this.works.set(recipe.name, { recipe, changed: false });
      broken.push({ name: recipe.name, of });
    }
    return broken;
  }

  private async unpause(work: Work, view: ServiceView, context: StepContext): Promise<Applied> {
    context.progress("changing", "unpausing");
    for (const container of view.containers) {
      if (container.state === "paused") await this.options.docker.unpause(container.id);
    }
    work.changed = true;
    return { ok: true, changed: true };
  }

  private async containersNow(view: ServiceView): Promise<ContainerView[]> {
    const summaries = await this.options.docker.list(view.project);
    const known = new Set(view.containers.map((container) => container.id));
    return summaries
      .filter(isLasting)
      .map((summary) => containerView(summary))
      .filter((container) => container.dir === view.dir || known.has(container.id))
      .filter((container) => view.expected.has(container.service));
  }

  /** Two fresh services of one project show nowhere yet: the second would make the first one's containers anew. */
  private claim(view: ServiceView): void {
    for (const service of view.expected.keys()) {
      const key = `${view.project}/${service}`;
      const owner = this.claims.get(key);
      if (owner && owner.name !== view.recipe.name) {
        throw sameProject(owner, view.recipe, { project: view.project, service });
      }
      this.claims.set(key, view.recipe);
    }
  }

  private record(name: string, view: ServiceView, containers: readonly ContainerDetails[]): void {
    const { store, book } = this.options;
    const release = releaseOf(view, containers, book.root);
    recordRelease(store, book.root, name, release, Date.now());
  }

  private work(name: string): Work {
    const work = this.works.get(name);
    if (!work) throw new Error(`${name} was not observed`);
    return work;
  }

  /** What was observed. Throws before `observe`. */
  seen(): Observation {
    if (!this.observation) throw new Error("nothing was observed yet");
    return this.observation;
  }
}
