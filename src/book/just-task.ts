import { commandsOf, quoteWord, type ShellCommand, signsOf, wordsBefore } from "./just-shell.ts";
import type { JustCall, JustRecipe } from "./justfile.ts";

export interface ImportedTask {
  readonly description?: string;
  readonly params?: string[];
  readonly confirm?: string;
  readonly needs?: string[];
  readonly run: string[];
}

/** What the recipes of a Justfile have become, for those who call them. */
export interface Callees {
  readonly variables: ReadonlyMap<string, string>;
  /** By its name or alias. */
  readonly find: (name: string) => Callee | undefined;
}

export interface Callee {
  readonly kind: "service" | "group" | "task" | "built in";
  readonly name: string;
  /** The words of homelab that do the same. */
  readonly words: string;
  /** What it takes behind its name. */
  readonly params: JustRecipe["params"];
}

type Warn = (text: string, line?: number) => void;

/** A recipe as a task. `warn` is told of all that is not the same; without a line it is about the whole. */
export function taskOf(recipe: JustRecipe, callees: Callees, warn: Warn): ImportedTask {
  const params = recipe.params.map((param) => param.name.replaceAll("-", "_"));
  for (const param of recipe.params) {
    if (param.default !== undefined && !param.variadic)
      warn(`the default of \`${param.name}\` is left out: it has to be given`);
    if (param.variadic) warn(`\`${param.name}\` takes one value here`);
  }
  const scope = { params: new Set(params), callees, warn };
  const needs = recipe.needs.flatMap((need) => {
    const callee = callees.find(need.name);
    return callee?.kind === "service" && need.args.length === 0 ? [callee.name] : [];
  });
  const others = recipe.needs.filter((need) => !needs.includes(callees.find(need.name)?.name ?? ""));
  const run = [
    ...others.map((need) => callLine(need, scope, recipe.line)),
    ...(recipe.body[0]?.text.startsWith("#!") ? [scriptOf(recipe, scope)] : linesOf(recipe, scope)),
    ...recipe.afterwards.map((call) => callLine(call, scope, recipe.line)),
  ];
  return {
    ...(recipe.comment ? { description: recipe.comment } : {}),
    ...(params.length > 0 ? { params } : {}),
    ...(recipe.confirm === undefined ? {} : { confirm: recipe.confirm }),
    ...(needs.length > 0 ? { needs } : {}),
    run: run.length > 0 ? run : ["true"],
  };
}

interface Scope {
  readonly params: ReadonlySet<string>;
  readonly callees: Callees;
  readonly warn: Warn;
}

function linesOf({ body, line: header }: JustRecipe, scope: Scope): string[] {
  const late = body.find(({ text }) => /^@?#!/.test(text));
  if (late) scope.warn("`#!` is not in its first line: every line is run by itself, as just does", late.line);
  return body
    .filter(({ text }) => signsOf(text).text.trim() !== "")
    .map(({ text, line = header }) => {
      const { text: own, mayFail } = signsOf(text);
      const translated = translate(own, scope, () => line);
      // A comment would take what stands behind it.
      return mayFail ? `${translated}${/(?:^|\s)#/.test(translated) ? "\ntrue" : " || true"}` : translated;
    });
}

function scriptOf({ body, line }: JustRecipe, scope: Scope): string {
  const text = body.map((each) => each.text).join("\n");
  const [first = ""] = text.split("\n");
  const lineAt = (at: number) => body[text.slice(0, at).split("\n").length - 1]?.line ?? line;
  if (/\b(?:ba|da|z|k|a)?sh\b/.test(first)) return translate(text, scope, lineAt);
  const why = `in a script for \`${first.slice(2).trim()}\` is not translated: parameters are in its environment`;
  for (const { 0: whole, index } of text.matchAll(/\{\{.*?\}\}/g))
    scope.warn(`\`${whole}\` ${why}`, lineAt(index));
  return text;
}

/** The line of the Justfile that an index in a text belongs to. */
type LineAt = (at: number) => number;

const translate = (text: string, scope: Scope, lineAt: LineAt): string =>
  substitute(translateCalls(text, scope, lineAt), scope, lineAt);

/** Calls of just become calls of homelab. */
function translateCalls(text: string, { callees, warn }: Scope, lineAt: LineAt): string {
  let result = text;
  let next = text.length;
  for (const command of commandsOf(text).reverse()) {
    const at = wordsBefore(command.words);
    if (command.words[at] !== "just") continue;
    const words = command.words.slice(at);
    const isNested = command.to > next;
    const called = isNested ? "a call within a call" : callsOf(words, callees);
    if (typeof called === "string") {
      const written = text.slice(command.from, command.to);
      warn(`\`${written}\` is not translated: ${called}`, lineAt(command.from));
      continue;
    }
    next = command.from;
    const before = command.words.slice(0, at).map((word) => `${word} `);
    const isAlone = called.length === 1 || (isWhole(text, command) && at === 0);
    const joined = called.map((words) => `${before.join("")}${words}`).join(" && ");
    result = result.slice(0, command.from) + (isAlone ? joined : `{ ${joined}; }`) + result.slice(command.to);
  }
  return result;
}

const isWhole = (text: string, { from, to }: ShellCommand): boolean => text.slice(from, to) === text.trim();

/** What the words behind `just` mean: recipes one after another, each with its parameters. A text says why not. */
function callsOf([, ...written]: readonly string[], callees: Callees): string[] | string {
  const end = written.findIndex((word) => /^(?:\d*|&)[<>]/.test(word));
  const words = end < 0 ? written : written.slice(0, end);
  const option = words.find((word) => word.startsWith("-"));
  if (words.length === 0) return end < 0 ? ["homelab"] : "a redirection in front of it";
  if (words.length === 1 && /^(?:-l|--list)$/.test(option ?? "")) return ["homelab list"];
  if (option !== undefined && callees.find(words[0] ?? "") === undefined) return `the option \`${option}\``;
  const calls = recipesOf(words, callees);
  if (typeof calls === "string" || end < 0) return calls;
  if (calls.length > 1) return "a redirection behind several recipes";
  return [`${calls[0]} ${written.slice(end).join(" ")}`];
}

function recipesOf(words: readonly string[], callees: Callees): string[] | string {
  const calls: string[] = [];
  const services: string[] = [];
  const flush = () => {
    if (services.length > 0) calls.push(`homelab ensure ${services.splice(0).join(" ")}`);
  };
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    const callee = callees.find(word);
    if (callee?.kind === "service") {
      services.push(callee.name);
      continue;
    }
    flush();
    // `ensure-{{service}}`: which one is known when it is called.
    if (!callee && !/^(?:ensure|deploy|stop|restart|logs)-.*[{$]/.test(word))
      return `there is no recipe \`${word}\``;
    const params = callee?.params ?? [];
    const most = params.some((param) => param.variadic) ? words.length : params.length;
    const given = words.slice(at + 1, at + 1 + most);
    const values = callee ? valuesOf(callee, given, callees) : [];
    if (!values) return `\`${word}\` takes other words here`;
    calls.push(["homelab", callee?.words ?? word, ...values].join(" "));
    at += given.length;
  }
  flush();
  return calls;
}

/**
 * The words for a callee: a task gets all of its values, defaults where none were given, and those of a parameter
 * that takes several as one. Undefined where they cannot be put so.
 */
function valuesOf(
  { kind, params }: Callee,
  given: readonly string[],
  { variables }: Callees,
): string[] | undefined {
  const values: string[] = [];
  for (const [index, param] of params.entries()) {
    const own = param.variadic ? given.slice(index) : given.slice(index, index + 1);
    const [first] = own;
    if (first === undefined) {
      if (param.default === undefined) return undefined;
      if (kind === "task") values.push(quoteWord(variables.get(param.default) ?? param.default));
    } else if (own.length === 1 || kind !== "task") values.push(...own);
    else if (own.some((word) => quoteWord(word) !== word)) return undefined;
    else values.push(quoteWord(own.join(" ")));
  }
  // What begins with a dash would be taken for an option.
  return kind === "task" && values.some((value) => /^["']?-/.test(value)) ? ["--", ...values] : values;
}

/** A recipe that runs before or after, as a line of its own. */
function callLine({ name, args }: JustCall, scope: Scope, line: number): string {
  const callee = scope.callees.find(name);
  if (!callee) scope.warn(`there is no recipe \`${name}\`, which it calls`, line);
  const words = args.map((arg) => {
    const plain = /^(["'])(.*)\1$/s.exec(arg)?.[2] ?? scope.callees.variables.get(arg);
    if (plain !== undefined) return quoteWord(plain);
    const param = arg.replaceAll("-", "_");
    if (scope.params.has(param)) return `"$${param}"`;
    scope.warn(`\`${arg}\`, which \`${name}\` is given, is not translated`, line);
    return quoteWord(arg);
  });
  const values = callee ? valuesOf(callee, words, scope.callees) : words;
  if (!values) scope.warn(`\`${name}\` takes other words here than \`${args.join(" ")}\``, line);
  return ["homelab", callee?.words ?? name, ...(values ?? words)].join(" ");
}

/** Parameters become variables of the shell, texts of variables stand in their place, all else is a warning. */
function substitute(text: string, { params, callees, warn }: Scope, lineAt: LineAt): string {
  return text.replace(/\{\{\s*(.*?)\s*\}\}/g, (whole, expression: string, at: number) => {
    const name = expression.replaceAll("-", "_");
    if (params.has(name)) {
      const before = text.slice(text.lastIndexOf("\n", at) + 1, at).replace(/\\./g, "");
      const doubled = (before.match(/"/g)?.length ?? 0) % 2 === 1;
      if ((before.match(/'/g)?.length ?? 0) % 2 === 1 && !doubled)
        warn(`\`${whole}\` stands in single quotes, where the shell replaces nothing`, lineAt(at));
      return doubled ? `\${${name}}` : `"$${name}"`;
    }
    const value = callees.variables.get(expression);
    if (value !== undefined) return value;
    if (expression === "justfile_directory()") return "$HOMELAB_ROOT";
    warn(`\`${whole}\` is not translated`, lineAt(at));
    return whole;
  });
}
