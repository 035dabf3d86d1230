import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ServiceRecipe } from "../../book/types.ts";
import type { Docker } from "../../docker/client.ts";
import { type ContainerSummary, LABEL } from "../../docker/types.ts";
import { HomelabError } from "../../errors.ts";
import { readPins } from "../../store/pins.ts";
import { latestReleases } from "../../store/releases.ts";
import type { Store } from "../../store/store.ts";
import { readInputs } from "./inputs.ts";
import { containerView, isLasting } from "./observe.ts";

/** A container that is left of a compose service which the files of its directory no longer have. */
export interface Orphan {
  readonly id: string;
  readonly name: string;
  /** The compose service that it was made for. */
  readonly service: string;
  readonly recipe: string;
  /** Epoch seconds. */
  readonly created: number;
  /** The engine's own words: "Up 3 minutes". */
  readonly status: string;
}

export interface OrphanQuestion {
  /** The compose service that the container was made for. */
  readonly service: string;
  /** Compose files that it was made from, absolute. */
  readonly from: readonly string[];
  /** All services in the compose files of its directory by now, those of profiles included. */
  readonly services: { has(service: string): boolean };
  /** These files, absolute. */
  readonly files: readonly string[];
  readonly exists: (path: string) => boolean;
}

/** Whether a container of a service's directory is left over. One that was made from other files belongs to those. */
export function isOrphan({ service, from, services, files, exists }: OrphanQuestion): boolean {
  if (services.has(service)) return false;
  return from.every((file) => files.includes(file) || !exists(file));
}

/** Compose files that a container was made from. */
export const filesOf = ({ Labels: labels }: Pick<ContainerSummary, "Labels">): string[] =>
  (labels?.[LABEL.configFiles] ?? "").split(",").filter(Boolean);

/**
 * Containers that are left in the directories of services. A service whose files cannot be read is given to `skipped`:
 * nothing of it can be told from what is left of it. What a service was put back to is not left over.
 */
export async function findOrphans(
  recipes: readonly ServiceRecipe[],
  options: {
    readonly root: string;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly docker: Docker;
    readonly store: Store;
    readonly skipped: (recipe: ServiceRecipe, error: HomelabError) => void;
  },
): Promise<Orphan[]> {
  const { root, env, docker, store } = options;
  const pins = readPins(store, root);
  const releases = latestReleases(store, root);
  const all = (await docker.list())
    .filter(isLasting)
    .map((summary) => ({ summary, view: containerView(summary) }));
  const orphans: Orphan[] = [];
  for (const recipe of recipes) {
    const own = all.filter(({ view }) => view.dir === recipe.path);
    if (own.length === 0) continue;
    try {
      const { summary, compose } = await readInputs(root, recipe, env);
      const files = compose.map((file) => join(recipe.path, file));
      const pin = pins.get(recipe.name);
      const released = pin ? (releases.get(recipe.name)?.containers ?? []) : [];
      const back = new Set([...released.map(({ id }) => id), ...(pin?.made ?? [])]);
      for (const { summary: container, view } of own) {
        const { id, name, service, created, status } = view;
        const question = {
          service,
          from: filesOf(container),
          services: summary.services,
          files,
          exists: existsSync,
        };
        if (!isOrphan(question) || back.has(id)) continue;
        orphans.push({ id, name, service, recipe: recipe.name, created, status });
      }
    } catch (error) {
      if (!(error instanceof HomelabError)) throw error;
      options.skipped(recipe, error);
    }
  }
  return orphans;
}
