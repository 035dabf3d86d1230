import { type Commands, type Conflict, calledBy, JustNames, linesOf, UPDATES } from "./just-names.ts";
import { bare, commandsOf, isTalk, signsOf } from "./just-shell.ts";
import { type Callee, type ImportedTask, taskOf } from "./just-task.ts";
import type { Justfile, JustLine, JustRecipe, JustWarning } from "./justfile.ts";

/** What one recipe of a Justfile becomes. */
export interface Became {
  readonly recipe: string;
  readonly what: Callee["kind"];
  readonly name: string;
}

interface ImportedService {
  dir?: string;
  project?: string;
  needs?: string[];
}

export interface Imported {
  /** The content of a recipe file. */
  readonly file: {
    services?: Record<string, ImportedService>;
    groups?: Record<string, string[]>;
    tasks?: Record<string, ImportedTask>;
  };
  readonly became: readonly Became[];
  /** With one of them there is no recipe file that says what the Justfile says. */
  readonly conflicts: readonly Conflict[];
  readonly warnings: readonly JustWarning[];
}

/**
 * Turns the recipes of a Justfile into ones of a recipe file: `ensure-*` that start a compose project become services
 * with their needs, `deploy-*` and `ensure-*` that bring up others groups, what a command does as well is left out,
 * and the rest become tasks. All that is lost or differs is a warning. Pure.
 */
export function importJustfile(just: Justfile, commands: Commands): Imported {
  return new Importer(just, commands).import();
}

class Importer {
  private readonly warnings: JustWarning[];
  private readonly names: JustNames;

  constructor(
    private readonly just: Justfile,
    commands: Commands,
  ) {
    this.warnings = [...just.warnings];
    this.names = new JustNames(just, commands, (line, text) => this.warn(line, text));
  }

  import(): Imported {
    const { recipes } = this.just;
    const services: Record<string, ImportedService> = {};
    const groups: Record<string, string[]> = {};
    const tasks: Record<string, ImportedTask> = {};
    const became = recipes.map((recipe) => {
      const { kind, name } = this.names.find(recipe.name) as Callee;
      if (recipe.confirm !== undefined && kind !== "task")
        this.warn(recipe.line, `the question of \`${recipe.name}\` is left out`);
      if (kind === "built in") this.tellOfUpdates(recipe);
      if (kind === "service") services[name] = this.service(name, recipe);
      else if (kind === "group") groups[name] = this.group(recipe);
      else if (kind === "task") tasks[name] = this.task(recipe);
      return { recipe: recipe.name, what: kind, name };
    });
    for (const recipe of recipes)
      if (/^(?:ensure|deploy)-all$/.test(this.names.find(recipe.name)?.words ?? ""))
        this.tellOfAll(recipe, services);
    const sections = Object.entries({ services, groups, tasks });
    return {
      file: Object.fromEntries(sections.filter(([, section]) => Object.keys(section).length > 0)),
      became,
      conflicts: this.names.conflicts(),
      warnings: this.warnings.sort((a, b) => a.line - b.line),
    };
  }

  private warn(line: number, text: string): void {
    this.warnings.push({ line, text });
  }

  private service(name: string, recipe: JustRecipe): ImportedService {
    const { name: own, line, needs: all, afterwards } = recipe;
    const { dir, project, lost } = this.names.starts.get(own) ?? { lost: [] };
    const needs = all.flatMap((need) => {
      const services = this.servicesOf(need.name);
      if (!services) this.warn(line, `\`${name}\` needs \`${need.name}\`, which is no service: left out`);
      return services ?? [];
    });
    for (const { name: after } of afterwards)
      this.warn(line, `\`${own}\` calls \`${after}\` when it is done: left out`);
    const lines = linesOf(recipe);
    const started = lines.find(({ text }) => this.names.start(text));
    const called = new Map(
      lines.slice(0, started ? lines.indexOf(started) : 0).flatMap((each) => {
        const services = this.servicesCalled(each.text);
        return services ? [[each.line, services] as const] : [];
      }),
    );
    needs.push(...[...called.values()].flat());
    for (const text of lost) this.warn(started?.line ?? line, `in \`${own}\`: ${text}`);
    if (dir === undefined) this.warn(line, `where \`${name}\` is started was not understood`);
    this.tellOfRest(recipe, (each) => each.line !== started?.line && !called.has(each.line));
    return {
      ...(dir === undefined || dir === `services/${name}` ? {} : { dir }),
      ...(project === undefined || project === name ? {} : { project }),
      ...(needs.length > 0 ? { needs: [...new Set(needs)] } : {}),
    };
  }

  /** Services that a recipe stands for; undefined for one that does something else. */
  private servicesOf(recipe: string): string[] | undefined {
    const { kind, name = "" } = this.names.find(recipe) ?? {};
    if (kind === "service") return [name];
    return kind === "group" ? this.names.members(recipe) : undefined;
  }

  /** Services that a line brings up with `just`; undefined for one that does more. */
  private servicesCalled(line: string): string[] | undefined {
    const { text, mayFail } = signsOf(line);
    const commands = commandsOf(text);
    const called = calledBy(text).map((name) => this.servicesOf(name));
    const isOnly = !mayFail && commands.length > 0 && commands.every((each) => each.words[0] === "just");
    return isOnly && called.every((each) => each !== undefined) ? called.flat() : undefined;
  }

  private group(recipe: JustRecipe): string[] {
    const { name: own, line } = recipe;
    for (const { name } of [...recipe.needs, ...recipe.afterwards])
      if (!this.names.isDeployed(name))
        this.warn(line, `in \`${own}\`: \`${name}\` is left out: a group only names recipes`);
    this.tellOfRest(recipe, ({ text }) =>
      commandsOf(signsOf(text).text).some((command) => {
        const words = bare(command).join(" ");
        const called = calledBy(words);
        const isKnown = called.length > 0 && called.every((name) => this.names.isDeployed(name));
        return !isKnown && !/^git pull(?: --ff-only)?$/.test(words);
      }),
    );
    return this.names.members(own);
  }

  /** A deployment updates the system in its own way. */
  private tellOfUpdates({ name: own, line, needs }: JustRecipe): void {
    for (const { name } of needs)
      if (UPDATES.includes(name) && !this.names.isDeployed(name))
        this.warn(line, `in \`${own}\`: \`${name}\` is left out, the one of homelab is done`);
  }

  /** Lines of a body that are lost. */
  private tellOfRest(recipe: JustRecipe, isLost: (line: JustLine) => boolean): void {
    for (const each of linesOf(recipe)) {
      const { text } = signsOf(each.text);
      if (text !== "" && !isTalk(text) && isLost(each))
        this.warn(
          each.line,
          `in \`${recipe.name}\`: ${text.includes("\n") ? "its script" : `\`${text}\``} is left out`,
        );
    }
  }

  /** `all` is every service of the homelab, where a recipe may have named some. */
  private tellOfAll(
    { name: own, line }: JustRecipe,
    services: Readonly<Record<string, ImportedService>>,
  ): void {
    const brought = new Set(this.names.members(own));
    for (const name of brought) for (const need of services[name]?.needs ?? []) brought.add(need);
    const others = Object.keys(services).filter((name) => !brought.has(name));
    if (others.length === 0) return;
    const names = others.join(", ");
    this.warn(line, `\`homelab ${own}\` also brings up what the recipe does not: ${names}`);
  }

  private task(recipe: JustRecipe): ImportedTask {
    const all = this.tasksBefore(recipe.name, []);
    for (const name of new Set(all.filter((each, index) => all.indexOf(each) < index)))
      this.warn(recipe.line, `in \`${recipe.name}\`: \`${name}\` runs once for each that needs it`);
    const callees = {
      variables: this.just.variables,
      find: (name: string) => this.names.find(name),
    };
    return taskOf(recipe, callees, (text, line = recipe.line) =>
      this.warn(line, `in \`${recipe.name}\`: ${text}`),
    );
  }

  /** Tasks that run before a recipe, as often as they do. */
  private tasksBefore(name: string, above: readonly string[]): string[] {
    const needs = this.just.recipes.find((each) => each.name === name)?.needs ?? [];
    return needs.flatMap((need) =>
      this.names.find(need.name)?.kind !== "task" || above.includes(need.name)
        ? []
        : [[need.name, ...need.args].join(" "), ...this.tasksBefore(need.name, [...above, name])],
    );
  }
}
