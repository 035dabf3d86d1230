import { now } from "../clock.ts";
import type { Docker } from "../docker/client.ts";
import type { Plan, RunReport, Step } from "../plan/types.ts";
import { runProcess } from "../process/runner.ts";
import { normalizeImage } from "../units/compose/decide.ts";
import { explainFailure, lastLines } from "../units/compose/failure.ts";
import type { ImageUse } from "../units/compose/images.ts";
import type { StepContext } from "../units/driver.ts";
import type { Outcome } from "./schedule.ts";
import { conclude, type RunOptions, runSteps } from "./steps.ts";

const LOG_LINES = 5;

export interface PullRequest extends RunOptions {
  readonly root: string;
  readonly docker: Docker;
  /** Environment for the docker command, which knows the person's logins. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly images: ImageUse;
}

/**
 * Gets what is newer of each image, once however many services use it. A registry that refuses is told of and is no
 * failure as long as the image is here: what runs keeps running.
 */
export async function pullImages(request: PullRequest): Promise<RunReport> {
  const times = { at: Date.now(), began: now() };
  const { root, docker, images } = request;
  const before = await docker.images();
  const disk = { full: false };
  const steps = await runSteps(request, {
    plan: pullPlan(root, images),
    needs: new Map(),
    began: times.began,
    execute: (step, context, slots) => slots.use(() => pullOne(step, { before, disk }, request, context)),
  });
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

async function pullOne(
  { id: image, reason }: Step,
  { before, disk }: { readonly before: ReadonlyMap<string, string>; readonly disk: { full: boolean } },
  { docker, env, listener }: PullRequest,
  context: StepContext,
): Promise<Outcome> {
  const name = normalizeImage(image);
  const had = before.get(name);
  if (image.includes("@") && (await docker.hasImage(image))) {
    return { result: "unchanged", reason, detail: "pinned by its digest, and here" };
  }
  if (disk.full) {
    const detail = "not tried: the disk of the engine is full";
    const full = { code: "disk-full", text: detail };
    return had === undefined
      ? { result: "failed", reason: full, detail }
      : { result: "unchanged", reason, detail };
  }
  context.progress("changing", "docker pull");
  const { exitCode, timedOut, cancelled, stderr } = await runProcess(["docker", "pull", "--quiet", image], {
    env,
    deadline: context.remaining(),
    signal: context.abort,
  });
  if (exitCode === 0) {
    const has = (await docker.images()).get(name);
    if (has === had && had !== undefined) return { result: "unchanged", reason, detail: "up to date" };
    return { result: "changed", reason, detail: had === undefined ? "it was not here" : "it was newer" };
  }
  if (cancelled)
    return { result: "cancelled", reason: { code: "interrupted", text: "broken off" }, detail: "broken off" };
  const why = timedOut ? { reason: "timeout", text: "the pull did not end in time" } : explainFailure(stderr);
  if (why.reason === "disk-full") disk.full = true;
  if (had !== undefined) {
    // The words are those for an image that is missing; this one is here.
    const text = why.text.replace(/^the image is not here, and /, "");
    listener.message(`warning: ${image} could not be asked about, and what is here is kept: ${text}`);
    return { result: "unchanged", reason, detail: `kept: ${text}` };
  }
  const hint = "hint" in why ? why.hint : undefined;
  return {
    result: "failed",
    reason: { code: why.reason, text: why.text },
    detail: why.text,
    hint,
    log: lastLines(stderr, LOG_LINES).filter((line) => !why.text.includes(line)),
  };
}
