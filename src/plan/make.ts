import { missingDirectory, neederOf } from "../book/missing.ts";
import type { Book, Recipe, RecipeKind } from "../book/types.ts";
import { HomelabError, Problems } from "../errors.ts";
import { closure, softEdges, topologicalOrder } from "../graph/graph.ts";
import type { Decided, Driver } from "../units/driver.ts";
import { deriveNeeds } from "./derive.ts";
import { type Holds, heldByNeed, ownHold } from "./held.ts";
import type { Plan, Step } from "./types.ts";

export interface PlanRequest {
  readonly book: Book;
  /** Recipe names that were asked for. */
  readonly targets: readonly string[];
  /** Those of them that were named outright, rather than by a group or family. */
  readonly outright: ReadonlySet<string>;
  readonly drivers: ReadonlyMap<RecipeKind, Driver>;
  /** Make the targets anew even when they are ready. */
  readonly force: boolean;
  /** Stop the targets and start them again even when they are ready. */
  readonly restart?: boolean | undefined;
  /** Those of them that were made anew or restarted by an earlier round of this run. */
  readonly done?: ReadonlySet<string> | undefined;
  /**
   * What this run had in hand already: it is in the plan again, whatever became of it. As something was begun, what is
   * impossible by now is a blocked step, and nothing is thrown for it.
   */
  readonly taken?: ReadonlySet<string> | undefined;
  /** Take in what the targets need. */
  readonly withNeeds: boolean;
  readonly holds: Holds;
}

export interface PlanResult {
  readonly plan: Plan;
  /** The recipes with all that they need, also what no recipe says. */
  readonly book: Book;
  /** What contradicts itself, a line each. */
  readonly warnings: readonly string[];
  readonly decided: ReadonlyMap<string, Decided>;
}

/**
 * Observes what the targets need and decides each step; changes nothing. What a change would break outside of that
 * comes into the plan as well. A recipe that is impossible as it stands blocks what needs it. When it blocks every
 * target, nothing is worth beginning: then its problem is thrown.
 */
export async function makePlan(asked: PlanRequest): Promise<PlanResult> {
  const { targets, drivers, withNeeds, taken = new Set() } = asked;
  const wanted = withNeeds ? closure(asked.book.recipes, targets) : new Set(targets);
  const first = new Set([...wanted, ...taken]);
  const alone = new Set([...taken].filter((name) => !wanted.has(name)));
  const decided = new Map<string, Decided>();
  await observeAll(recipesOf(asked.book, first), drivers);
  const { book, names, warnings } = await deriveNeeds({ ...asked, parse: true, alone }, first);
  const request = { ...asked, book };
  await decideAll(request, names, decided);
  if (taken.size === 0) refuseHopeless(targets, decided);
  const behind = await takeInFallout(request, names, decided);
  const ordered = withOrder(book, behind, decided);
  const soft = softEdges(ordered.recipes, names);
  const steps = recipesOf(ordered, names).map((recipe): Step => {
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
  return { plan: { root: book.root, targets: [...targets], steps }, book, warnings, decided };
}

/** The recipes of these names, each after what it needs. */
function recipesOf({ recipes }: Book, names: ReadonlySet<string>): Recipe[] {
  return topologicalOrder(recipes, names)
    .map((name) => recipes.get(name))
    .filter((recipe) => recipe !== undefined);
}

async function observeAll(recipes: readonly Recipe[], drivers: PlanRequest["drivers"]): Promise<void> {
  const kinds = new Set(recipes.map((recipe) => recipe.kind));
  await Promise.all(
    [...kinds].map((kind) => drivers.get(kind)?.observe(recipes.filter((recipe) => recipe.kind === kind))),
  );
}

/** Decides those of `names` that are not decided yet, each after what it needs. */
async function decideAll(
  request: PlanRequest,
  names: ReadonlySet<string>,
  decided: Map<string, Decided>,
): Promise<void> {
  const { drivers, holds } = request;
  const targets = new Set(request.targets.filter((name) => !request.done?.has(name)));
  for (const recipe of recipesOf(request.book, names)) {
    const { name, kind } = recipe;
    if (decided.has(name)) continue;
    const outright = request.outright.has(name);
    const hold = holds.get(name);
    const held = hold && ownHold(hold, { isUp: drivers.get(kind)?.isUp(name) ?? false, outright });
    const own = held ?? (await decideOne(recipe, request, targets.has(name)));
    const late = own.settled ? undefined : heldByNeed(recipe, outright, decided, holds);
    decided.set(name, late ?? (own.problem ? own : (blockedBy(recipe, decided) ?? own)));
  }
}

/**
 * Takes into the plan what its changes would break: a container that shares the network of one that is made anew.
 * Returns what each of them comes after.
 */
async function takeInFallout(
  request: PlanRequest,
  names: Set<string>,
  decided: Map<string, Decided>,
): Promise<Map<string, string[]>> {
  const { drivers } = request;
  const behind = new Map<string, string[]>();
  for (let found = true; found; ) {
    found = false;
    for (const driver of drivers.values()) {
      for (const { name, of } of driver.fallout(names)) {
        behind.set(name, [of]);
        names.add(name);
        found = true;
      }
    }
    if (found) await decideAll({ ...request, force: false, restart: false }, names, decided);
  }
  return behind;
}

/** The book in which those that were found to have to come after others do. */
function withOrder(
  book: Book,
  behind: ReadonlyMap<string, readonly string[]>,
  decided: ReadonlyMap<string, Decided>,
): Book {
  const later = new Map<string, readonly string[]>(behind);
  for (const [name, { after = [] }] of decided) {
    if (after.length > 0) later.set(name, [...(later.get(name) ?? []), ...after]);
  }
  if (later.size === 0) return book;
  const recipes = new Map(book.recipes);
  for (const [name, earlier] of later) {
    const recipe = recipes.get(name);
    if (recipe) recipes.set(name, { ...recipe, after: [...recipe.after, ...earlier] });
  }
  return { ...book, recipes };
}

async function decideOne(recipe: Recipe, request: PlanRequest, isTarget: boolean): Promise<Decided> {
  const { book, drivers, force, restart } = request;
  if (recipe.kind === "service" && !recipe.present) {
    return impossible(await missingDirectory(book, recipe, neederOf(book, recipe.name)));
  }
  const driver = drivers.get(recipe.kind);
  const asked = { force: isTarget && force, restart: isTarget && restart, preflight: true };
  if (driver) return driver.decide(recipe.name, asked);
  if (recipe.kind === "task") {
    const hint = `call it: \`homelab ${recipe.name}\``;
    return impossible(
      new HomelabError("usage", `\`${recipe.name}\` is a task, which only runs when it is called`, { hint }),
    );
  }
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
