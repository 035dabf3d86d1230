import type { Book, Recipe, ServiceRecipe } from "../../book/types.ts";
import type { Docker } from "../../docker/client.ts";
import { type Compose, findCompose } from "../../docker/compose.ts";
import { EventHub } from "../../docker/hub.ts";
import type { ContainerDetails } from "../../docker/types.ts";
import { HomelabError } from "../../errors.ts";
import { noteImages } from "../../store/images.ts";
import { dropPin, type Pin, readPins, setPin } from "../../store/pins.ts";
import {
  latestReleases,
  type Release,
  recordRelease,
  releaseFiles,
  releaseWith,
} from "../../store/releases.ts";
import type { Store } from "../../store/store.ts";
import type { StepContext, Verified } from "../driver.ts";
import { type ChangeRequest, explainWatch, failure } from "./change.ts";
import { sightsOf } from "./crashes.ts";
import type { Decision } from "./decide.ts";
import { readFiles, type ServiceFiles, type ServiceView } from "./facts.ts";
import { type ContainerView, containerView, isLasting, type Observation, observe } from "./observe.ts";
import { holds } from "./pin.ts";
import { composeTexts, releaseOf } from "./release.ts";

export interface ComposeDriverOptions {
  readonly book: Book;
  readonly docker: Docker;
  readonly store: Store;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Tells the person of something that is no reason to stop. */
  readonly warn?: ((text: string) => void) | undefined;
  /** Says, in words, what a clean-up would free; undefined for nothing. */
  readonly freeable?: (() => Promise<string | undefined>) | undefined;
}

export interface Work {
  readonly recipe: ServiceRecipe;
  files?: Promise<ServiceFiles>;
  view?: ServiceView;
  decision?: Decision;
  /** Whether this run made a change since it was last seen ready, also before the engine went away. */
  changed: boolean;
  /** How this run began to bring new files or images into force. What is left of that later may be of another kind. */
  begun?: "update" | "recreate" | undefined;
  /** Its images were got, or could not be. */
  fetched?: boolean;
}

/** Remembers what is to be gone back from, should the engine go away in the middle of it. */
export function noteBegun(work: Work, { action, updates }: Decision): void {
  if (action === "recreate") work.begun ??= action;
  else if (updates) work.begun ??= "update";
}

/** What all verbs of the driver stand on: the services of a run, what was observed, and the way to compose. */
export class ServiceCore {
  readonly works = new Map<string, Work>();
  readonly hub: EventHub;
  /** What each was last seen ready as; of what was put back since, the release that it was put back to. */
  releases: ReadonlyMap<string, Release> = new Map();
  pins: ReadonlyMap<string, Pin> = new Map();
  private observation: Observation | undefined;
  private compose: Promise<Compose> | undefined;
  private warned = false;

  constructor(readonly options: ComposeDriverOptions) {
    this.hub = new EventHub(options.docker);
  }

  async observe(recipes: readonly Recipe[]): Promise<void> {
    const { docker, store, book } = this.options;
    this.observation = await observe(docker);
    const releases = latestReleases(store, book.root);
    this.pins = readPins(store, book.root);
    for (const [name, pin] of this.pins) {
      const back = pin.made && releaseWith(store, pin.release);
      if (back) releases.set(name, back);
    }
    this.releases = releases;
    this.admit(recipes);
  }

  admit(recipes: readonly Recipe[]): void {
    for (const recipe of recipes) {
      if (recipe.kind !== "service") continue;
      // Looked at anew; what was done to it in this run was done all the same.
      const { changed = false, begun } = this.works.get(recipe.name) ?? {};
      this.works.set(recipe.name, { recipe, changed, begun });
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

  /** What a service is made from, looked at once. Rejects as `readFiles` throws. */
  files(work: Work): Promise<ServiceFiles> {
    const { recipe } = work;
    work.files ??= readFiles(recipe, this.releases.get(recipe.name), this.options, this.activePin(recipe));
    return work.files;
  }

  /** Names of the containers whose network a service's files say that it shares. */
  async namedLenders(work: Work): Promise<readonly string[]> {
    try {
      const { inputs, known } = await this.files(work);
      return inputs?.lenders ?? known?.lenders ?? [];
    } catch (error) {
      // Told when the service is decided.
      if (error instanceof HomelabError) return [];
      throw error;
    }
  }

  async containersNow(view: ServiceView): Promise<ContainerView[]> {
    return (await this.projectNow(view)).filter((container) => view.expected.has(container.service));
  }

  /** The same with those of compose services that should have none. */
  async projectNow(view: ServiceView): Promise<ContainerView[]> {
    const summaries = await this.options.docker.list(view.project);
    const known = new Set(view.containers.map((container) => container.id));
    return summaries
      .filter(isLasting)
      .map((summary) => containerView(summary))
      .filter((container) => container.dir === view.dir || known.has(container.id));
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
    const { store, book, docker, env } = this.options;
    const { secretsOf } = await import("./secrets.ts");
    const redact = view ? secretsOf(view, env) : (text: string) => text;
    return {
      docker,
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
    const work = this.work(name);
    const { recipe, view, changed } = work;
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
    const redact = secretsOf(view, env);
    const watched = await watch(
      {
        docker,
        hub: this.hub,
        ids: containers.map((container) => container.id),
        ready: recipe.ready,
        sights: new Map(released.map((container) => [container.id, sightsOf(container)])),
        changed,
        env,
        cwd: book.root,
      },
      { ...context, progress: (phase, note) => context.progress(phase, redact(note)) },
    );
    if (!watched.ok) return explainWatch({ docker, redact, changed }, view, watched);
    this.record(name, view, watched.containers);
    // Whatever comes now is a story of its own.
    work.changed = false;
    work.begun = undefined;
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
    this.note(
      name,
      made.containers.map(({ imageId }) => imageId),
    );
    if (pin && id !== undefined) setPin(store, book.root, name, { ...pin, release: id, made: undefined });
    else if (!pin && this.pins.has(name)) dropPin(store, book.root, name);
  }

  /** For other users of this homelab, who cannot read what this one's state directory holds. */
  private note(name: string, images: readonly string[]): void {
    const { store, book } = this.options;
    const refusal = noteImages(book.root, name, images);
    if (refusal === undefined || this.warned) return;
    this.warned = true;
    store.warn(`${refusal}: \`homelab cleanup\` of another user may remove images of earlier releases`);
  }
}
