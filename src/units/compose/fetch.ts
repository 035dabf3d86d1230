import { isReference } from "../../docker/registry.ts";
import { RegistryLimits } from "../../store/limits.ts";
import type { Failure, StepContext } from "../driver.ts";
import { failure, pull } from "./change.ts";
import type { ServiceCore, Work } from "./core.ts";
import { normalizeImage } from "./decide.ts";
import type { ServiceView } from "./facts.ts";
import { readInputs } from "./inputs.ts";
import { Puller } from "./puller.ts";

/**
 * Gets the images of services that are not here, before anything of them is touched. What is here is not asked about:
 * `homelab pull-images` does that.
 */
export class Fetcher {
  private readonly puller: Puller;

  constructor(private readonly core: ServiceCore) {
    const { docker, env, store } = core.options;
    // The docker command is to talk to the engine that was found.
    const talksTo = docker.endpoint.unix ? { DOCKER_HOST: docker.endpoint.host } : {};
    this.puller = new Puller({ ...env, ...talksTo }, new RegistryLimits(store));
  }

  /** Nothing to say when all are here. `early`: nothing else is going to get those that only compose knows. */
  async fetch(
    work: Work,
    view: ServiceView,
    early: boolean,
    context: StepContext,
  ): Promise<Failure | undefined> {
    const { book, env } = this.core.options;
    const { images, borrowsImage, foreign } = await readInputs(book.root, work.recipe, env);
    const onlyCompose = borrowsImage || foreign || !Bun.which("docker", { PATH: env.PATH ?? "" });
    if (onlyCompose) {
      return early ? pull(await this.core.changeRequest(work, "pull", context, view), view) : undefined;
    }
    // A name may have its parts from `.env`.
    const redact = (await import("./secrets.ts")).secretsOf(view, env);
    const masked = { ...context, progress: progressWith(context, redact) };
    // What can be no name is for compose to refuse.
    const pulls = [...new Set(images)]
      .filter(isReference)
      .map(async (image) => ((await this.isHere(image)) ? undefined : this.puller.pull(image, masked)));
    const failed = (await Promise.all(pulls)).find((pulled) => pulled?.ok === false);
    if (failed?.ok !== false) return undefined;
    const { code, text, hint, log } = failed;
    return { ...failure(code, redact(text), hint && redact(hint)), log: log.map(redact) };
  }

  private async isHere(image: string): Promise<boolean> {
    // The listing has tags; digests and bare ids are asked for.
    return this.core.seen().images.has(normalizeImage(image)) || this.core.options.docker.hasImage(image);
  }
}

const progressWith =
  (context: StepContext, redact: (text: string) => string): StepContext["progress"] =>
  (phase, note) =>
    context.progress(phase, redact(note));
