import { missingDirectory } from "../book/missing.ts";
import type { Book, Recipe, RecipeKind } from "../book/types.ts";
import { closure } from "../graph/graph.ts";
import { deriveNeeds } from "../plan/derive.ts";
import { heldDetail } from "../plan/held.ts";
import type { HoldBook } from "../store/held.ts";
import type { ServiceView } from "../units/compose/facts.ts";
import { type Status, statusOf } from "../units/compose/state.ts";
import type { Seen } from "../units/status.ts";
import type { Context } from "./context.ts";
import type { Engine } from "./engine.ts";

/** One recipe as it is now. */
export interface Inspected extends Status {
  readonly id: string;
  readonly kind: RecipeKind;
  /** Undefined when the service cannot be looked at as it stands. */
  readonly view?: ServiceView | undefined;
}

/**
 * Looks at recipes and tries their probes, in the given order, without what they need. Left out is what nothing is known
 * of: hosts and tasks.
 */
export async function inspect(
  written: Book,
  engine: Engine,
  names: readonly string[],
  holds: HoldBook,
  env: Context["env"],
): Promise<Map<string, Inspected>> {
  const asked = new Set(names);
  const book = await withLenders(written, engine, names);
  const isDown = await observeOthers(book, engine, asked, holds);
  const recipes = names.flatMap((name) => book.recipes.get(name) ?? []);
  const looking: Looking = { book, engine, env, held: (recipe) => heldDetail(recipe, book, holds, isDown) };
  const found = new Map([
    ...(await inspectServices(looking, recipes)),
    ...(await inspectOthers(looking, recipes)),
  ]);
  return new Map(names.flatMap((name) => (found.has(name) ? [[name, found.get(name) as Inspected]] : [])));
}

/** Says which command looks at the hosts among targets, as nothing is known of them here. */
export function referHosts({ messages }: Context, book: Book, names: readonly string[]): void {
  const hosts = names.filter((name) => book.recipes.get(name)?.kind === "host");
  if (hosts.length === 0) return;
  messages.info(`hosts have a status of their own: \`homelab host status ${hosts.join(" ")}\``);
}

/** What a look goes by once everything is observed. */
interface Looking {
  readonly book: Book;
  readonly engine: Engine;
  readonly env: Context["env"];
  /** Why a recipe that is down is held, if it is. */
  readonly held: (recipe: Recipe) => string | undefined;
}

/** Looks at the containers. What shares the network of a held service is down along with it. */
async function withLenders(
  book: Book,
  { compose, drivers }: Engine,
  names: readonly string[],
): Promise<Book> {
  if (!compose) return book;
  const services = names.filter((name) => book.recipes.get(name)?.kind === "service");
  await compose.observe(services.flatMap((name) => book.recipes.get(name) ?? []));
  return (await deriveNeeds({ book, drivers, withNeeds: true, parse: true }, new Set(services))).book;
}

/**
 * Looks at what systemd runs: what was asked for, and where something is held, what that needs. Gives what then tells
 * whether a recipe is known to be down.
 */
async function observeOthers(
  { recipes }: Book,
  { drivers }: Engine,
  asked: ReadonlySet<string>,
  holds: HoldBook,
): Promise<(name: string) => boolean> {
  const all = closure(recipes, [...asked]);
  const names = [...all].some((name) => holds.get(name)) ? all : asked;
  const wanted = [...names].flatMap((name) => recipes.get(name) ?? []);
  const others = [...drivers].filter(([kind]) => kind !== "service");
  await Promise.all(
    others.map(async ([kind, driver]) => {
      const own = wanted.filter((recipe) => recipe.kind === kind);
      if (own.length > 0) await driver.observe(own);
    }),
  );
  return (name) => {
    const driver = drivers.get(recipes.get(name)?.kind ?? "task");
    // What could not be asked may well be up.
    return driver?.trouble?.(name) === undefined && driver?.isUp(name) !== true;
  };
}

async function inspectOthers(
  { engine: { drivers }, held }: Looking,
  recipes: readonly Recipe[],
): Promise<[string, Inspected][]> {
  const each = [...drivers].map(([kind, driver]) => {
    const own = driver.status ? recipes.filter((recipe) => recipe.kind === kind) : [];
    return Promise.all(
      own.map(async (recipe): Promise<[string, Inspected]> => {
        const { name: id } = recipe;
        const seen = (await driver.status?.(id)) as Seen;
        const detail = seen.state === "stopped" ? held(recipe) : undefined;
        return [id, { id, kind, ...seen, ...(detail && { state: "held", detail }) }];
      }),
    );
  });
  return (await Promise.all(each)).flat();
}

async function inspectServices(
  { book, engine: { compose, docker }, env, held }: Looking,
  all: readonly Recipe[],
): Promise<Map<string, Inspected>> {
  const result = new Map<string, Inspected>();
  if (!compose || !docker) return result;
  const recipes = all.filter((recipe) => recipe.kind === "service");
  const each = recipes.map(async (recipe): Promise<Inspected> => {
    const { name: id, kind } = recipe;
    const problem = recipe.present
      ? (await compose.decide(id, { force: false })).problem
      : await missingDirectory(book, recipe);
    if (problem) {
      const state = problem.code === "missing-directory" ? "missing" : "failed";
      return { id, kind, state, detail: problem.message, problem };
    }
    const view = compose.viewOf(id);
    if (!view) throw new Error(`${id} was decided without a view`);
    const status = await statusOf(view, docker, compose.seen(), { env, cwd: book.root });
    const down = status.state === "stopped" || status.state === "missing";
    const detail = down ? held(recipe) : undefined;
    return { id, kind, view, ...status, ...(detail && { state: "held", detail }) };
  });
  for (const inspected of await Promise.all(each)) result.set(inspected.id, inspected);
  return result;
}
