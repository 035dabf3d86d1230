import { type Fault, invalid } from "./fault.ts";
import { nearest } from "./nearest.ts";
import type { Group, Need, Recipe, RecipeKind } from "./types.ts";

export interface Linked {
  readonly groups: Map<string, Group>;
  readonly faults: readonly Fault[];
}

/** Kinds that other recipes may need, and those that a group may have. */
const NEEDED: readonly RecipeKind[] = ["service", "unit", "microvm", "host"];
const MEMBERS: readonly RecipeKind[] = ["service", "unit", "microvm"];

interface Names {
  readonly recipes: ReadonlyMap<string, Recipe>;
  readonly groups: ReadonlyMap<string, Group>;
  readonly families: ReadonlyMap<string, readonly string[]>;
  /** Names whose own problems were reported already. */
  readonly broken: ReadonlySet<string>;
}

/** Checks that every name in a recipe or group leads to something, and replaces families in groups by their services. */
export function link(
  recipes: ReadonlyMap<string, Recipe>,
  groups: ReadonlyMap<string, Group>,
  broken: ReadonlySet<string>,
): Linked {
  const families = familiesOf(recipes);
  const names: Names = { recipes, groups, families, broken };
  const faults: Fault[] = [];
  for (const recipe of recipes.values()) {
    for (const [index, need] of recipe.needs.entries()) {
      const fault = needFault(names, recipe, need, index);
      if (fault) faults.push(fault);
    }
    const own = [beforeFault(names, recipe), hostFault(names, recipe), buildFault(names, recipe)];
    for (const fault of own) if (fault) faults.push(fault);
    for (const [index, name] of recipe.after.entries()) {
      const fault = afterFault(names, recipe, name, index);
      if (fault) faults.push(fault);
    }
  }
  const expanded = new Map<string, Group>();
  for (const group of groups.values()) {
    faults.push(...groupFaults(names, group));
    const members = group.members.flatMap((name) =>
      recipes.has(name) ? [name] : (families.get(name) ?? [name]),
    );
    expanded.set(group.name, { ...group, members: [...new Set(members)] });
  }
  return { groups: expanded, faults };
}

/** Services of every family, in the order of the book. */
export function familiesOf(recipes: ReadonlyMap<string, Recipe>): Map<string, string[]> {
  const families = new Map<string, string[]>();
  for (const recipe of recipes.values()) {
    if (recipe.kind !== "service" || recipe.family === undefined) continue;
    const services = families.get(recipe.family);
    if (services) services.push(recipe.name);
    else families.set(recipe.family, [recipe.name]);
  }
  return families;
}

function needFault(names: Names, recipe: Recipe, need: Need, index: number): Fault | undefined {
  if (isKnown(names, need.name, NEEDED)) return undefined;
  const at = recipe.origin && {
    file: recipe.origin.file,
    path: [...recipe.origin.path, "needs", index, "name"],
  };
  const wrong = wrongKind(names, need.name);
  if (wrong) {
    return {
      code: "unknown-need",
      message: `\`${recipe.name}\` needs \`${need.name}\`, which is ${wrong.what}`,
      hint: wrong.hint,
      at,
    };
  }
  const add = `\`homelab add ${need.name}\``;
  const meant = nearest(need.name, candidates(names, NEEDED));
  return {
    code: "unknown-need",
    message: `\`${recipe.name}\` needs \`${need.name}\`, but there is no such recipe`,
    hint: meant ? `did you mean \`${meant}\`? If not, add it with ${add}` : `add it with ${add}`,
    at,
  };
}

function afterFault(names: Names, recipe: Recipe, name: string, index: number): Fault | undefined {
  if (isKnown(names, name, NEEDED)) return undefined;
  const at = recipe.origin && { file: recipe.origin.file, path: [...recipe.origin.path, "after", index] };
  const wrong = wrongKind(names, name);
  const said = `\`${recipe.name}\` comes after \`${name}\``;
  if (wrong) return invalid(`${said}, which is ${wrong.what}`, { hint: wrong.hint, at });
  return invalid(`${said}, but there is no such recipe`, {
    hint: suggestion(name, candidates(names, NEEDED)),
    at,
  });
}

/** A task that runs before an update runs by itself: nobody can be asked anything. */
function beforeFault({ recipes, broken }: Names, recipe: Recipe): Fault | undefined {
  if (recipe.kind !== "service" || recipe.beforeUpdate === undefined) return undefined;
  const { name, beforeUpdate, origin } = recipe;
  const task = recipes.get(beforeUpdate);
  const at = origin && { file: origin.file, path: [...origin.path, "before_update"] };
  const said = `\`before_update\` of \`${name}\` names \`${beforeUpdate}\``;
  if (!task && broken.has(beforeUpdate)) return undefined;
  if (task?.kind !== "task") {
    const tasks = [...recipes.values()].filter(({ kind }) => kind === "task").map((each) => each.name);
    const what = task ? `which is a ${task.kind}` : "but there is no such task";
    return invalid(`${said}, ${what}`, { hint: suggestion(beforeUpdate, tasks), at });
  }
  const asks = task.params.length > 0 ? "parameters" : task.confirm === undefined ? undefined : "a question";
  if (asks) return invalid(`${said}, a task with ${asks}`, { hint: "it has to run by itself", at });
  if (task.needs.length === 0) return undefined;
  return invalid(`${said}, a task with needs`, { hint: `write them as needs of \`${name}\``, at });
}

/** A host may also be one that only ssh knows; a bare word that is nearly a host recipe's name is a slip. */
function hostFault({ recipes, broken }: Names, recipe: Recipe): Fault | undefined {
  if (recipe.kind !== "microvm" || recipe.host === undefined || /[.:@]/.test(recipe.host)) return undefined;
  const { name, host, origin } = recipe;
  const named = recipes.get(host);
  if (named?.kind === "host" || broken.has(host)) return undefined;
  const at = origin && { file: origin.file, path: [...origin.path, "host"] };
  const said = `\`host\` of \`${name}\` names \`${host}\``;
  if (named) return invalid(`${said}, which is a ${named.kind}`, { hint: "name a recipe of `hosts:`", at });
  const hosts = [...recipes.values()].filter(({ kind }) => kind === "host").map((each) => each.name);
  const meant = nearest(host, hosts);
  if (meant === undefined) return undefined;
  const hint = `did you mean \`${meant}\`? If not, add it to \`hosts\``;
  return invalid(`${said}, but there is no such host`, { hint, at });
}

/** A host's system is built here, on itself, or on another host that has a recipe. */
function buildFault({ recipes, broken }: Names, recipe: Recipe): Fault | undefined {
  if (recipe.kind !== "host" || recipe.build === undefined) return undefined;
  const { name, build, origin } = recipe;
  const named = recipes.get(build);
  if (build === "here" || build === "there" || named?.kind === "host" || broken.has(build)) return undefined;
  const at = origin && { file: origin.file, path: [...origin.path, "build"] };
  const hosts = [...recipes.values()].filter(({ kind }) => kind === "host").map((each) => each.name);
  const meant = nearest(build, ["here", "there", ...hosts]);
  const what = named ? `which is a ${named.kind}` : "but there is no such host";
  return invalid(`\`build\` of \`${name}\` names \`${build}\`, ${what}`, {
    hint: meant ? `did you mean \`${meant}\`?` : "write `here`, `there`, or the name of a recipe of `hosts:`",
    at,
  });
}

function groupFaults(names: Names, group: Group): Fault[] {
  const faults: Fault[] = [];
  const origin = group.origin ?? { file: "", path: [] };
  const namesake = names.recipes.get(group.name);
  const collision = namesake
    ? `the ${namesake.kind} ${namesake.kind === "service" ? `in \`${namesake.dir}\`` : `\`${namesake.name}\``}`
    : names.families.has(group.name) && `the family in \`services/${group.name}\``;
  if (collision) {
    faults.push(
      invalid(`group \`${group.name}\` has the same name as ${collision}`, {
        hint: "rename the group",
        at: { ...origin, key: true },
      }),
    );
  }
  for (const [index, name] of group.members.entries()) {
    if (isKnown(names, name, MEMBERS) || names.families.has(name)) continue;
    const at = { file: origin.file, path: [...origin.path, index] };
    const wrong = wrongMember(names, name);
    if (wrong) {
      faults.push(
        invalid(`group \`${group.name}\` has \`${name}\` as a member, which is ${wrong.what}`, {
          hint: wrong.hint,
          at,
        }),
      );
      continue;
    }
    const hint = suggestion(name, [...candidates(names, MEMBERS), ...names.families.keys()]);
    faults.push(
      invalid(`group \`${group.name}\` has \`${name}\` as a member, but there is no such recipe`, {
        hint,
        at,
      }),
    );
  }
  return faults;
}

function isKnown({ recipes, broken }: Names, name: string, kinds: readonly RecipeKind[]): boolean {
  const recipe = recipes.get(name);
  return recipe ? kinds.includes(recipe.kind) : broken.has(name);
}

function wrongKind(
  { recipes, groups, families }: Names,
  name: string,
): { what: string; hint: string } | undefined {
  if (recipes.get(name)?.kind === "task") {
    return { what: "a task", hint: "tasks run when they are called; name a service, unit, microvm or host" };
  }
  const services = groups.get(name)?.members ?? families.get(name);
  if (!services) return undefined;
  return {
    what: groups.has(name) ? "a group" : "a family",
    hint: `name its members: ${services.join(", ")}`,
  };
}

function wrongMember(names: Names, name: string): { what: string; hint: string } | undefined {
  const wrong = wrongKind(names, name);
  if (wrong && names.groups.has(name)) return wrong;
  const kind = names.recipes.get(name)?.kind;
  if (!kind || MEMBERS.includes(kind)) return wrong;
  return { what: `a ${kind}`, hint: "groups have services, units, microvms and families" };
}

function candidates({ recipes }: Names, kinds: readonly RecipeKind[]): string[] {
  return [...recipes.values()].filter((recipe) => kinds.includes(recipe.kind)).map((recipe) => recipe.name);
}

function suggestion(name: string, from: readonly string[]): string {
  const meant = nearest(name, from);
  return meant ? `did you mean \`${meant}\`?` : "`homelab list` shows all recipes";
}
