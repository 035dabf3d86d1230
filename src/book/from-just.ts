import { posix } from "node:path";
import { GivenNames } from "./just-names.ts";
import type { Justfile, JustRecipe, JustWarning } from "./justfile.ts";
import { familyOf } from "./resolve.ts";
import { RELATIVE_PATH } from "./schema.ts";

/** What one recipe of a Justfile becomes. */
export interface Became {
  readonly recipe: string;
  readonly what: "service" | "group" | "task" | "built in";
  readonly name: string;
}

export interface Imported {
  /** The content of a recipe file. */
  readonly file: {
    services?: Record<string, { dir?: string; needs?: string[] }>;
    groups?: Record<string, string[]>;
    tasks?: Record<string, { description?: string; params?: string[]; needs?: string[]; run: string[] }>;
  };
  readonly became: readonly Became[];
  readonly warnings: readonly JustWarning[];
}

const ENSURE = "ensure-";
const DEPLOY = "deploy-";
const UP = /\bdocker(?:[ -])compose\b.*\bup\b/;
const PLACES = [
  /\bcd\s+["']?([^\s"'&;]+)["']?\s*&&/,
  /\s-f\s*["']?([^\s"']+)\/[^/\s"']+\.ya?ml/,
  /--file[= ]["']?([^\s"']+)\/[^/\s"']+\.ya?ml/,
  /--project-directory[= ]["']?([^\s"']+)/,
];

/**
 * Turns the recipes of a Justfile into ones of a recipe file: `ensure-*` that start a compose project become services
 * with their needs, `deploy-*` that call those become groups, what `provided` names is left out, because it is built
 * in, and the rest become tasks. Pure.
 */
export function importJustfile(just: Justfile, provided: (name: string) => boolean): Imported {
  const warnings = [...just.warnings];
  const recipes = lastOfEach(just.recipes, warnings);
  const starts = new Set(recipes.filter(isService).map((recipe) => recipe.name));
  const members = (recipe: JustRecipe) => [...new Set(ensured(recipe))].filter((name) => starts.has(name));
  const whatOf = (recipe: JustRecipe): Became["what"] => {
    if (isService(recipe)) return "service";
    if (provided(recipe.name)) return "built in";
    return recipe.name.startsWith(DEPLOY) && members(recipe).length > 0 ? "group" : "task";
  };
  const kinds = recipes.map((recipe) => ({ recipe, what: whatOf(recipe) }));
  const names = nameAll(kinds, warnings);
  const scope: Scope = { starts, names, variables: just.variables, warnings };
  const services: NonNullable<Imported["file"]["services"]> = {};
  const groups: NonNullable<Imported["file"]["groups"]> = {};
  const tasks: NonNullable<Imported["file"]["tasks"]> = {};
  for (const { recipe, what } of kinds) {
    const name = names.of(recipe.name);
    if (what === "service") services[name] = serviceOf(name, recipe, scope);
    if (what === "group") groups[name] = members(recipe).map((member) => names.of(member));
    if (what === "task") tasks[name] = taskOf(recipe, scope);
  }
  const file = {
    ...(Object.keys(services).length > 0 ? { services } : {}),
    ...(Object.keys(groups).length > 0 ? { groups } : {}),
    ...(Object.keys(tasks).length > 0 ? { tasks } : {}),
  };
  const became = kinds.map(({ recipe, what }) => ({
    recipe: recipe.name,
    what,
    name: names.of(recipe.name),
  }));
  return { file, became, warnings: warnings.sort((a, b) => a.line - b.line) };
}

/** What recipes are translated with. */
interface Scope {
  /** Recipes that start a compose project. */
  readonly starts: ReadonlySet<string>;
  readonly names: GivenNames;
  readonly variables: ReadonlyMap<string, string>;
  readonly warnings: JustWarning[];
}

/** Of recipes with the same name `just` takes the last one, where it takes them at all. */
function lastOfEach(recipes: readonly JustRecipe[], warnings: JustWarning[]): JustRecipe[] {
  const last = new Map(recipes.map((recipe) => [recipe.name, recipe]));
  for (const recipe of recipes) {
    if (last.get(recipe.name) === recipe) continue;
    warnings.push({ line: recipe.line, text: `\`${recipe.name}\` is defined again below: left out` });
  }
  return recipes.filter((recipe) => last.get(recipe.name) === recipe);
}

/** Services choose first: their names are those of directories. */
function nameAll(
  kinds: readonly { readonly recipe: JustRecipe; readonly what: Became["what"] }[],
  warnings: JustWarning[],
): GivenNames {
  const names = new GivenNames(warnings);
  const give = (wanted: Became["what"], prefix: string) => {
    for (const { recipe, what } of kinds) {
      if (what === wanted && what !== "built in") names.give(recipe, recipe.name.slice(prefix.length), what);
    }
  };
  give("service", ENSURE);
  for (const { recipe, what } of kinds) {
    const family = what === "service" && familyOf(placeOf(recipe) ?? "");
    if (family) names.take(family);
  }
  give("group", DEPLOY);
  give("task", "");
  return names;
}

const isService = ({ name, body }: JustRecipe): boolean =>
  name.startsWith(ENSURE) && body.some((line) => UP.test(line));

/** Recipes that a body calls with `just`. */
const ensured = ({ body }: JustRecipe): string[] =>
  body.flatMap((line) => (/^@?-?just\s+(.*)$/.exec(line.trim())?.[1] ?? "").split(/\s+/)).filter(Boolean);

/** The directory from which a recipe starts its project, relative to the root; undefined when it does not tell. */
function placeOf(recipe: JustRecipe): string | undefined {
  const line = recipe.body.find((each) => UP.test(each)) ?? "";
  const written = PLACES.map((place) => place.exec(line)?.[1]).find((found) => found !== undefined);
  const dir = posix.normalize(written ?? "/").replace(/\/$/, "");
  // Elsewhere, or only known to the shell.
  const isPlain = RELATIVE_PATH.test(dir) && !/^~|^\.\.(?:\/|$)|[$`{}*?]/.test(dir);
  return isPlain ? dir : undefined;
}

function serviceOf(
  name: string,
  recipe: JustRecipe,
  { starts, names, warnings }: Scope,
): { dir?: string; needs?: string[] } {
  const dir = placeOf(recipe);
  if (dir === undefined)
    warnings.push({ line: recipe.line, text: `where \`${name}\` is started was not understood` });
  const all = [...recipe.needs, ...recipe.afterwards];
  const needs = all.filter((need) => starts.has(need)).map((need) => names.of(need));
  for (const need of all) {
    if (!starts.has(need))
      warnings.push({
        line: recipe.line,
        text: `\`${name}\` needs \`${need}\`, which is no service: left out`,
      });
  }
  return {
    ...(dir === undefined || dir === `services/${name}` ? {} : { dir }),
    ...(needs.length > 0 ? { needs } : {}),
  };
}

function taskOf(recipe: JustRecipe, { starts, names, variables, warnings }: Scope) {
  const { name, line, comment } = recipe;
  const warn = (text: string) => warnings.push({ line, text: `in \`${name}\`: ${text}` });
  const params = recipe.params.map((param) => param.name.replaceAll("-", "_"));
  for (const param of recipe.params) {
    if (param.default !== undefined) warn(`the default of \`${param.name}\` is left out: it has to be given`);
    if (param.variadic) warn(`\`${param.name}\` takes one value here`);
  }
  const needs = recipe.needs.filter((need) => starts.has(need)).map((need) => names.of(need));
  const call = (others: readonly string[]) =>
    others.filter((each) => !starts.has(each)).map((each) => `homelab ${names.of(each)}`);
  const translate = (text: string) => substitute(text, new Set(params), variables, warn);
  const script = recipe.body[0]?.startsWith("#!");
  const own = script
    ? [translate(recipe.body.join("\n"))]
    : recipe.body.map((each) => translate(plainLine(each))).filter((each) => each !== "");
  const run = [...call(recipe.needs), ...own, ...call(recipe.afterwards)];
  return {
    ...(comment ? { description: comment } : {}),
    ...(params.length > 0 ? { params } : {}),
    ...(needs.length > 0 ? { needs } : {}),
    run: run.length > 0 ? run : ["true"],
  };
}

/** A line without just's own signs: `@` (not shown), `-` (may fail); calls of just are calls of homelab. */
function plainLine(line: string): string {
  const [, signs = "", text = ""] = /^([@-]*)(.*)$/s.exec(line.trim()) ?? [];
  const called = text.replace(/(^|[;&|(]\s*|\s)just\s+(?=[\w-])/g, "$1homelab ");
  return signs.includes("-") && called !== "" ? `${called} || true` : called;
}

/** Parameters become variables of the shell, texts of variables stand in their place, all else is a warning. */
function substitute(
  text: string,
  params: ReadonlySet<string>,
  variables: ReadonlyMap<string, string>,
  warn: (text: string) => void,
): string {
  return text.replace(/\{\{((?:(?!\{\{).)*?)\}\}/g, (whole, inner: string, at: number) => {
    const expression = inner.trim();
    const name = expression.replaceAll("-", "_");
    if (params.has(name)) {
      const before = text.slice(text.lastIndexOf("\n", at) + 1, at);
      const quotes = before.replace(/\\./g, "");
      if ((quotes.match(/'/g)?.length ?? 0) % 2 === 1 && (quotes.match(/"/g)?.length ?? 0) % 2 === 0) {
        warn(`\`${whole}\` stands in single quotes, where the shell replaces nothing`);
      }
      return (quotes.match(/"/g)?.length ?? 0) % 2 === 1 ? `\${${name}}` : `"$${name}"`;
    }
    const value = variables.get(expression);
    if (value !== undefined) return value;
    warn(`\`${whole}\` is not translated`);
    return whole;
  });
}
