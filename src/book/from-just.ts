import type { Justfile, JustRecipe, JustWarning } from "./justfile.ts";

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
  const became: Became[] = [];
  const services: NonNullable<Imported["file"]["services"]> = {};
  const groups: NonNullable<Imported["file"]["groups"]> = {};
  const tasks: NonNullable<Imported["file"]["tasks"]> = {};
  const starts = new Set(just.recipes.filter(isService).map((recipe) => recipe.name));
  for (const recipe of just.recipes) {
    const members = ensured(recipe).filter((name) => starts.has(name));
    const done = (what: Became["what"], name: string) => became.push({ recipe: recipe.name, what, name });
    if (isService(recipe)) {
      const name = recipe.name.slice(ENSURE.length);
      services[name] = serviceOf(name, recipe, starts, warnings);
      done("service", name);
    } else if (provided(recipe.name)) done("built in", recipe.name);
    else if (recipe.name.startsWith(DEPLOY) && members.length > 0) {
      const name = recipe.name.slice(DEPLOY.length);
      groups[name] = members.map((member) => member.slice(ENSURE.length));
      done("group", name);
    } else {
      const name = taskName(recipe, warnings);
      tasks[name] = taskOf(recipe, just.variables, starts, warnings);
      done("task", name);
    }
  }
  const file = {
    ...(Object.keys(services).length > 0 ? { services } : {}),
    ...(Object.keys(groups).length > 0 ? { groups } : {}),
    ...(Object.keys(tasks).length > 0 ? { tasks } : {}),
  };
  return { file, became, warnings: warnings.sort((a, b) => a.line - b.line) };
}

const isService = ({ name, body }: JustRecipe): boolean =>
  name.startsWith(ENSURE) && body.some((line) => UP.test(line));

/** Recipes that a body calls with `just`. */
const ensured = ({ body }: JustRecipe): string[] =>
  body.flatMap((line) => (/^@?-?just\s+(.*)$/.exec(line.trim())?.[1] ?? "").split(/\s+/)).filter(Boolean);

function serviceOf(
  name: string,
  recipe: JustRecipe,
  starts: ReadonlySet<string>,
  warnings: JustWarning[],
): { dir?: string; needs?: string[] } {
  const line = recipe.body.find((each) => UP.test(each)) ?? "";
  const dir = PLACES.map((place) => place.exec(line)?.[1]).find((found) => found !== undefined);
  if (dir === undefined)
    warnings.push({ line: recipe.line, text: `where \`${name}\` is started was not understood` });
  const all = [...recipe.needs, ...recipe.afterwards];
  const needs = all.filter((need) => starts.has(need)).map((need) => need.slice(ENSURE.length));
  for (const need of all) {
    if (!starts.has(need))
      warnings.push({
        line: recipe.line,
        text: `\`${name}\` needs \`${need}\`, which is no service: left out`,
      });
  }
  const own = dir?.replace(/^\.\//, "").replace(/\/$/, "");
  return {
    ...(own === undefined || own === `services/${name}` ? {} : { dir: own }),
    ...(needs.length > 0 ? { needs } : {}),
  };
}

function taskName({ name, line }: JustRecipe, warnings: JustWarning[]): string {
  const plain = name.toLowerCase().replaceAll("_", "-").replace(/^-+/, "");
  if (plain !== name) warnings.push({ line, text: `\`${name}\` is called \`${plain}\` here` });
  return plain;
}

function taskOf(
  recipe: JustRecipe,
  variables: ReadonlyMap<string, string>,
  starts: ReadonlySet<string>,
  warnings: JustWarning[],
) {
  const { name, line, comment } = recipe;
  const warn = (text: string) => warnings.push({ line, text: `in \`${name}\`: ${text}` });
  const params = recipe.params.map((param) => param.name.replaceAll("-", "_"));
  for (const param of recipe.params) {
    if (param.default !== undefined) warn(`the default of \`${param.name}\` is left out: it has to be given`);
    if (param.variadic) warn(`\`${param.name}\` takes one value here`);
  }
  const needs = recipe.needs.filter((need) => starts.has(need)).map((need) => need.slice(ENSURE.length));
  const call = (names: readonly string[]) =>
    names.filter((each) => !starts.has(each)).map((each) => `homelab ${each}`);
  const translate = (text: string) => substitute(text, new Set(params), variables, warn);
  const script = recipe.body[0]?.startsWith("#!");
  const own = script
    ? [translate(recipe.body.join("\n"))]
    : recipe.body.filter((each) => each.trim() !== "").map((each) => translate(plainLine(each)));
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
  return signs.includes("-") ? `${called} || true` : called;
}

/** Parameters become variables of the shell, texts of variables stand in their place, all else is a warning. */
function substitute(
  text: string,
  params: ReadonlySet<string>,
  variables: ReadonlyMap<string, string>,
  warn: (text: string) => void,
): string {
  return text.replace(/\{\{\s*(.*?)\s*\}\}/g, (whole, expression: string, at: number) => {
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
