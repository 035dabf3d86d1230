/** How a variable is used in a compose file. */
export interface Reference {
  readonly name: string;
  /** Set for `${X:?text}` and `${X?text}`: the variable must be there. */
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
  let result = "";
  for (let at = 0; at < text.length; ) {
    const dollar = text.indexOf("$", at);
    if (dollar < 0) return result + text.slice(at);
    result += text.slice(at, dollar);
    const part = variableAt(text, dollar, lookup, onReference);
    result += part.value;
    at = part.end;
  }
  return result;
}

function variableAt(
  text: string,
  dollar: number,
  lookup: Lookup,
  onReference: ((reference: Reference) => void) | undefined,
): { value: string; end: number } {
  if (text[dollar + 1] === "$") return { value: "$", end: dollar + 2 };
  const braced = text[dollar + 1] === "{";
  NAME.lastIndex = dollar + (braced ? 2 : 1);
  const name = NAME.exec(text)?.[0];
  if (name === undefined) return { value: "$", end: dollar + 1 };
  const afterName = NAME.lastIndex;
  if (!braced) {
    onReference?.({ name, bare: true });
    return { value: lookup(name) ?? "", end: afterName };
  }
  const close = closingBrace(text, dollar + 2);
  if (close < 0) return { value: text.slice(dollar), end: text.length };
  const rest = text.slice(afterName, close);
  return { value: expand(name, rest, lookup, onReference), end: close + 1 };
}

function expand(
  name: string,
  rest: string,
  lookup: Lookup,
  onReference: ((reference: Reference) => void) | undefined,
): string {
  const operator = OPERATORS.find((candidate) => rest.startsWith(candidate));
  const argument = operator ? rest.slice(operator.length) : "";
  const raw = lookup(name);
  const nonEmpty = operator?.startsWith(":") ?? false;
  const value = nonEmpty && raw === "" ? undefined : raw;
  const inner = () => interpolate(argument, lookup, onReference);
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
