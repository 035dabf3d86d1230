import { now } from "../clock.ts";
import type { Docker } from "../docker/client.ts";
import { EngineLife } from "../docker/life.ts";
import { registryOf } from "../docker/registry.ts";
import type { Plan, RunReport, Step, StepReport } from "../plan/types.ts";
import { RegistryLimits } from "../store/limits.ts";
import { normalizeImage } from "../units/compose/decide.ts";
import type { ImageUse } from "../units/compose/images.ts";
import { limitHint, limitText } from "../units/compose/pull-failure.ts";
import { Puller } from "../units/compose/puller.ts";
import type { StepContext } from "../units/driver.ts";
import { inRounds, type Round } from "./rounds.ts";
import type { Outcome } from "./schedule.ts";
import { type Skip, skipWarnings } from "./skipped.ts";
import { conclude, failed, type RunOptions, runSteps } from "./steps.ts";

export interface PullRequest extends RunOptions {
  readonly root: string;
  readonly docker: Docker;
  /** Environment for the docker command, which knows the person's logins. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly images: ImageUse;
  /** Ask also registries that want no requests for a while. */
  readonly now: boolean;
}

/**
 * Gets what is newer of each image, once however many services use it; those that are not here come first. A registry
 * that refuses is told of and is no failure as long as the image is here: what runs keeps running.
 */
export async function pullImages(request: PullRequest): Promise<RunReport> {
  const times = { at: Date.now(), began: now() };
  const { root, docker, images, listener } = request;
  const puller = new ImagePuller(request);
  const steps = await inRounds(request, new EngineLife(docker), times.began, (round) =>
    puller.pass(round, times.began),
  );
  const order = [...images.keys()];
  const skipped = puller.skipped.sort((a, b) => order.indexOf(a.image) - order.indexOf(b.image));
  for (const warning of skipWarnings(skipped)) listener.message(`warning: ${warning}`);
  return conclude(request, root, steps, times);
}

/** One step an image, called by its reference. */
export function pullPlan(root: string, images: ImageUse): Plan {
  const steps = [...images].map(([id, users]): Step => {
    const text = `used by ${users.join(", ")}`;
    return { id, kind: "task", action: "pull", reason: { code: "used", text }, effect: "write", needs: [] };
  });
  return { root, targets: [], steps };
}

class ImagePuller {
  readonly skipped: Skip[] = [];
  private readonly limits: RegistryLimits;
  private readonly ended = new Set<string>();
  /** A disk that was found full is not written to again in this run. */
  private full = false;

  constructor(private readonly request: PullRequest) {
    this.limits = new RegistryLimits(request.store);
  }

  async pass({ listener, guard }: Round, began: number): Promise<StepReport[]> {
    const { root, docker, env, images } = this.request;
    const before = await docker.images();
    const isHere = ({ id }: Step) => before.has(normalizeImage(id));
    const plan = pullPlan(root, images);
    const open = plan.steps.filter(({ id }) => !this.ended.has(id));
    const steps = [...open.filter((step) => !isHere(step)), ...open.filter(isHere)];
    const puller = new Puller(env, this.limits);
    const reports = await runSteps(
      { ...this.request, listener },
      {
        plan: { ...plan, steps },
        needs: new Map(),
        began,
        execute: guard((step, context, slots) =>
          slots.use(() => this.one(step, before.get(normalizeImage(step.id)), puller, context)),
        ),
      },
    );
    for (const { id, result } of reports) if (result !== "cancelled") this.ended.add(id);
    return reports;
  }

  /** `had`: the id of what is here under that name. */
  private async one(
    { id: image, reason }: Step,
    had: string | undefined,
    puller: Puller,
    context: StepContext,
  ): Promise<Outcome> {
    const { docker, stop } = this.request;
    if (image.includes("@") && (await docker.hasImage(image))) {
      return { result: "unchanged", reason, detail: "pinned by its digest, and here" };
    }
    if (this.full) {
      const detail = "not tried: the disk of the engine is full";
      const why = { code: "disk-full", text: detail };
      return had === undefined
        ? { result: "failed", reason: why, detail }
        : { result: "unchanged", reason, detail };
    }
    const registry = registryOf(image);
    const until = had === undefined || this.request.now ? undefined : this.limits.pending(registry);
    const pulled =
      until === undefined
        ? await puller.pull(image, context)
        : ({
            ok: false,
            code: "rate-limited",
            text: limitText(registry, until),
            hint: limitHint(registry),
            log: [],
          } as const);
    if (pulled.ok) {
      const has = (await docker.images()).get(normalizeImage(image));
      if (has === had && had !== undefined) return { result: "unchanged", reason, detail: "up to date" };
      return { result: "changed", reason, detail: had === undefined ? "it was not here" : "it was newer" };
    }
    const { code, hint, log } = pulled;
    if (code === "disk-full") this.full = true;
    // The words are those for an image that is missing; this one may be here.
    const text = had === undefined ? pulled.text : pulled.text.replace(/^the image is not here, and /, "");
    const own = code === "interrupted" || code === "docker-unavailable";
    if (had === undefined || own) {
      return failed({ ok: false, reason: { code, text }, detail: text, hint, log }, stop, context);
    }
    this.skipped.push({ image, code, registry, text, hint });
    return { result: "unchanged", reason, detail: `update skipped: ${text}` };
  }
}
