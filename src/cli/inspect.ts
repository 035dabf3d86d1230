import { missingDirectory } from "../book/missing.ts";
import type { Book, Recipe, RecipeKind } from "../book/types.ts";
import { deriveNeeds } from "../plan/derive.ts";
import { sinceHold } from "../plan/held.ts";
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
  const recipes = names.flatMap((name) => written.recipes.get(name) ?? []);
  const found = new Map([
    ...(await inspectServices(written, engine, recipes, holds, env)),
    ...(await inspectOthers(written, engine, recipes, holds)),
  ]);
  return new Map(names.flatMap((name) => (found.has(name) ? [[name, found.get(name) as Inspected]] : [])));
}

/** Says which command looks at the hosts among targets, as nothing is known of them here. */
export function referHosts({ messages }: Context, book: Book, names: readonly string[]): void {
  const hosts = names.filter((name) => book.recipes.get(name)?.kind === "host");
  if (hosts.length === 0) return;
  messages.info(`hosts have a status of their own: \`homelab host status ${hosts.join(" ")}\``);
}

/** Looks at what systemd runs. */
async function inspectOthers(
  book: Book,
  { drivers }: Engine,
  recipes: readonly Recipe[],
  holds: HoldBook,
): Promise<[string, Inspected][]> {
  const isUp = (name: string) => drivers.get(book.recipes.get(name)?.kind ?? "task")?.isUp(name) === true;
  const each = [...drivers].map(async ([kind, driver]) => {
    const own = driver.status ? recipes.filter((recipe) => recipe.kind === kind) : [];
    if (own.length > 0) await driver.observe(own);
    return Promise.all(
      own.map(async (recipe): Promise<[string, Inspected]> => {
        const { name: id } = recipe;
        const seen = (await driver.status?.(id)) as Seen;
        const detail = seen.state === "stopped" ? heldDetail(recipe, book, holds, isUp) : undefined;
        return [id, { id, kind, ...seen, ...(detail && { state: "held", detail }) }];
      }),
    );
  });
  return (await Promise.all(each)).flat();
}

async function inspectServices(
  written: Book,
  { compose, docker, drivers }: Engine,
  all: readonly Recipe[],
  holds: HoldBook,
  env: Context["env"],
): Promise<Map<string, Inspected>> {
  const services = all.filter((recipe) => recipe.kind === "service");
  const names = services.map(({ name }) => name);
  const result = new Map<string, Inspected>();
  if (!compose || !docker) return result;
  await compose.observe(services);
  // What shares the network of a held service is down along with it.
  const { book } = await deriveNeeds(
    { book: written, drivers, withNeeds: true, parse: true },
    new Set(names),
  );
  const recipes = names.map((name) => book.recipes.get(name)).filter((recipe) => recipe?.kind === "service");
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
    const detail = down ? heldDetail(recipe, book, holds, (name) => compose.isUp(name)) : undefined;
    return { id, kind, view, ...status, ...(detail && { state: "held", detail }) };
  });
  for (const inspected of await Promise.all(each)) result.set(inspected.id, inspected);
  return result;
}

/** Why a recipe that is down is held: it was stopped on purpose, or something that it needs was. */
function heldDetail(
  { name, needs }: Recipe,
  book: Book,
  holds: HoldBook,
  isUp: (name: string) => boolean,
): string | undefined {
  const hold = holds.get(name);
  if (hold) return `stopped on purpose ${sinceHold(hold)}`;
  for (const need of needs) {
    const recipe = book.recipes.get(need.name);
    if (recipe && !isUp(need.name) && heldDetail(recipe, book, holds, isUp))
      return `needs ${need.name}, which is held`;
  }
  return undefined;
}
