import { beyond } from "./just-builtin.ts";
import { type Start, startOf } from "./just-service.ts";
import { bare, commandsOf, signsOf } from "./just-shell.ts";
import type { Callee } from "./just-task.ts";
import type { Justfile, JustLine, JustRecipe } from "./justfile.ts";
import { familyOf } from "./resolve.ts";
import { NAME, RESERVED } from "./schema.ts";

/** Names of the program's own commands, and those of them that take `<verb>-<target>`. */
export interface Commands {
  readonly names: ReadonlySet<string>;
  readonly verbs: ReadonlySet<string>;
}

/** Two recipes that would have one name. */
export interface Conflict {
  readonly name: string;
  readonly recipes: readonly [JustRecipe, JustRecipe];
}

export const ENSURE = "ensure-";
/** What comes before a deployment anyway. */
export const UPDATES = ["update-system", "update-services"];
/** Shorter than the longest name, so that something can stand before it. */
const LONGEST = 58;
const WITHOUT_OWN_NAME = ["default", "deploy-all"];

type Warn = (line: number, text: string) => void;

/** What becomes of each recipe of a Justfile, and under which name. */
export class JustNames {
  /** What the `ensure-*` recipes that become services start, by their names. */
  readonly starts = new Map<string, Start>();
  private readonly recipes = new Map<string, JustRecipe>();
  private readonly callees = new Map<string, Callee>();

  constructor(
    private readonly just: Justfile,
    private readonly commands: Commands,
    private readonly warn: Warn,
  ) {
    for (const recipe of just.recipes) {
      if (!this.recipes.has(recipe.name)) this.recipes.set(recipe.name, recipe);
      const start = recipe.name.startsWith(ENSURE) ? this.startOf(recipe) : undefined;
      if (start) this.starts.set(recipe.name, start);
    }
    for (const recipe of just.recipes) this.callees.set(recipe.name, this.classify(recipe));
  }

  /** What a recipe has become, by its name or an alias. */
  find(name: string): Callee | undefined {
    return this.callees.get(this.just.aliases.get(name) ?? name);
  }

  /** Whether a deployment does what a recipe does: it brings services up, or gets what is newer. */
  isDeployed(name: string): boolean {
    const kind = this.callees.get(name)?.kind;
    if (kind === "service" || kind === "group") return true;
    if (UPDATES.includes(name)) return kind !== "task";
    return kind === "built in" && /^(?:ensure|deploy)-/.test(name);
  }

  /** The line of a recipe that starts its project, if this is it. */
  start(text: string): Start | undefined {
    return startOf(this.withVariables(signsOf(text).text));
  }

  /** Names of the services that a recipe brings up, by what it needs and what it calls. */
  members(name: string): string[] {
    const recipe = this.recipes.get(name);
    return recipe ? this.membersOf(recipe, []).map((each) => this.find(each)?.name ?? each) : [];
  }

  conflicts(): Conflict[] {
    const taken = new Map<string, JustRecipe>();
    return this.just.recipes.flatMap((recipe) => {
      const { kind, name } = this.find(recipe.name) as Callee;
      const key = kind === "built in" ? `the command ${name}` : name;
      const other = taken.get(key);
      if (!other) taken.set(key, recipe);
      return other ? [{ name, recipes: [other, recipe] as const }] : [];
    });
  }

  /** What a recipe that starts a compose project starts; one with parameters is no service. */
  private startOf(recipe: JustRecipe): Start | undefined {
    for (const { line, text } of linesOf(recipe)) {
      const start = this.start(text);
      if (!start) continue;
      if (recipe.params.length === 0) return start;
      this.warn(line, `\`${recipe.name}\` has parameters, and becomes a task: a service is one directory`);
      return undefined;
    }
    return undefined;
  }

  private membersOf(recipe: JustRecipe, above: readonly JustRecipe[]): string[] {
    if (above.includes(recipe)) return [];
    const calls = recipe.body.flatMap(({ text }) => calledBy(text));
    const named = [...recipe.needs, ...recipe.afterwards].map((call) => call.name).concat(calls);
    const all = named.flatMap((name) => {
      if (this.starts.has(name)) return [name];
      const other = /^(?:ensure|deploy)-/.test(name) ? this.recipes.get(name) : undefined;
      return other ? this.membersOf(other, [...above, recipe]) : [];
    });
    return [...new Set(all)];
  }

  private classify(recipe: JustRecipe): Callee {
    const { name } = recipe;
    const become = (kind: Callee["kind"], own: string, words: string) => ({
      kind,
      name: own,
      words,
      params: recipe.params,
    });
    if (this.starts.has(name)) {
      const own = this.ownName(recipe, name.slice(ENSURE.length));
      return become("service", own, `ensure ${own}`);
    }
    if (this.isBuiltIn(recipe)) return become("built in", name, name === "default" ? "list" : name);
    const [, verb = "", target = ""] = /^(deploy|ensure)-(.+)$/.exec(name) ?? [];
    const isGroup = verb !== "" && target !== "all" && recipe.params.length === 0;
    if (isGroup && this.membersOf(recipe, []).length > 0) {
      const own = this.ownName(recipe, this.isFamily(target) ? `${target}-group` : target);
      return become("group", own, `${verb} ${own}`);
    }
    const own = this.ownName(recipe, name);
    return become("task", own, own);
  }

  /** Whether services are instances of it: then a group cannot have that name. */
  private isFamily(name: string): boolean {
    return [...this.starts.values()].some(({ dir }) => familyOf(dir ?? "") === name);
  }

  private isCommand(name: string): boolean {
    return WITHOUT_OWN_NAME.includes(name) || this.commands.names.has(name);
  }

  /** Whether a command, or `<verb>-<target>`, does all that a recipe does. */
  private isBuiltIn(recipe: JustRecipe): boolean {
    const { name } = recipe;
    if (this.isCommand(name)) {
      const more = this.beyond(name, recipe);
      const command = name === "default" ? "homelab" : `homelab ${name}`;
      if (more !== undefined)
        this.warn(recipe.line, `\`${name}\` does more than \`${command}\`: \`${more}\``);
      return more === undefined;
    }
    const verb = [...this.commands.verbs].find((each) => name.startsWith(`${each}-`));
    const target = name.slice((verb?.length ?? 0) + 1);
    const own = verb === undefined ? undefined : this.targetOf(target);
    if (verb === undefined || own === undefined) return false;
    if (this.beyond(verb, recipe) !== undefined) return false;
    const brought = this.withNeeds(own);
    return this.membersOf(recipe, []).every((member) => brought.has(member));
  }

  private withVariables(text: string): string {
    return text.replace(
      /\{\{\s*([\w-]+)\s*\}\}/g,
      (whole, name: string) => this.just.variables.get(name) ?? whole,
    );
  }

  /** What of a recipe a command does not do. */
  private beyond(command: string, recipe: JustRecipe): string | undefined {
    const body = recipe.body.map(({ line, text }) => ({ line, text: this.withVariables(text) }));
    return beyond(command, { ...recipe, body }, (called) => this.mayBeDeployed(called));
  }

  /** Services and all that they need. */
  private withNeeds(names: readonly string[]): Set<string> {
    const all = new Set(names);
    for (const name of all)
      for (const need of this.recipes.get(name)?.needs ?? [])
        if (this.starts.has(need.name)) all.add(need.name);
    return all;
  }

  /** Recipes that a word stands for as a target of homelab: a service, a family, all. */
  private targetOf(target: string): string[] | undefined {
    if (target === "all") return [...this.starts.keys()];
    if (this.starts.has(ENSURE + target)) return [ENSURE + target];
    const family = [...this.starts].filter(
      ([name, { dir }]) =>
        name.startsWith(`${ENSURE}${target}-`) &&
        dir === `services/${target}/${name.slice(ENSURE.length + target.length + 1)}`,
    );
    return family.length > 0 ? family.map(([name]) => name) : undefined;
  }

  /** The same as `isDeployed`, while it is not yet known what all recipes become. */
  private mayBeDeployed(name: string): boolean {
    if (this.starts.has(name) || UPDATES.includes(name) || /[{$]/.test(name)) return true;
    const recipe = /^(?:ensure|deploy)-/.test(name) ? this.recipes.get(name) : undefined;
    return recipe !== undefined && this.membersOf(recipe, []).length > 0;
  }

  /** The name as recipe files take it. A task must not have a command's. */
  private ownName(recipe: JustRecipe, name: string): string {
    const plain = name
      .toLowerCase()
      .replaceAll("_", "-")
      .slice(0, LONGEST)
      .replace(/^-+|-+$/g, "");
    const isTaken = RESERVED.has(plain) || (this.isCommand(plain) && name === recipe.name);
    const own = isTaken || !NAME.test(plain) ? `just-${plain}`.replace(/-$/, "") : plain;
    if (own !== name) this.warn(recipe.line, `\`${name}\` is called \`${own}\` here`);
    return own;
  }
}

/** The lines of a recipe that are run by themselves: a script is run as one. */
export function linesOf({ body }: JustRecipe): readonly JustLine[] {
  const [first, second] = body;
  if (!first?.text.startsWith("#!") || !second) return body;
  const text = body.slice(1).map((each) => each.text);
  return [{ line: second.line, text: text.join("\n") }];
}

/** Recipes that a line calls with `just`. */
export const calledBy = (line: string): string[] =>
  commandsOf(signsOf(line).text).flatMap((command) => {
    const [program, ...words] = bare(command);
    return program === "just" ? words : [];
  });
