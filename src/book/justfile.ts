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
  readonly needs: readonly string[];
  /** Recipes that run after it (`&&`). */
  readonly afterwards: readonly string[];
  /** Without the common indentation. */
  readonly body: readonly string[];
  /** The comment right above it. */
  readonly comment?: string | undefined;
}

export interface JustWarning {
  readonly line: number;
  readonly text: string;
}

export interface Justfile {
  readonly recipes: readonly JustRecipe[];
  /** Variables with a plain text as their value. */
  readonly variables: ReadonlyMap<string, string>;
  readonly warnings: readonly JustWarning[];
}

// What stands side by side in these never matches the same characters: else long lines would take for ever.
const HEADER = /^@?([A-Za-z_][\w-]*)((?:\s(?:[^:"']|"[^"]*"|'[^']*'|:=)*)?):(?!=)(.*)$/s;
const VARIABLE = /^(?:export\s+)?([A-Za-z_][\w-]*)\s*:=(.*)$/s;
const PLAIN_TEXT = /^(?:"([^"\\]*)"|'([^']*)')$/;
const SILENT_ATTRIBUTE = /^\[(?:private|no-cd|group\(.*\)|doc\(.*\))\]$/;
const PARAM = /([+*]?)\$?([A-Za-z_][\w-]*)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"']+))?/g;

/**
 * Reads a Justfile, as far as its recipes go. More forgiving than `just`: what cannot be understood is a warning with
 * its line. (Syntax: the grammar in the manual of just.)
 */
export function parseJustfile(text: string): Justfile {
  const recipes: JustRecipe[] = [];
  const variables = new Map<string, string>();
  const warnings: JustWarning[] = [];
  const lines = logicalLines(text);
  let comment: string | undefined;
  for (let i = 0; i < lines.length; i++) {
    const { line, text: written } = lines[i] as LogicalLine;
    const header = HEADER.exec(written);
    if (written.startsWith("#")) {
      comment = written.replace(/^#+\s*/, "");
      continue;
    }
    if (written.startsWith("[")) {
      if (!SILENT_ATTRIBUTE.test(written))
        warnings.push({ line, text: `the attribute ${written} is left out` });
      continue;
    }
    if (header && !VARIABLE.test(written)) {
      const end = bodyEnd(lines, i + 1);
      const body = outdent(lines.slice(i + 1, end).map((each) => each.text));
      recipes.push({ ...readHeader(header), line, body, comment });
      i = end - 1;
    } else readOther(written, line, variables, warnings);
    comment = undefined;
  }
  return { recipes, variables, warnings };
}

interface LogicalLine {
  /** Where it begins, counted from 1. */
  readonly line: number;
  readonly text: string;
}

/** The lines of a text, those that end with a backslash joined with the next. */
function logicalLines(text: string): LogicalLine[] {
  const result: LogicalLine[] = [];
  let open: LogicalLine | undefined;
  text.split(/\r?\n/).forEach((raw, index) => {
    const begun: LogicalLine | undefined = open;
    const whole: string = begun ? begun.text + raw.trimStart() : raw;
    const line = begun?.line ?? index + 1;
    const continues = whole.endsWith("\\");
    open = continues ? { line, text: `${whole.slice(0, -1).trimEnd()} ` } : undefined;
    if (!continues) result.push({ line, text: whole.trimEnd() });
  });
  return open ? [...result, open] : result;
}

/** The first line behind a body: one that is neither indented nor empty. */
function bodyEnd(lines: readonly LogicalLine[], start: number): number {
  let end = start;
  while (end < lines.length && /^(?:\s|$)/.test(lines[end]?.text ?? "")) end++;
  return end;
}

/** What is neither a recipe nor a comment: variables are kept, all else is told of. */
function readOther(
  written: string,
  line: number,
  variables: Map<string, string>,
  warnings: JustWarning[],
): void {
  if (written === "") return;
  if (VARIABLE.test(written)) readVariable(written, line, variables, warnings);
  else if (/^\s/.test(written)) warnings.push({ line, text: "an indented line that belongs to no recipe" });
  else if (/^(?:set|alias|import|mod)\b/.test(written))
    warnings.push({ line, text: `\`${written}\` is left out` });
  else warnings.push({ line, text: `\`${written}\` is not understood and left out` });
}

function readVariable(
  written: string,
  line: number,
  variables: Map<string, string>,
  warnings: JustWarning[],
): void {
  const [, name = "", value = ""] = VARIABLE.exec(written) ?? [];
  const plain = PLAIN_TEXT.exec(value.trim());
  if (plain) variables.set(name, plain[1] ?? plain[2] ?? "");
  else warnings.push({ line, text: `the value of \`${name}\` is computed, and left out` });
}

function readHeader([, name = "", params = "", rest = ""]: RegExpExecArray): Pick<
  JustRecipe,
  "name" | "params" | "needs" | "afterwards"
> {
  const [before = "", after = ""] = rest.replace(/#.*$/, "").split("&&");
  const names = (text: string) =>
    [...text.matchAll(/\(\s*([\w-]+)[^()]*\)|([\w-]+)/g)].map((match) => match[1] ?? match[2] ?? "");
  return {
    name,
    params: [...params.matchAll(PARAM)].map(([, sign, param = "", value]) => ({
      name: param,
      default: value?.replace(/^(["'])(.*)\1$/, "$2"),
      variadic: sign !== "",
    })),
    needs: names(before),
    afterwards: names(after),
  };
}

/** Takes the indentation of the first line away from all, and empty lines from both ends. */
function outdent(body: readonly string[]): string[] {
  const first = body.find((each) => each.trim() !== "") ?? "";
  const indent = /^\s*/.exec(first)?.[0] ?? "";
  const lines = body.map((each) => (each.startsWith(indent) ? each.slice(indent.length) : each.trimStart()));
  while (lines.length > 0 && lines[0]?.trim() === "") lines.shift();
  while (lines.length > 0 && lines.at(-1)?.trim() === "") lines.pop();
  return lines;
}
