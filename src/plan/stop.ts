import type { Book, Need, Recipe, RecipeKind } from "../book/types.ts";
import { HomelabError, Problems } from "../errors.ts";
import { closure, type Graph, topologicalOrder } from "../graph/graph.ts";
import type { Driver } from "../units/driver.ts";
import { deriveNeeds } from "./derive.ts";
import type { Plan, Reason, Step } from "./types.ts";

export interface StopRequest {
  readonly book: Book;
  /** Recipe names that were asked for. */
  readonly targets: readonly string[];
  /** Those of them that were named outright, rather than by a group or family. */
  readonly outright: ReadonlySet<string>;
  readonly drivers: ReadonlyMap<RecipeKind, Driver>;
  /** Also what needs the targets and runs. */
  readonly withDependents: boolean;
  /** Kinds whose engine does not answer, and why: of those nothing can be said. */
  readonly away?: ReadonlyMap<RecipeKind, HomelabError> | undefined;
}

export interface StopPlan {
  readonly plan: Plan;
  /** What each step waits for: what needs it. */
  readonly needs: ReadonlyMap<string, readonly Need[]>;
  /** Steps that were not asked for, with what they need of the targets. */
  readonly dependents: readonly { readonly name: string; readonly needs: string }[];
  /** Targets that cannot be stopped, with why. */
  readonly problems: ReadonlyMap<string, HomelabError>;
  /** What may run and need the targets, where nobody can say. */
  readonly warnings: readonly string[];
}

/**
 * Plans to stop the targets and what runs and needs them, the dependents first. Changes nothing. Throws when one that
 * was named outright cannot be stopped, or none of them can.
 */
export async function makeStopPlan(request: StopRequest): Promise<StopPlan> {
  const { targets, drivers, withDependents, away } = request;
  const problems = new Map(request.targets.flatMap((name) => impossible(name, request)));
  refuse(request, problems);
  const every = [...request.book.recipes.values()];
  const observe = (recipes: readonly Recipe[]) =>
    Promise.all(
      [...drivers].map(([kind, driver]) => driver.observe(recipes.filter((recipe) => recipe.kind === kind))),
    );
  await observe(every.filter(({ kind }) => kind === "service"));
  // What shares the network of a target goes down with it, whether or not its recipe says so.
  const book = await bookAsItRuns(request);
  const reversed = dependentsGraph(book);
  const all = withDependents ? closure(reversed, targets) : new Set(targets);
  // Other machines are asked only where it matters: they may be off.
  await observe(every.filter(({ kind, name }) => kind !== "service" && all.has(name)));
  const recipes = topologicalOrder(reversed, all).flatMap((name) => book.recipes.get(name) ?? []);
  const asked = new Set(targets);
  const trouble = ({ kind, name }: Recipe) => away?.get(kind) ?? drivers.get(kind)?.trouble?.(name);
  const silent = recipes.flatMap((recipe) => {
    const problem = trouble(recipe);
    return problem ? [{ name: recipe.name, problem, recipe }] : [];
  });
  for (const { name, problem } of silent) if (asked.has(name)) problems.set(name, problem);
  refuse(request, problems);
  const isUp = ({ kind, name }: Recipe) => drivers.get(kind)?.isUp(name) ?? false;
  const chosen = recipes.filter((recipe) => asked.has(recipe.name) || isUp(recipe));
  // What stays up whatever happens keeps nothing else up.
  const names = new Set(chosen.map((recipe) => recipe.name).filter((name) => !problems.has(name)));
  const needs = new Map(
    chosen.map(({ name }) => [
      name,
      (reversed.get(name)?.needs ?? []).filter((need) => names.has(need.name)),
    ]),
  );
  const steps = chosen.map((recipe): Step => {
    const { name: id, kind } = recipe;
    const problem = problems.get(id);
    if (problem) return blocked(recipe, problem);
    const up = isUp(recipe);
    return {
      id,
      kind,
      action: up ? "stop" : "none",
      reason: asked.has(id) ? (up ? ASKED : DOWN) : needed(recipe, names),
      effect: up ? "write" : "read",
      needs: (needs.get(id) ?? []).map((need) => need.name),
    };
  });
  const dependents = chosen
    .filter(({ name }) => !asked.has(name))
    .map((recipe) => ({ name: recipe.name, needs: firstNeed(recipe, names) }));
  const warnings = silent
    .filter(({ name }) => !asked.has(name))
    .map(
      ({ name, problem, recipe }) =>
        `\`${name}\` needs ${firstNeed(recipe, new Set(all))}, and whether it runs cannot be said: ${problem.message}`,
    );
  return { plan: { root: book.root, targets: [...targets], steps }, needs, dependents, problems, warnings };
}

/** Throws when a target that was named outright cannot be stopped, or none of them can. */
function refuse({ outright, targets }: StopRequest, problems: ReadonlyMap<string, HomelabError>): void {
  const refused = [...problems].filter(([name]) => outright.has(name) || problems.size === targets.length);
  if (refused.length > 0) throw new Problems(refused.map(([, problem]) => problem));
}

/** Why a target is nothing that could be stopped. */
function impossible(name: string, { book, drivers }: StopRequest): [string, HomelabError][] {
  const kind = book.recipes.get(name)?.kind;
  if (kind === undefined || drivers.has(kind)) return [];
  const hint = "name services, units, MicroVMs or groups of them";
  const problem =
    kind === "task"
      ? new HomelabError("usage", `\`${name}\` is a task, which ends by itself`, { hint })
      : new HomelabError("unsupported", `\`${name}\` is a ${kind}, which this version cannot stop`, { hint });
  return [[name, problem]];
}

const blocked = ({ name: id, kind }: Recipe, { code, message }: HomelabError): Step => ({
  id,
  kind,
  action: "blocked",
  reason: { code, text: message },
  effect: "read",
  needs: [],
});

async function bookAsItRuns({ book, drivers }: StopRequest): Promise<Book> {
  const options = { book, drivers, withNeeds: false, parse: false };
  return (await deriveNeeds(options, new Set(book.recipes.keys()))).book;
}

const ASKED: Reason = { code: "asked", text: "asked for with `stop`" };
const DOWN: Reason = { code: "down", text: "it is not up" };

const firstNeed = ({ needs }: Recipe, names: ReadonlySet<string>): string =>
  needs.find((need) => names.has(need.name))?.name ?? "";

const needed = (recipe: Recipe, names: ReadonlySet<string>): Reason => ({
  code: "need-stopped",
  text: `needs ${firstNeed(recipe, names)}, which is stopped`,
});

/** The targets, and all that is written to need them. */
export const withDependentsOf = (book: Book, targets: readonly string[]): Set<string> =>
  closure(dependentsGraph(book), targets);

/** The graph the other way round: what is needed points to what needs it. */
function dependentsGraph({ recipes }: Book): Graph {
  const dependents = new Map<string, Need[]>([...recipes.keys()].map((name) => [name, []]));
  for (const { name, needs } of recipes.values()) {
    for (const need of needs) dependents.get(need.name)?.push({ name, when: "completed" });
  }
  return new Map([...dependents].map(([name, needs]) => [name, { name, needs, after: [] }]));
}
