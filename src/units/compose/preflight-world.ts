import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Book, ServiceRecipe } from "../../book/types.ts";
import type { Docker } from "../../docker/client.ts";
import { type ContainerSummary, LABEL } from "../../docker/types.ts";
import { type Listener, listeners } from "../../os/listeners.ts";
import { fstabPoints, mountPoints } from "../../os/mounts.ts";
import type { DiskSpace } from "../../os/space.ts";
import type { ComposeDriverOptions } from "./core.ts";
import type { ServiceView } from "./facts.ts";
import type { Inputs } from "./input-types.ts";
import { containerView, isLasting } from "./observe.ts";
import { filesOf, isOrphan } from "./orphans.ts";
import type { Occupant } from "./preflight-rules.ts";
import { engineSpace } from "./preflight-space.ts";

/** A container as everybody sees it: whose it is depends on who asks. */
export type Anyone = Omit<Occupant, "mine" | "leftover" | "recipe"> & {
  /** It stays, unlike one of `docker compose run`. */
  readonly lasting: boolean;
  /** Compose files that it was made from. */
  readonly from: readonly string[];
};

/** What the engine and the machine say, each asked at most once in a plan, and only when a change needs it. */
export class World {
  private recipes: ReadonlyMap<string, ServiceRecipe> | undefined;
  private all: Promise<Anyone[]> | undefined;
  private named: ReturnType<Docker["places"]> | undefined;
  private room: Promise<DiskSpace | undefined> | undefined;
  private heard: readonly Listener[] | undefined;
  private disks: Disks | undefined;

  private readonly docker: Docker;
  private readonly book: Book;

  constructor({ docker, book }: Pick<ComposeDriverOptions, "docker" | "book">) {
    this.docker = docker;
    this.book = book;
  }

  /** Whether the engine works on this machine: then its paths and ports are the ones that are seen here. */
  get local(): boolean {
    return this.docker.endpoint.unix !== undefined;
  }

  /** All containers as a service sees them. */
  async occupants(view: ServiceView, { summary, compose }: Inputs): Promise<Occupant[]> {
    const own = new Set(view.containers.map(({ id }) => id));
    const files = compose.map((file) => join(view.dir, file));
    const { services } = summary;
    this.recipes ??= new Map(byDirectory(this.book));
    const recipes = this.recipes;
    return (await this.containers()).map(({ lasting, from, ...each }) => {
      const { dir = "", service = "" } = each.compose ?? {};
      const here = dir === view.dir && lasting;
      return {
        ...each,
        recipe: recipes.get(dir),
        mine: own.has(each.id) || (here && view.expected.has(service)),
        leftover: here && isOrphan({ service, from, services, files, exists: existsSync }),
      };
    });
  }

  private containers(): Promise<readonly Anyone[]> {
    this.all ??= this.docker
      .everything()
      .then((summaries) => summaries.filter(({ State }) => State !== "removing").map(anyone));
    return this.all;
  }

  /** Names of all networks and volumes. */
  places(): ReturnType<Docker["places"]> {
    this.named ??= this.docker.places();
    return this.named;
  }

  listeners(): readonly Listener[] {
    this.heard ??= (this.local && listeners()) || [];
    return this.heard;
  }

  /** Mount points that should be there, and those that are. */
  mounts(): Disks {
    this.disks ??= lookAtDisks(this.local);
    return this.disks;
  }

  /** The free space where the engine keeps images and containers. */
  space(): Promise<DiskSpace | undefined> {
    this.room ??= engineSpace(this.docker);
    return this.room;
  }
}

interface Disks {
  readonly points: readonly string[];
  readonly mounted: ReadonlySet<string>;
}

/** Looked at once, however many services there are: the system's list is long, and made anew for each reader. */
function lookAtDisks(local: boolean): Disks {
  const mounted = local ? mountPoints() : undefined;
  return mounted ? { points: fstabPoints(), mounted } : { points: [], mounted: new Set() };
}

const byDirectory = ({ recipes }: Book): [string, ServiceRecipe][] =>
  [...recipes.values()].flatMap((recipe): [string, ServiceRecipe][] =>
    recipe.kind === "service" && recipe.present ? [[recipe.path, recipe]] : [],
  );

function anyone(summary: ContainerSummary): Anyone {
  const { id, name, image, project, service, dir } = containerView(summary);
  const made = summary.Labels?.[LABEL.project] !== undefined;
  return {
    id,
    name,
    image,
    compose: made ? { project, service, dir } : undefined,
    lasting: isLasting(summary),
    from: filesOf(summary),
    hostNetwork: summary.HostConfig?.NetworkMode === "host",
    ports: (summary.Ports ?? []).flatMap(({ IP: ip = "", PublicPort: port, Type: protocol }) =>
      port === undefined ? [] : [{ port, protocol, ip }],
    ),
  };
}
