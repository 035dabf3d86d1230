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
  /** Says which containers may go by now; default: none. */
  readonly findLeft?: (() => Promise<readonly LeftContainer[]>) | undefined;
  /** How many bytes all images take, before and after. */
  readonly told: (before: number, after: number) => void;
}

/** A container that nothing needs any more. */
export interface LeftContainer {
  readonly id: string;
  readonly name: string;
  /** Whose it was, its age and size. */
  readonly about: string;
}

/** Removes containers that are left over, then images. One that came into use meanwhile stays. The caller holds the lock. */
export async function cleanup(request: CleanupRequest): Promise<RunReport> {
  const times = { at: Date.now(), began: now() };
  const { root, docker, find, findLeft, told, listener } = request;
  const images = new Map((await find()).map((image) => [nameOf(image), image]));
  const left = new Map(((await findLeft?.()) ?? []).map((container) => [container.name, container]));
  const before = images.size > 0 ? await docker.imageBytes() : 0;
  const steps = await runSteps(request, {
    plan: cleanupPlan(root, [...images.values()], [...left.values()]),
    needs: new Map(),
    began: times.began,
    execute: async (step, _context, slots) => {
      const container = left.get(step.id);
      try {
        await slots.use(() =>
          container
            ? docker.removeContainer(container.id)
            : remove(docker, images.get(step.id) as ImageSummary),
        );
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

/** One step a container or image. Volumes and networks are never touched. */
export function cleanupPlan(
  root: string,
  images: readonly ImageSummary[],
  left: readonly LeftContainer[] = [],
): Plan {
  const step = (id: string, reason: Step["reason"]): Step => ({
    id,
    kind: "task",
    action: "remove",
    reason,
    effect: "destroy",
    needs: [],
  });
  const steps = [
    ...left.map(({ name, about }) => step(name, { code: "orphan", text: about })),
    ...images.map((image) => step(nameOf(image), { code: "unused", text: "nothing needs it" })),
  ];
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
