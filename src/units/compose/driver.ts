import { position } from "../../book/position.ts";
import type { Book, Recipe, ServiceRecipe } from "../../book/types.ts";
import type { Docker } from "../../docker/client.ts";
import { type Compose, findCompose, upCommand } from "../../docker/compose.ts";
import { EventHub } from "../../docker/hub.ts";
import type { ContainerDetails } from "../../docker/types.ts";
import { HomelabError } from "../../errors.ts";
import { isMounted, mountPoints } from "../../os/mounts.ts";
import { startProcess } from "../../process/runner.ts";
import { clearIntent, recordIntent } from "../../store/intents.ts";
import { latestReleases, type Release, recordRelease } from "../../store/releases.ts";
import type { Store } from "../../store/store.ts";
import type { Applied, Decided, DecideOptions, Driver, Failure, StepContext, Verified } from "../driver.ts";
import { type Decision, decide } from "./decide.ts";
import { factsOf, type ServiceView, viewService } from "./facts.ts";
import { explainFailure, lastLines } from "./failure.ts";
import { hasLostNetwork } from "./network.ts";
import { type ContainerView, containerView, isLasting, type Observation, observe } from "./observe.ts";
import { sameProject } from "./project.ts";
import { releaseOf } from "./release.ts";
import type { Watched } from "./verify.ts";

const LOG_LINES = 20;

export interface ComposeDriverOptions {
  readonly book: Book;
  readonly docker: Docker;
  readonly store: Store;
  readonly env: Readonly<Record<string, string | undefined>>;
}

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
  /** Containers that decided steps are going to start or replace. */
  private readonly touched = new Set<string>();
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

  async decide(name: string, { force }: DecideOptions): Promise<Decided> {
    const work = this.work(name);
    try {
      await this.requireMounts(work.recipe);
      const view = await viewService(work.recipe, this.seen(), this.releases.get(name), this.options);
      this.claim(view);
      work.view = view;
    } catch (error) {
      if (!(error instanceof HomelabError)) throw error;
      const reason = { code: error.code, text: error.message };
      return { action: "blocked", reason, effect: "read", settled: false, problem: error };
    }
    work.decision = decide(factsOf(work.view, this.seen(), force, this.touched));
    if (work.decision.effect !== "read") for (const { id } of work.view.containers) this.touched.add(id);
    return work.decision;
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
    if (!watched.ok) return this.failed(view, watched, changed);
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
    const { store, book, docker, env } = this.options;
    const { name } = work.recipe;
    this.compose ??= findCompose(env, docker.endpoint);
    const compose = await this.compose;
    const only = decision.only ? ["--no-deps", ...decision.only] : [];
    const argv = [...upCommand(compose, view.project, { recreate: decision.anew === true }), ...only];
    context.progress("changing", "docker compose up");
    const { secretsOf } = await import("./secrets.ts");
    const child = startProcess(argv, {
      cwd: view.dir,
      env: { ...compose.env, PWD: view.dir },
      deadline: context.remaining(),
      signal: context.abort,
      redact: secretsOf(view),
    });
    recordIntent(store, book.root, { name, pid: child.pid, action: decision.action });
    const result = await child.result;
    clearIntent(store, book.root, name);
    const before = new Map(view.containers.map((container) => [container.id, container]));
    const after = await this.containersNow(view);
    work.changed =
      after.some((container) => before.get(container.id)?.state !== "running") ||
      after.length !== before.size;
    if (result.exitCode === 0) return { ok: true, changed: work.changed };
    if (result.timedOut) return failure("timeout", "docker compose up did not end in time");
    if (result.cancelled) return failure("interrupted", "broken off during docker compose up");
    const why = explainFailure(result.stderr);
    return {
      ...failure(why.reason, why.text, why.hint),
      log: lastLines(result.stderr, LOG_LINES).filter((line) => !why.text.includes(line)),
    };
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

  private async failed(view: ServiceView, watched: Watched, changed: boolean): Promise<Failure> {
    const { secretsOf } = await import("./secrets.ts");
    const redact = secretsOf(view);
    const detail = redact(watched.detail);
    if (watched.stopped) return failure("interrupted", `not waited for any longer: ${detail}`);
    const { culprit } = watched;
    if (!culprit) return failure("not-ready", detail);
    const lines = await this.options.docker.logs(culprit.Id, LOG_LINES, culprit.Config.Tty);
    const name = culprit.Name.replace(/^\//, "");
    const remedy = changed ? "" : `; \`homelab ensure ${view.recipe.name} --force\` makes it anew`;
    return {
      ...failure("not-ready", detail, `\`docker logs ${name}\` shows all that it said${remedy}`),
      log: lines.map(redact),
    };
  }

  /** On the bare directory of an unmounted disk a service would find an empty library, and act on it. */
  private async requireMounts(recipe: ServiceRecipe): Promise<void> {
    if (recipe.mounts.length === 0) return;
    this.mounted ??= mountPoints();
    const { mounted } = this;
    const index = mounted ? recipe.mounts.findIndex((path) => !isMounted(path, mounted)) : -1;
    if (index < 0) return;
    const path = recipe.mounts[index];
    throw new HomelabError("refused", `\`${recipe.name}\` needs ${path}, and nothing is mounted there`, {
      position: await position(this.options.book.root, recipe.origin, ["mounts", index]),
      hint: `mount it, then run again: \`mount ${path}\`, \`findmnt\` shows what is mounted`,
    });
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

const failure = (code: string, detail: string, hint?: string): Failure => ({
  ok: false,
  reason: { code, text: detail },
  detail,
  hint,
});
