import type { ServiceRecipe } from "../../book/types.ts";
import { type Docker, isNotFound } from "../../docker/client.ts";
import { type ContainerView, isUp } from "./observe.ts";

/** Start times that are read off whole seconds may look this much apart. */
const SLACK_SECONDS = 2;

export interface LenderQuestion {
  readonly containers: readonly ContainerView[];
  /** All of compose's containers by id. */
  readonly all: ReadonlyMap<string, ContainerView>;
  /** Ids of containers that this run is going to start, or to replace. */
  readonly touched: { has(id: string): boolean };
}

/**
 * Why containers have lost the network that they share with another one, if they have. The engine goes on calling
 * them up: they keep the namespace of the life in which they joined, and there is nothing in it any more.
 */
export function lostNetwork({ containers, all, touched }: LenderQuestion): string | undefined {
  for (const { name, state, networkOf, uptime } of containers) {
    if (networkOf === undefined || state !== "running") continue;
    const lender = all.get(networkOf);
    // One that compose did not make is not in the listing; nothing is known of it.
    if (!lender) continue;
    const whose = `${name} shares the network of ${lender.name}`;
    if (touched.has(networkOf)) return `${whose}, which is changed first`;
    if (lender.state !== "running") return `${whose}, which is ${lender.state}`;
    if (uptime && lender.uptime && lender.uptime.max + SLACK_SECONDS < uptime.min) {
      return `${whose}, which was restarted since`;
    }
  }
  return undefined;
}

/**
 * The same, certain and by the engine's own times, at the moment at which something would be done about it: the
 * lender may have come out of its own step as it was.
 */
export async function hasLostNetwork(docker: Docker, containers: readonly ContainerView[]): Promise<boolean> {
  for (const { id, networkOf } of containers) {
    if (networkOf === undefined) continue;
    const [own, lender] = await Promise.all([started(docker, id), started(docker, networkOf)]);
    if (own !== undefined && (lender === undefined || lender > own)) return true;
  }
  return false;
}

/** When a container was started, in epoch milliseconds; undefined when it is not running. */
async function started(docker: Docker, id: string): Promise<number | undefined> {
  try {
    const { State } = await docker.inspect(id);
    return State.Status === "running" ? Date.parse(State.StartedAt) : undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Services of which a container shares the network of a touched one (its id, with the recipe that it belongs to), each
 * with that recipe.
 */
export function breaks(
  recipes: readonly ServiceRecipe[],
  containersOf: (recipe: ServiceRecipe) => readonly ContainerView[],
  touched: ReadonlyMap<string, string>,
): { recipe: ServiceRecipe; of: string }[] {
  return recipes.flatMap((recipe) => {
    const lenders = containersOf(recipe)
      .filter(isUp)
      .map((container) => touched.get(container.networkOf ?? ""));
    const of = lenders.find((lender) => lender !== undefined);
    return of === undefined ? [] : [{ recipe, of }];
  });
}
