import type { ServiceRecipe } from "../../book/types.ts";
import type { OtherFiles } from "../../docker/compose.ts";
import { HomelabError } from "../../errors.ts";
import { type Pin, setPin } from "../../store/pins.ts";
import { listReleases, releaseFiles, type StoredRelease } from "../../store/releases.ts";
import type { Applied, Failure, StepContext } from "../driver.ts";
import { type ChangeRequest, changedBetween, halt, up } from "./change.ts";
import type { ServiceCore, Work } from "./core.ts";
import { readFiles, type ServiceView, viewService } from "./facts.ts";
import { rehash } from "./manifest.ts";
import { isUp } from "./observe.ts";
import { holds } from "./pin.ts";
import { imagesOf } from "./release.ts";
import {
  cameSince,
  chooseRelease,
  releaseInForce,
  requireRestorable,
  writeReleaseFiles,
  writtenServices,
} from "./rollback.ts";
import { endSwitches } from "./switch.ts";

function neverBack(name: string): HomelabError {
  return new HomelabError(
    "refused",
    `\`${name}\` is never rolled back: its recipe says \`rollback: never\``,
    {
      hint: "what ran before may not be able to read its data any more; write `rollback: manual` when you know that it can",
    },
  );
}

/** Goes back: when somebody asks for it, and after an update that failed. */
export class Restorer {
  constructor(private readonly core: ServiceCore) {}

  /** The id of the release to go back to, proven to be here. Throws `usage` or `refused`. */
  async restorable(name: string, to: number | undefined): Promise<number> {
    const { docker, store, book } = this.core.options;
    const { recipe } = this.core.work(name);
    const target = this.choose(recipe, listReleases(store, book.root, name), to);
    await requireRestorable(docker, store, recipe, target);
    return target.id;
  }

  private choose(
    recipe: ServiceRecipe,
    stored: readonly StoredRelease[],
    to: number | undefined,
  ): StoredRelease {
    const runs = new Set(this.core.found(recipe).map((container) => container.id));
    return chooseRelease(recipe.name, stored, { pin: this.core.pins.get(recipe.name), runs, to });
  }

  async rollback(name: string, release: number, context: StepContext): Promise<Applied> {
    const { store, book, env } = this.core.options;
    const work = this.core.work(name);
    const { recipe } = work;
    if (recipe.rollback === "never") throw neverBack(name);
    const stored = listReleases(store, book.root, name);
    const pin = this.core.pins.get(name);
    const target = this.choose(recipe, stored, release);
    const manifest = rehash(stored[0]?.release.manifest ?? target.release.manifest, recipe, env);
    const images = imagesOf(this.core.found(recipe), stored[0]?.release);
    const refused =
      pin && holds(pin, recipe, this.core.seen().images, env) ? pin.refused : { manifest, images };
    const why = `asked for with \`rollback\` (release ${target.id})`;
    const next = { release: target.id, at: Date.now(), why, refused };
    const failed = await this.restore(work, target, next, context);
    return failed ?? { ok: true, changed: work.changed };
  }

  /** After an update that failed: back to what was last ready, where the recipe wants it so. */
  async fallBack(name: string, failure: Failure, context: StepContext): Promise<Failure> {
    const { store, book } = this.core.options;
    const work = this.core.work(name);
    const { recipe, view, begun, changed } = work;
    const last = releaseInForce(listReleases(store, book.root, name), this.core.pins.get(name));
    const early = failure.reason.code === "interrupted";
    if (recipe.rollback !== "auto" || begun !== "update" || !changed || early) return failure;
    if (!view?.release || view.pin || !last) return failure;
    const images = imagesOf(await this.core.containersNow(view), undefined);
    const why = `an update did not become ready: ${failure.detail}`;
    const refused = { manifest: view.manifest, images };
    const pin = { release: last.id, at: Date.now(), why, refused };
    const second = await this.restoreAndCheck(work, last, pin, context);
    const hint = `the next run leaves it so until its files or its image change; \`homelab ensure ${name} --force\` tries again`;
    if (second) {
      const said = `${failure.detail}; and what ran before did not come back: ${second.detail}`;
      return { ...failure, detail: said, hint: second.back ? hint : failure.hint };
    }
    const detail = `${failure.detail}; rolled back, what ran before serves again`;
    return { ...failure, reason: { code: "rolled-back", text: detail }, detail, hint, stands: true };
  }

  pinnedFiles(recipe: ServiceRecipe, { pin, release }: ServiceView): OtherFiles | undefined {
    const { store, book } = this.core.options;
    const files = pin ? releaseFiles(store, pin.release) : [];
    return files.length > 0 && release
      ? writeReleaseFiles(store, book.root, recipe, files, release)
      : undefined;
  }

  /** Puts a service back to a release and lets `pin` keep it there. Nothing to say when compose did it. */
  private async restore(
    work: Work,
    stored: StoredRelease,
    pin: Pin,
    context: StepContext,
  ): Promise<Failure | undefined> {
    const { docker, store, book } = this.core.options;
    const { recipe } = work;
    const files = await requireRestorable(docker, store, recipe, stored);
    const { options } = this.core;
    const expected = await this.expectedNow(work);
    const made = await readFiles(recipe, stored.release, options, pin);
    const view = await viewService(recipe, this.core.seen(), stored.release, made, options, pin);
    const request = await this.core.changeRequest(work, "rollback", context, view);
    await endSwitches(docker, await this.core.containersNow(view));
    const other = writeReleaseFiles(store, book.root, recipe, files, stored.release);
    work.view = view;
    const written = await writtenServices(files);
    const stopped = await this.stopNewcomers(request, view, { written, expected });
    if (typeof stopped !== "number") return stopped;
    context.progress("changing", `rolling back to release ${stored.id}`);
    const failed = await up(request, view, {}, other);
    const after = await this.core.containersNow(view);
    work.changed = stopped > 0 || changedBetween(view.containers, after);
    if (failed) return failed;
    // Also when it takes longer to be ready than it is waited for, it is not to be taken away again.
    setPin(store, book.root, recipe.name, { ...pin, made: after.map(({ id }) => id) });
    return undefined;
  }

  /** Compose services that what is there by now asks for; none when its files cannot be read. */
  private async expectedNow(work: Work): Promise<ReadonlySet<string>> {
    if (work.view) return new Set(work.view.expected.keys());
    try {
      const { inputs, known } = await this.core.files(work);
      return new Set(inputs?.expected.keys() ?? known?.containers.map(({ service }) => service));
    } catch (error) {
      if (error instanceof HomelabError) return new Set();
      throw error;
    }
  }

  /**
   * Stops what a release does not have: it would go on for nobody, and hold what the release needs, such as a port.
   * First, and without taking it away. Gives how many there were.
   */
  private async stopNewcomers(
    request: ChangeRequest,
    view: ServiceView,
    version: Readonly<Record<"written" | "expected", ReadonlySet<string>>>,
  ): Promise<number | Failure> {
    const running = (await this.core.projectNow(view)).filter(isUp);
    const release = new Set(view.release?.containers.map(({ service }) => service));
    const services = cameSince(
      running.map(({ service }) => service),
      { ...version, release },
    );
    const newcomers = running.filter(({ service }) => services.has(service));
    return (await halt("stop", request, newcomers)) ?? newcomers.length;
  }

  /** Nothing to say when it is ready; else what is wrong, and whether it was put `back` all the same. */
  private async restoreAndCheck(
    work: Work,
    stored: StoredRelease,
    pin: Pin,
    context: StepContext,
  ): Promise<{ detail: string; back: boolean } | undefined> {
    let back = false;
    try {
      const failed = await this.restore(work, stored, pin, context);
      back = failed === undefined;
      const checked = failed ?? (await this.core.check(work.recipe.name, context));
      return checked.ok ? undefined : { detail: checked.detail, back };
    } catch (error) {
      if (error instanceof HomelabError) return { detail: error.message, back };
      throw error;
    }
  }
}
