import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { ContainerDetails } from "../../docker/types.ts";
import { LABEL } from "../../docker/types.ts";
import { headRevision } from "../../git/head.ts";
import type { ComposeText, Release } from "../../store/releases.ts";
import { nextSights, sightsOf } from "./crashes.ts";
import type { ServiceView } from "./facts.ts";
import { hasHealthCheck } from "./judge.ts";
import { hashText } from "./manifest.ts";
import type { ContainerView } from "./observe.ts";

/**
 * The release that stands for containers which were just seen ready. `imageNames`: by compose service, for containers
 * that were made from bare image ids.
 */
export function releaseOf(
  view: ServiceView,
  containers: readonly ContainerDetails[],
  root: string,
  imageNames?: ReadonlyMap<string, string>,
): Release {
  const known = new Map(view.release?.containers.map((container) => [container.id, container]));
  return {
    project: view.project,
    composeName: view.composeName,
    dir: view.dir,
    gitRevision: headRevision(root),
    manifest: view.manifest,
    compose: view.compose,
    ...(view.lenders.length > 0 && { lenders: view.lenders }),
    containers: containers.map((details) => ({
      service: details.Config.Labels?.[LABEL.service] ?? "",
      id: details.Id,
      image: imageNames?.get(details.Config.Labels?.[LABEL.service] ?? "") ?? details.Config.Image,
      imageId: details.Image,
      kind: details.State.Status === "exited" ? "completed" : "running",
      health: hasHealthCheck(details),
      startedAt: Date.parse(details.State.StartedAt),
      restarts: details.RestartCount,
      sights: nextSights(sightsOf(known.get(details.Id)), details.RestartCount, Date.now()),
    })),
  };
}

/** The texts of a view's compose files, unless they are not what the manifest says any more. */
export function composeTexts({ compose, manifest, dir }: ServiceView): ComposeText[] {
  const hashes = new Map(manifest.files);
  const texts = compose.map((path) => ({ path, text: readFileSync(resolve(dir, path), "utf8") }));
  return texts.every(({ path, text }) => hashText(text) === hashes.get(path)) ? texts : [];
}

/** Image references of containers with the ids that they have; one that moved on is known by the release's name. */
export function imagesOf(
  containers: readonly ContainerView[],
  release: Release | undefined,
): (readonly [reference: string, id: string])[] {
  return containers.flatMap(({ id, image, imageId }) => {
    const bare = image.startsWith("sha256:");
    const reference = bare ? release?.containers.find((known) => known.id === id)?.image : image;
    return reference === undefined ? [] : [[reference, imageId] as const];
  });
}
