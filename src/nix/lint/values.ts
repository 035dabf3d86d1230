import { type Binding, behindArgument, closing, isId, isOp } from "./bindings.ts";
import type { Token } from "./tokens.ts";

/** Tokens from one place up to, and without, another. */
export type Range = readonly [from: number, to: number];

/** What says how much a value counts, or when, and leaves it as it is. */
const WRAPPERS: Readonly<Record<string, number>> = {
  mkForce: 0,
  mkDefault: 0,
  mkOptionDefault: 0,
  mkVMOverride: 0,
  mkImageMediaOverride: 0,
  mkOverride: 1,
  mkIf: 1,
};

/** The one token that a value consists of, without parentheses and `lib.mkForce`; undefined when it is more. */
export function plainValue(tokens: readonly Token[], { value, end }: Binding): Token | undefined {
  const [from, to] = unwrapped(tokens, value, end);
  return to - from === 1 ? tokens[from] : undefined;
}

/** What an expression may be: the branches of `if`, what stands behind `or`, and itself when it has none. */
export function alternatives(tokens: readonly Token[], from: number, to: number): Range[] {
  const [first, last] = unwrapped(tokens, from, to);
  if (isId(tokens[first], "if")) {
    // The branches of others come in between, each with its own words.
    const other = seek(tokens, first + 1, last, "else", "if");
    const then = other === undefined ? undefined : seek(tokens, first + 1, other, "then", "if");
    if (other === undefined || then === undefined) return [];
    return [...alternatives(tokens, then + 1, other), ...alternatives(tokens, other + 1, last)];
  }
  const body = bodyOf(tokens, first, last);
  if (body !== undefined) return alternatives(tokens, body, last);
  const or = behindArgument(tokens, first) >= last ? seek(tokens, first, last, "or") : undefined;
  if (or === undefined || or === first) return [[first, last]];
  return [[first, or], ...alternatives(tokens, or + 1, last)];
}

/** Where what `let`, `with` or `assert` stand in front of begins. */
function bodyOf(tokens: readonly Token[], from: number, to: number): number | undefined {
  let behind: number | undefined;
  if (isId(tokens[from], "let")) behind = seek(tokens, from + 1, to, "in", "let");
  if (isId(tokens[from], "with") || isId(tokens[from], "assert")) behind = seek(tokens, from, to, ";");
  return behind === undefined ? undefined : behind + 1;
}

/** The word that is not inside of brackets, nor belongs to one of the words `opens` on the way. */
function seek(
  tokens: readonly Token[],
  from: number,
  to: number,
  word: string,
  opens?: string,
): number | undefined {
  let open = 0;
  for (let at = from; at < to; at++) {
    const token = tokens[at];
    if (token?.kind === "begin" || (token?.kind === "op" && /^(?:\$?\{|\[|\()$/.test(token.text)))
      at = closing(tokens, at);
    else if (opens !== undefined && isId(token, opens)) open++;
    else if (isId(token, word) || isOp(token, word)) {
      if (open === 0) return at;
      open--;
    }
  }
  return undefined;
}

/** The range without parentheses and what says how much it counts. */
function unwrapped(tokens: readonly Token[], from: number, to: number): Range {
  const [first, last] = withoutParentheses(tokens, from, to);
  const called = isId(tokens[first], "lib") && isOp(tokens[first + 1], ".") ? first + 2 : first;
  const name = tokens[called]?.kind === "id" ? (tokens[called] as Token).text : "";
  if (!Object.hasOwn(WRAPPERS, name) || called >= last - 1) return [first, last];
  const value = WRAPPERS[name] === 1 ? behindArgument(tokens, called + 1) : called + 1;
  return value >= last ? [first, last] : unwrapped(tokens, value, last);
}

/** The range of tokens without parentheses around all of it. */
export function withoutParentheses(tokens: readonly Token[], from: number, to: number): Range {
  let [first, last] = [from, to];
  while (last - first > 2 && isOp(tokens[first], "(") && closing(tokens, first) === last - 1)
    [first, last] = [first + 1, last - 1];
  return [first, last];
}
