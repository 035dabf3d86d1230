import { now } from "../clock.ts";
import type { Docker } from "../docker/client.ts";
import type { ImageSummary } from "../docker/types.ts";
import { HomelabError } from "../errors.ts";
import { tagsOf } from "../plan/cleanup.ts";
import type { Plan, RunReport, Step } from "../plan/types.ts";
import { conclude, type RunOptions, runSteps } from "./steps.ts";

export interface CleanupRequest extends RunOptions {
  readonly root: string;
  readonly docker: Docker;
  /** Says what may go by now. */
  readonly find: () => Promise<readonly ImageSummary[]>;
  /** How many bytes all images take, before and after. */
  readonly told: (before: number, after: number) => void;
}

/** Removes images. One that came into use meanwhile stays. The caller holds the lock. */
export async function cleanup(request: CleanupRequest): Promise<RunReport> {
  const times = { at: Date.now(), began: now() };
  const { root, docker, find, told, listener } = request;
  const images = new Map((await find()).map((image) => [nameOf(image), image]));
  const before = images.size > 0 ? await docker.imageBytes() : 0;
  const steps = await runSteps(request, {
    plan: cleanupPlan(root, [...images.values()]),
    needs: new Map(),
    began: times.began,
    execute: async (step, _context, slots) => {
      const image = images.get(step.id) as ImageSummary;
      try {
        await slots.use(() => remove(docker, image));
        return { result: "changed", reason: step.reason, detail: step.reason.text };
      } catch (error) {
        if (!(error instanceof HomelabError)) throw error;
        listener.message(`warning: ${step.id} stays: ${error.message}`);
        return { result: "unchanged", reason: step.reason, detail: `stays: ${error.message}` };
      }
    },
  });
  if (images.size > 0) told(before, await docker.imageBytes());
  return conclude(request, root, steps, times);
}

/** One step an image. Nothing that is not an image is ever touched. */
export function cleanupPlan(root: string, images: readonly ImageSummary[]): Plan {
  const steps = images.map((image): Step => {
    const reason = { code: "unused", text: "nothing needs it" };
    return { id: nameOf(image), kind: "task", action: "remove", reason, effect: "destroy", needs: [] };
  });
  return { root, targets: [], steps };
}

/** What an image is called for people: its tags, else the short id. */
export const nameOf = (image: ImageSummary): string =>
  tagsOf(image).join(", ") || image.Id.replace(/^sha256:/, "").slice(0, 12);

/** By its tags, because by its id an image with several is refused. */
async function remove(docker: Docker, image: ImageSummary): Promise<void> {
  const tags = tagsOf(image);
  for (const reference of tags.length > 0 ? tags : [image.Id]) await docker.removeImage(reference);
}
