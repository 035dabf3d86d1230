import { realpathSync } from "node:fs";
import type { Docker } from "../../docker/client.ts";
import { type ContainerSummary, LABEL } from "../../docker/types.ts";
import { parseUptime, type Uptime } from "./uptime.ts";

export type Health = "none" | "starting" | "healthy" | "unhealthy";

/** One container of a compose project, as the listing tells. */
export interface ContainerView {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  readonly project: string;
  /** The project's directory, links resolved where it still exists. */
  readonly dir: string;
  readonly image: string;
  readonly imageId: string;
  /** created | running | paused | restarting | removing | exited | dead */
  readonly state: string;
  readonly health: Health;
  readonly exitCode?: number | undefined;
  readonly uptime?: Uptime | undefined;
  /** Id of the container whose network it shares (`network_mode: container:…`), fixed when it was made. */
  readonly networkOf?: string | undefined;
  /** The engine's own words: "Up 3 minutes (healthy)". */
  readonly status: string;
  /** Epoch seconds. */
  readonly created: number;
  /** What compose made of its service when it made the container; empty when that is not known. */
  readonly configHash: string;
}

/** What the engine says is there, at one moment. */
export interface Observation {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly containers: readonly ContainerView[];
  readonly byId: ReadonlyMap<string, ContainerView>;
  readonly byDir: ReadonlyMap<string, readonly ContainerView[]>;
  readonly byProject: ReadonlyMap<string, readonly ContainerView[]>;
  /** Local images: id by tag. */
  readonly images: ReadonlyMap<string, string>;
}

/** Looks at all of compose's containers in one go: two requests, however many services there are. */
export async function observe(docker: Docker): Promise<Observation> {
  const [summaries, images] = await Promise.all([docker.list(), docker.images()]);
  const resolve = directoryResolver();
  const containers = summaries.filter(isLasting).map((summary) => containerView(summary, resolve));
  return {
    at: Date.now(),
    containers,
    byId: new Map(containers.map((container) => [container.id, container])),
    byDir: groupBy(containers, (container) => container.dir),
    byProject: groupBy(containers, (container) => container.project),
    images,
  };
}

/** Whether a container has a process. */
export const isUp = ({ state }: ContainerView): boolean =>
  state === "running" || state === "restarting" || state === "paused";

/** Whether a container is in a state from which compose cannot start it. */
export const isStuck = ({ state }: ContainerView): boolean =>
  state === "paused" || state === "removing" || state === "dead";

/** Containers of `docker compose run` come and go and belong to no service's state. */
export const isLasting = (summary: ContainerSummary): boolean => summary.Labels?.[LABEL.oneoff] !== "True";

export function containerView(summary: ContainerSummary, resolve = directoryResolver()): ContainerView {
  const labels = summary.Labels ?? {};
  const exit = /^(?:Exited|Restarting) \((\d+)\)/.exec(summary.Status)?.[1];
  return {
    id: summary.Id,
    name: summary.Names[0]?.replace(/^\//, "") ?? summary.Id.slice(0, 12),
    service: labels[LABEL.service] ?? "",
    project: labels[LABEL.project] ?? "",
    dir: resolve(labels[LABEL.workingDir] ?? ""),
    image: summary.Image,
    imageId: summary.ImageID,
    state: summary.State,
    health: healthOf(summary.Status),
    exitCode: exit === undefined ? undefined : Number(exit),
    uptime: parseUptime(summary.Status),
    networkOf: /^container:(\w+)$/.exec(summary.HostConfig?.NetworkMode ?? "")?.[1],
    status: summary.Status,
    created: summary.Created,
    configHash: labels[LABEL.configHash] ?? "",
  };
}

function healthOf(status: string): Health {
  const word = /\((healthy|unhealthy|health: starting)\)$/.exec(status)?.[1];
  return word === undefined ? "none" : word === "health: starting" ? "starting" : (word as Health);
}

function directoryResolver(): (dir: string) => string {
  const known = new Map<string, string>();
  return (dir) => {
    const cached = known.get(dir);
    if (cached !== undefined) return cached;
    let resolved = dir;
    try {
      resolved = realpathSync(dir);
    } catch {
      // The directory has gone; its containers keep the old name.
    }
    known.set(dir, resolved);
    return resolved;
  };
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}
