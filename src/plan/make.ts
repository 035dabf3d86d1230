import { missingDirectory, neederOf } from "../book/missing.ts";
import type { Book, Recipe, RecipeKind } from "../book/types.ts";
import { HomelabError, Problems } from "../errors.ts";
import { closure, softEdges, topologicalOrder } from "../graph/graph.ts";
import type { Decided, Driver } from "../units/driver.ts";
import type { Plan, Step } from "./types.ts";

export interface PlanRequest {
  readonly book: Book;
  /** Recipe names that were asked for. */
  readonly targets: readonly string[];
  readonly drivers: ReadonlyMap<RecipeKind, Driver>;
  /** Make the targets anew even when they are ready. */
  readonly force: boolean;
  /** Take in what the targets need. */
  readonly withNeeds: boolean;
}

export interface PlanResult {
  readonly plan: Plan;
  readonly decided: ReadonlyMap<string, Decided>;
}

/**
 * Observes what the targets need and decides each step; changes nothing. A recipe that is impossible as it
 * stands blocks what needs it. When it blocks every target, nothing is worth doing: then its problem is thrown.
 */
export async function makePlan(request: PlanRequest): Promise<PlanResult> {
  const { book, targets, drivers } = request;
  const names = request.withNeeds ? closure(book.recipes, targets) : new Set(targets);
  const order = topologicalOrder(book.recipes, names);
  const recipes = order.map((name) => book.recipes.get(name)).filter((recipe) => recipe !== undefined);
  await observeAll(recipes, drivers);
  const forced = new Set(request.force ? targets : []);
  const decided = new Map<string, Decided>();
  for (const recipe of recipes) {
    const own = await decideOne(recipe, request, forced.has(recipe.name));
    decided.set(recipe.name, own.problem ? own : (blockedBy(recipe, decided) ?? own));
  }
  refuseHopeless(targets, decided);
  const soft = softEdges(book.recipes, names);
  const steps = recipes.map((recipe): Step => {
    const { action, reason, effect } = decided.get(recipe.name) as Decided;
    const needs = recipe.needs.map((need) => need.name).filter((name) => names.has(name));
    return {
      id: recipe.name,
      kind: recipe.kind,
      action,
      reason,
      effect,
      needs: [...new Set([...needs, ...(soft.get(recipe.name) ?? [])])],
    };
  });
  return { plan: { root: book.root, targets: [...targets], steps }, decided };
}

async function observeAll(recipes: readonly Recipe[], drivers: PlanRequest["drivers"]): Promise<void> {
  const kinds = new Set(recipes.map((recipe) => recipe.kind));
  await Promise.all(
    [...kinds].map((kind) => drivers.get(kind)?.observe(recipes.filter((recipe) => recipe.kind === kind))),
  );
}

async function decideOne(recipe: Recipe, { book, drivers }: PlanRequest, force: boolean): Promise<Decided> {
  if (recipe.kind === "service" && !recipe.present) {
    return impossible(await missingDirectory(book, recipe, neederOf(book, recipe.name)));
  }
  const driver = drivers.get(recipe.kind);
  if (driver) return driver.decide(recipe.name, { force });
  return impossible(
    new HomelabError("unsupported", `\`${recipe.name}\` is a ${recipe.kind}, which this version cannot run`, {
      hint: "name services, families or groups of services",
    }),
  );
}

function impossible(problem: HomelabError): Decided {
  const reason = { code: problem.code, text: problem.message };
  return { action: "blocked", reason, effect: "read", settled: false, problem };
}

function blockedBy(recipe: Recipe, decided: ReadonlyMap<string, Decided>): Decided | undefined {
  const need = recipe.needs.find(({ name }) => decided.get(name)?.action === "blocked");
  if (!need) return undefined;
  const reason = { code: "need-blocked", text: `needs ${need.name}, which is blocked` };
  return { action: "blocked", reason, effect: "read", settled: false };
}

function refuseHopeless(targets: readonly string[], decided: ReadonlyMap<string, Decided>): void {
  if (targets.length === 0 || !targets.every((name) => decided.get(name)?.action === "blocked")) return;
  const problems = [...decided.values()]
    .map((each) => each.problem)
    .filter((problem) => problem !== undefined);
  if (problems.length > 0) throw new Problems(problems);
}
