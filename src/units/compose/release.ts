import type { ContainerDetails } from "../../docker/types.ts";
import { LABEL } from "../../docker/types.ts";
import { headRevision } from "../../git/head.ts";
import type { Release } from "../../store/releases.ts";
import type { ServiceView } from "./facts.ts";
import { hasHealthCheck } from "./judge.ts";

/** The release that stands for containers which were just seen ready. */
export function releaseOf(view: ServiceView, containers: readonly ContainerDetails[], root: string): Release {
  return {
    project: view.project,
    composeName: view.composeName,
    dir: view.dir,
    gitRevision: headRevision(root),
    manifest: view.manifest,
    containers: containers.map((details) => ({
      service: details.Config.Labels?.[LABEL.service] ?? "",
      id: details.Id,
      image: details.Config.Image,
      imageId: details.Image,
      kind: details.State.Status === "exited" ? "completed" : "running",
      health: hasHealthCheck(details),
      startedAt: Date.parse(details.State.StartedAt),
      restarts: details.RestartCount,
    })),
  };
}
