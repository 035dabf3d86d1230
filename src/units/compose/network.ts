import type { ServiceRecipe } from "../../book/types.ts";
import type { Docker } from "../../docker/client.ts";
import { isNotFound } from "../../docker/trouble.ts";
import { type ContainerView, isUp } from "./observe.ts";
import type { Uptime } from "./uptime.ts";

/** Start times that are read off whole seconds may look this much apart. */
const SLACK_SECONDS = 2;

/** A container by the engine's own times; what is gone has none. */
export interface Life {
  readonly name: string;
  /** As in `ContainerView`. */
  readonly state: string;
  /** Epoch milliseconds by the engine's clock; undefined when it is not running. */
  readonly startedAt?: number | undefined;
}

/** Lives that had to be asked for, by container id; undefined for a container that is gone. */
export type Lives = ReadonlyMap<string, Life | undefined>;

export interface LenderQuestion {
  readonly containers: readonly ContainerView[];
  /** All of compose's containers by id. */
  readonly all: ReadonlyMap<string, ContainerView>;
  readonly lives: Lives;
  /** Ids of containers that this run is going to start, or to replace. */
  readonly touched: { has(id: string): boolean };
}

/** A container that has lost the network that it shares with another one. */
export interface Lost {
  readonly container: ContainerView;
  readonly why: string;
}

/**
 * Containers that have lost the network that they share with another one. The engine goes on calling them up: they
 * keep the namespace of the life in which they joined, and there is nothing in it any more. One that is down and
 * whose lender is gone is among them, because it can never be started again.
 */
export function lostNetworks(question: LenderQuestion): Lost[] {
  const lost = new Map<string, Lost>();
  const touched = { has: (id: string) => question.touched.has(id) || lost.has(id) };
  for (let before = -1; before !== lost.size; ) {
    before = lost.size;
    for (const container of question.containers) {
      const why = lost.has(container.id) ? undefined : lostNetwork(container, { ...question, touched });
      if (why !== undefined) lost.set(container.id, { container, why });
    }
  }
  return [...lost.values()];
}

function lostNetwork(
  { id, name, state, networkOf, uptime }: ContainerView,
  { all, lives, touched }: LenderQuestion,
): string | undefined {
  if (networkOf === undefined) return undefined;
  const life = lives.get(networkOf);
  const lender = all.get(networkOf) ?? life;
  if (!lender) {
    // Compose's listing has it not, and the engine neither: it was removed, or made anew under another id.
    return lives.has(networkOf)
      ? `the container whose network ${name} shares was removed or made anew since`
      : undefined;
  }
  if (state !== "running") return undefined;
  const whose = `${name} shares the network of ${lender.name}`;
  if (touched.has(networkOf)) return `${whose}, which is changed first`;
  if (lender.state !== "running") return `${whose}, which is ${lender.state}`;
  const own = lives.get(id)?.startedAt;
  const restarted =
    own !== undefined && life?.startedAt !== undefined
      ? life.startedAt > own
      : certainlyLater(all.get(networkOf)?.uptime, uptime);
  return restarted ? `${whose}, which was restarted since` : undefined;
}

const certainlyLater = (lender: Uptime | undefined, own: Uptime | undefined): boolean =>
  lender !== undefined && own !== undefined && lender.max + SLACK_SECONDS < own.min;

/**
 * Asks the engine for what its listing leaves open: lenders that compose did not make or that are gone, and pairs
 * whose uptimes, in the listing's rounded words, do not tell which of the two is older.
 */
export async function livesOf(
  docker: Docker,
  containers: readonly ContainerView[],
  all: ReadonlyMap<string, ContainerView>,
): Promise<Lives> {
  const unknown = new Set<string>();
  for (const { id, state, networkOf, uptime } of containers) {
    if (networkOf === undefined) continue;
    const lender = all.get(networkOf);
    if (!lender) unknown.add(networkOf);
    if (state !== "running" || (lender && lender.state !== "running")) continue;
    if (lender?.uptime && uptime && isClear(lender.uptime, uptime)) continue;
    unknown.add(networkOf).add(id);
  }
  const asked = [...unknown].map(async (id) => [id, await lifeOf(docker, id)] as const);
  return new Map(await Promise.all(asked));
}

const isClear = (lender: Uptime, own: Uptime): boolean =>
  certainlyLater(lender, own) || own.max + SLACK_SECONDS < lender.min;

async function lifeOf(docker: Docker, id: string): Promise<Life | undefined> {
  try {
    const { Name, State } = await docker.inspect(id);
    const running = State.Status === "running";
    return {
      name: Name.replace(/^\//, ""),
      state: State.Status,
      startedAt: running ? Date.parse(State.StartedAt) : undefined,
    };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * The same as `lostNetworks`, certain and by the engine's own times, at the moment at which something is done about
 * it: the lender may have come out of its own step as it was. `gone`: the lender is another container now, so that
 * theirs has to be made anew, too.
 */
export async function lostNow(
  docker: Docker,
  containers: readonly ContainerView[],
): Promise<{ container: ContainerView; gone: boolean }[]> {
  const lost = new Map<string, { container: ContainerView; gone: boolean }>();
  for (let before = -1; before !== lost.size; ) {
    before = lost.size;
    for (const container of containers) {
      const { id, networkOf } = container;
      if (networkOf === undefined || lost.has(id)) continue;
      const [own, lender] = await Promise.all([lifeOf(docker, id), lifeOf(docker, networkOf)]);
      const behind = lost.get(networkOf);
      const later = (lender?.startedAt ?? Number.POSITIVE_INFINITY) > (own?.startedAt ?? 0);
      const gone = !lender || behind?.gone === true;
      if (gone || behind || (own?.startedAt !== undefined && later)) lost.set(id, { container, gone });
    }
  }
  return [...lost.values()];
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
