/** A line of a Justfile's recipe. */
export interface JustLine {
  /** Counted from 1. */
  readonly line: number;
  /** Without the common indentation. */
  readonly text: string;
}

/** A recipe that another one names, with what it is given: `(notify "x")`. */
export interface JustCall {
  readonly name: string;
  /** Expressions as written. */
  readonly args: readonly string[];
}

/** A recipe of a Justfile as it is written. */
export interface JustRecipe {
  readonly name: string;
  /** Of its header, counted from 1. */
  readonly line: number;
  readonly params: readonly {
    readonly name: string;
    readonly default?: string | undefined;
    readonly variadic: boolean;
  }[];
  /** Recipes that run before it. */
  readonly needs: readonly JustCall[];
  /** Recipes that run after it (`&&`). */
  readonly afterwards: readonly JustCall[];
  readonly body: readonly JustLine[];
  /** The comment right above it. */
  readonly comment?: string | undefined;
  /** The question of its attribute `[confirm]`. */
  readonly confirm?: string | undefined;
}

export interface JustWarning {
  readonly line: number;
  readonly text: string;
}

export interface Justfile {
  readonly recipes: readonly JustRecipe[];
  /** Variables with a plain text as their value. */
  readonly variables: ReadonlyMap<string, string>;
  /** Other names of recipes. */
  readonly aliases: ReadonlyMap<string, string>;
  readonly warnings: readonly JustWarning[];
}

/** Characters of a line that is still looked at. */
const LONGEST_LINE = 4_000;
// What stands side by side in these never matches the same characters: else long lines would take for ever.
const HEADER = /^@?([A-Za-z_][\w-]*)((?:\s(?:[^:"']|"[^"]*"|'[^']*'|:=)*)?):(?!=)(.*)$/s;
const VARIABLE = /^(export\s+)?([A-Za-z_][\w-]*)\s*:=(.*)$/s;
const PLAIN_TEXT = /^(?:"([^"\\]*)"|'([^']*)')(?:\s+#.*)?$/;
const ALIAS = /^alias\s+([\w-]+)\s*:=\s*([\w-]+)/;
const SILENT_ATTRIBUTE = /^\[(?:private|group\(.*\)|group: .*|doc\(.*\)|doc: .*)\]$/;
const CONFIRM = /^\[confirm(?:(?:\(|:\s*)(["'])(.*)\1\)?)?\]$/;
const PARAM = /([+*]?)\$?([A-Za-z_][\w-]*)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"']+))?/g;

/**
 * Reads a Justfile, as far as its recipes go. More forgiving than `just`: what cannot be understood is a warning with
 * its line. (Syntax: the grammar in the manual of just.)
 */
export function parseJustfile(text: string): Justfile {
  const recipes: JustRecipe[] = [];
  const others: Others = { variables: new Map(), aliases: new Map(), warnings: [] };
  const lines = shortEnough(logicalLines(text), others.warnings);
  let comment: string | undefined;
  let confirm: string | undefined;
  for (let i = 0; i < lines.length; i++) {
    const { line, text: written } = lines[i] as JustLine;
    const header = HEADER.exec(written);
    if (written.startsWith("#")) {
      comment = written.replace(/^#+\s*/, "");
      continue;
    }
    if (written.startsWith("[")) {
      const question = CONFIRM.exec(written);
      if (question) confirm = question[2] ?? "Run it?";
      else if (!SILENT_ATTRIBUTE.test(written))
        others.warnings.push({ line, text: `the attribute ${written} is left out` });
      continue;
    }
    if (header && !VARIABLE.test(written)) {
      const end = bodyEnd(lines, i + 1);
      recipes.push({ ...readHeader(header), line, body: outdent(lines.slice(i + 1, end)), comment, confirm });
      i = end - 1;
    } else readOther(written, line, others);
    comment = undefined;
    confirm = undefined;
  }
  return { recipes, ...others };
}

/** Without the lines that nobody writes, and that would take long to understand. */
function shortEnough(lines: readonly JustLine[], warnings: JustWarning[]): JustLine[] {
  return lines.filter(({ line, text }) => {
    if (text.length <= LONGEST_LINE) return true;
    warnings.push({ line, text: `a line of ${text.length} characters is left out` });
    return false;
  });
}

/** The lines of a text, those that end with a backslash joined with the next. */
function logicalLines(text: string): JustLine[] {
  const result: JustLine[] = [];
  let open: JustLine | undefined;
  text.split(/\r?\n/).forEach((raw, index) => {
    const begun: JustLine | undefined = open;
    const whole: string = begun ? begun.text + raw.trimStart() : raw;
    const line = begun?.line ?? index + 1;
    const continues = whole.endsWith("\\");
    open = continues ? { line, text: `${whole.slice(0, -1).trimEnd()} ` } : undefined;
    if (!continues) result.push({ line, text: whole.trimEnd() });
  });
  return open ? [...result, open] : result;
}

/** The first line behind a body: one that is neither indented nor empty. */
function bodyEnd(lines: readonly JustLine[], start: number): number {
  let end = start;
  while (end < lines.length && /^(?:\s|$)/.test(lines[end]?.text ?? "")) end++;
  return end;
}

interface Others {
  readonly variables: Map<string, string>;
  readonly aliases: Map<string, string>;
  readonly warnings: JustWarning[];
}

/** What is neither a recipe nor a comment: variables and aliases are kept, all else is told of. */
function readOther(written: string, line: number, { variables, aliases, warnings }: Others): void {
  if (written === "") return;
  const warn = (text: string) => warnings.push({ line, text });
  const alias = ALIAS.exec(written);
  const variable = VARIABLE.exec(written);
  if (alias) {
    const [, name = "", target = ""] = alias;
    aliases.set(name, target);
    warn(`the alias \`${name}\` is left out: call \`${target}\` by its own name`);
  } else if (variable) {
    const [, exported, name = "", value = ""] = variable;
    const plain = PLAIN_TEXT.exec(value.trim());
    if (plain) variables.set(name, plain[1] ?? plain[2] ?? "");
    else warn(`the value of \`${name}\` is computed, and left out`);
    if (exported) warn(`\`export\` of \`${name}\` is left out: no task and no service gets the variable`);
  } else if (/^\s/.test(written)) warn("an indented line that belongs to no recipe");
  else if (/^(?:set|import|mod|unexport)\b/.test(written)) warn(`\`${written}\` is left out`);
  else warn(`\`${written}\` is not understood and left out`);
}

const CALL = /\(\s*([\w-]+)((?:[^()"']|"[^"]*"|'[^']*'|\([^()]*\))*)\)|([\w-]+)|(&&)|#.*$/g;
const ARGUMENT = /"[^"]*"|'[^']*'|[\w-]+\([^()]*\)|[^\s"']+/g;

function readHeader([, name = "", params = "", rest = ""]: RegExpExecArray): Pick<
  JustRecipe,
  "name" | "params" | "needs" | "afterwards"
> {
  const needs: JustCall[] = [];
  const afterwards: JustCall[] = [];
  let list = needs;
  for (const [whole, called, args = "", plain, and] of rest.matchAll(CALL)) {
    if (whole.startsWith("#")) break;
    if (and) list = afterwards;
    else list.push({ name: called ?? plain ?? "", args: args.match(ARGUMENT) ?? [] });
  }
  return {
    name,
    params: [...params.matchAll(PARAM)].map(([, sign, param = "", value]) => ({
      name: param,
      default: value?.replace(/^(["'])(.*)\1$/, "$2") ?? (sign === "*" ? "" : undefined),
      variadic: sign !== "",
    })),
    needs,
    afterwards,
  };
}

/** Takes the indentation of the first line away from all, and empty lines from both ends. */
function outdent(body: readonly JustLine[]): JustLine[] {
  const first = body.find((each) => each.text.trim() !== "")?.text ?? "";
  const indent = /^\s*/.exec(first)?.[0] ?? "";
  const lines = body.map(({ line, text }) => ({
    line,
    text: text.startsWith(indent) ? text.slice(indent.length) : text.trimStart(),
  }));
  while (lines[0]?.text.trim() === "") lines.shift();
  while (lines.at(-1)?.text.trim() === "") lines.pop();
  return lines;
}
