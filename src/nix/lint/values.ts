import { type Binding, behindArgument, closing, isId, isOp } from "./bindings.ts";
import type { Token } from "./tokens.ts";

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
  let [from, to] = [value, end];
  for (;;) {
    [from, to] = withoutParentheses(tokens, from, to);
    if (to - from === 1) return tokens[from];
    const called = isId(tokens[from], "lib") && isOp(tokens[from + 1], ".") ? from + 2 : from;
    const name = tokens[called]?.kind === "id" ? (tokens[called] as Token).text : "";
    if (!Object.hasOwn(WRAPPERS, name) || called >= to - 1) return undefined;
    from = called + 1;
    if (WRAPPERS[name] === 1) from = behindArgument(tokens, from);
    if (from >= to) return undefined;
  }
}

/** The range of tokens without parentheses around all of it. */
export function withoutParentheses(tokens: readonly Token[], from: number, to: number): [number, number] {
  while (to - from > 2 && isOp(tokens[from], "(") && closing(tokens, from) === to - 1)
    [from, to] = [from + 1, to - 1];
  return [from, to];
}
