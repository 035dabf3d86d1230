import type { Book, Recipe, ServiceRecipe } from "../../book/types.ts";
import type { Docker } from "../../docker/client.ts";
import { type Compose, findCompose } from "../../docker/compose.ts";
import { EventHub } from "../../docker/hub.ts";
import type { ContainerDetails } from "../../docker/types.ts";
import { dropPin, type Pin, readPins, setPin } from "../../store/pins.ts";
import { latestReleases, type Release, recordRelease, releaseFiles } from "../../store/releases.ts";
import type { Store } from "../../store/store.ts";
import type { StepContext, Verified } from "../driver.ts";
import { type ChangeRequest, explainWatch, failure } from "./change.ts";
import type { Decision } from "./decide.ts";
import type { ServiceView } from "./facts.ts";
import { type ContainerView, containerView, isLasting, type Observation, observe } from "./observe.ts";
import { holds } from "./pin.ts";
import { composeTexts, releaseOf } from "./release.ts";

export interface ComposeDriverOptions {
  readonly book: Book;
  readonly docker: Docker;
  readonly store: Store;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Work {
  readonly recipe: ServiceRecipe;
  view?: ServiceView;
  decision?: Decision;
  /** Whether this run made a change. */
  changed: boolean;
  /** Its images were got, or could not be. */
  fetched?: boolean;
}

/** What all verbs of the driver stand on: the services of a run, what was observed, and the way to compose. */
export class ServiceCore {
  readonly works = new Map<string, Work>();
  readonly hub: EventHub;
  releases: ReadonlyMap<string, Release> = new Map();
  pins: ReadonlyMap<string, Pin> = new Map();
  private observation: Observation | undefined;
  private compose: Promise<Compose> | undefined;

  constructor(readonly options: ComposeDriverOptions) {
    this.hub = new EventHub(options.docker);
  }

  async observe(recipes: readonly Recipe[]): Promise<void> {
    const { docker, store, book } = this.options;
    this.observation = await observe(docker);
    this.releases = latestReleases(store, book.root);
    this.pins = readPins(store, book.root);
    for (const recipe of recipes) {
      if (recipe.kind === "service") this.works.set(recipe.name, { recipe, changed: false });
    }
  }

  /** Finds compose, once. Throws `compose-missing`. */
  findCompose(): Promise<Compose> {
    this.compose ??= findCompose(this.options.env, this.options.docker.endpoint);
    return this.compose;
  }

  work(name: string): Work {
    const work = this.works.get(name);
    if (!work) throw new Error(`${name} was not observed`);
    return work;
  }

  /** What was observed. Throws before `observe`. */
  seen(): Observation {
    if (!this.observation) throw new Error("nothing was observed yet");
    return this.observation;
  }

  /** All containers that run from a recipe's directory, also those that its files no longer name. */
  found(recipe: ServiceRecipe): readonly ContainerView[] {
    return this.seen().byDir.get(recipe.path) ?? [];
  }

  async containersNow(view: ServiceView): Promise<ContainerView[]> {
    const summaries = await this.options.docker.list(view.project);
    const known = new Set(view.containers.map((container) => container.id));
    return summaries
      .filter(isLasting)
      .map((summary) => containerView(summary))
      .filter((container) => container.dir === view.dir || known.has(container.id))
      .filter((container) => view.expected.has(container.service));
  }

  activePin(recipe: ServiceRecipe): Pin | undefined {
    const pin = this.pins.get(recipe.name);
    return pin && holds(pin, recipe, this.seen().images, this.options.env) ? pin : undefined;
  }

  async changeRequest(
    { recipe }: Work,
    action: string,
    context: StepContext,
    view?: ServiceView,
  ): Promise<ChangeRequest> {
    const { store, book } = this.options;
    const { secretsOf } = await import("./secrets.ts");
    const redact = view ? secretsOf(view) : (text: string) => text;
    return {
      compose: await this.findCompose(),
      store,
      root: book.root,
      name: recipe.name,
      action,
      redact,
      context,
    };
  }

  async check(name: string, context: StepContext): Promise<Verified> {
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

  /** Remembers what was seen ready; what was put back stays pinned to it, anything else is a new start. */
  record(name: string, view: ServiceView, containers: readonly ContainerDetails[]): void {
    const { store, book } = this.options;
    const { pin, release } = view;
    const names = new Map((pin && release?.containers)?.map(({ service, image }) => [service, image]));
    const files = pin ? releaseFiles(store, pin.release) : composeTexts(view);
    const made = releaseOf(view, containers, book.root, names);
    const id = recordRelease(store, book.root, name, made, files, Date.now());
    if (pin && id !== undefined) setPin(store, book.root, name, { ...pin, release: id });
    else if (!pin && this.pins.has(name)) dropPin(store, book.root, name);
  }
}
