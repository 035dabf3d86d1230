/** Defaults in defaults are looked into this far: no file has more, and what is deeper stays as it is written. */
const DEEPEST = 30;

/** How a variable is used in a compose file. */
export interface Reference {
  readonly name: string;
  /**
   * Set for `${X:?text}` and `${X?text}`: the variable must be there. The text is as it is written: what variables
   * in it stand for may be secret.
   */
  readonly required?: { readonly text: string; readonly nonEmpty: boolean } | undefined;
  /** Set for `$X` and `${X}`: unset, it becomes empty without a word. */
  readonly bare?: boolean | undefined;
}

type Lookup = (name: string) => string | undefined;

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const OPERATORS = [":-", ":?", ":+", "-", "?", "+"] as const;

/**
 * Replaces variables as compose does: `$X`, `${X}`, `${X:-default}`, `${X-default}`, `${X:?text}`, `${X?text}`,
 * `${X:+other}`, `${X+other}`, with nesting, and `$$` for a dollar sign. Unset variables become empty.
 * `onReference` is told of every variable that is used, those in branches that are not taken left out.
 * Source: the compose specification, "Interpolation".
 */
export function interpolate(
  text: string,
  lookup: Lookup,
  onReference?: (reference: Reference) => void,
): string {
  return replace(text, { lookup, onReference, depth: 0 });
}

interface Scope {
  readonly lookup: Lookup;
  readonly onReference: ((reference: Reference) => void) | undefined;
  readonly depth: number;
}

function replace(text: string, scope: Scope): string {
  if (scope.depth > DEEPEST) return text;
  let result = "";
  for (let at = 0; at < text.length; ) {
    const dollar = text.indexOf("$", at);
    if (dollar < 0) return result + text.slice(at);
    result += text.slice(at, dollar);
    const part = variableAt(text, dollar, scope);
    result += part.value;
    at = part.end;
  }
  return result;
}

function variableAt(text: string, dollar: number, scope: Scope): { value: string; end: number } {
  if (text[dollar + 1] === "$") return { value: "$", end: dollar + 2 };
  const braced = text[dollar + 1] === "{";
  NAME.lastIndex = dollar + (braced ? 2 : 1);
  const name = NAME.exec(text)?.[0];
  if (name === undefined) return { value: "$", end: dollar + 1 };
  const afterName = NAME.lastIndex;
  if (!braced) {
    scope.onReference?.({ name, bare: true });
    return { value: scope.lookup(name) ?? "", end: afterName };
  }
  const close = closingBrace(text, dollar + 2);
  if (close < 0) return { value: text.slice(dollar), end: text.length };
  const rest = text.slice(afterName, close);
  return { value: expand(name, rest, scope), end: close + 1 };
}

function expand(name: string, rest: string, scope: Scope): string {
  const { lookup, onReference } = scope;
  const operator = OPERATORS.find((candidate) => rest.startsWith(candidate));
  const argument = operator ? rest.slice(operator.length) : "";
  const raw = lookup(name);
  const nonEmpty = operator?.startsWith(":") ?? false;
  const value = nonEmpty && raw === "" ? undefined : raw;
  const inner = () => replace(argument, { ...scope, depth: scope.depth + 1 });
  switch (operator?.at(-1)) {
    case "?":
      // As written: what its variables hold may be secret, and this is shown.
      onReference?.({ name, required: { text: argument, nonEmpty } });
      return value ?? "";
    case "-":
      onReference?.({ name });
      return value ?? inner();
    case "+":
      onReference?.({ name });
      return value === undefined ? "" : inner();
    default:
      onReference?.({ name, bare: true });
      return raw ?? "";
  }
}

/** Braces inside of an argument come in pairs (`${X:-{"a": 1}}`); where they do not, the first one closes. */
function closingBrace(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "{") depth++;
    else if (text[at] === "}" && --depth === 0) return at;
  }
  return text.indexOf("}", from);
}
