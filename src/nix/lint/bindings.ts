import type { Token } from "./tokens.ts";

/** `a.b = value;`, with where it stands among the tokens. */
export interface Binding {
  /** Attribute names from the outermost set on that it is the value of; `*` for one that is computed. */
  readonly path: readonly string[];
  /** First token of the name, first of the value, and the one behind the value. */
  readonly name: number;
  readonly value: number;
  readonly end: number;
}

interface Frame {
  /** What opened it: a bracket, or `let`. */
  readonly open: string;
  readonly prefix: readonly string[];
  /** Where a name may begin: behind the bracket and behind each `;`. */
  fresh: boolean;
  /** `;` that are to come of `with` and `assert`, and end no binding. */
  inner: number;
  binding: Omit<Binding, "end"> | undefined;
}

const OPENS = /^(?:\$?\{|\[|\()$/;
const CLOSES: Readonly<Record<string, string>> = { "}": "{", "]": "[", ")": "(" };

/**
 * All bindings of sets and of `let`, whatever functions (`mkIf`, `mkMerge`, `//`) stand around the sets: their names
 * go on from that of the binding around them. Names of `let` begin anew.
 */
export const bindingsOf = (tokens: readonly Token[]): Binding[] => new Outline(tokens).read();

class Outline {
  private readonly found: Binding[] = [];
  private readonly frames: Frame[] = [frame("", [])];

  constructor(private readonly tokens: readonly Token[]) {}

  read(): Binding[] {
    for (let at = 0; at < this.tokens.length; ) at = this.step(at);
    while (this.frames.length > 0) this.leave(this.tokens.length);
    return this.found.sort((a, b) => a.name - b.name);
  }

  private get top(): Frame {
    return this.frames.at(-1) as Frame;
  }

  /** Takes a token, or a name with its `=`; gives where the next one is. */
  private step(at: number): number {
    const { kind, text } = this.tokens[at] as Token;
    const current = this.top;
    const named = current.fresh ? nameAt(this.tokens, at) : undefined;
    current.fresh = false;
    if (named) {
      current.binding = { path: [...current.prefix, ...named.path], name: at, value: named.next };
      return named.next;
    }
    if (kind === "id") this.keyword(text, at);
    else if (kind === "op" && OPENS.test(text))
      this.frames.push(frame(text, current.binding?.path ?? current.prefix));
    else if (kind === "op" && text in CLOSES) this.close(at, CLOSES[text] as string);
    else if (kind === "op" && text === ";") this.semicolon(at);
    return at + 1;
  }

  private keyword(text: string, at: number): void {
    if (text === "let" && !isOp(this.tokens[at + 1], "{")) this.frames.push(frame("let", []));
    else if (text === "in") this.close(at, "let");
    else if (text === "with" || text === "assert") this.top.inner++;
  }

  private semicolon(at: number): void {
    if (this.top.inner > 0) {
      this.top.inner--;
      return;
    }
    this.finish(at);
    this.top.fresh = isSet(this.top);
  }

  private close(end: number, open: string): void {
    const index = this.frames.findLastIndex((each) => isOpenedBy(each, open));
    while (index > 0 && this.frames.length > index) this.leave(end);
  }

  private leave(end: number): void {
    this.finish(end);
    this.frames.pop();
  }

  private finish(end: number): void {
    const { binding } = this.top;
    if (binding) this.found.push({ ...binding, end });
    this.top.binding = undefined;
  }
}

const isSet = ({ open }: Pick<Frame, "open">): boolean => open === "{" || open === "let";

const isOpenedBy = (each: Frame, open: string): boolean =>
  each.open === open || (open === "{" && each.open === "${");

const frame = (open: string, prefix: readonly string[]): Frame => ({
  open,
  prefix,
  fresh: isSet({ open }),
  inner: 0,
  binding: undefined,
});

export const isOp = (token: Token | undefined, text: string): boolean =>
  token?.kind === "op" && token.text === text;

export const isId = (token: Token | undefined, text: string): boolean =>
  token?.kind === "id" && token.text === text;

/** An attribute path with `=` behind it. */
function nameAt(tokens: readonly Token[], from: number): { path: string[]; next: number } | undefined {
  const path: string[] = [];
  for (let at = from; ; at++) {
    const part = tokens[at];
    if (part?.kind === "id" || part?.kind === "string") path.push(part.text);
    else if (part?.kind === "begin" || isOp(part, "${")) {
      path.push("*");
      at = closing(tokens, at);
    } else return undefined;
    at++;
    if (isOp(tokens[at], "=")) return { path, next: at + 1 };
    if (!isOp(tokens[at], ".")) return undefined;
  }
}

/** The token that closes what the one at `from` opens; behind the last one when nothing does. */
export function closing(tokens: readonly Token[], from: number): number {
  let depth = 0;
  for (let at = from; at < tokens.length; at++) {
    const { kind, text } = tokens[at] as Token;
    if (kind === "begin" || (kind === "op" && OPENS.test(text))) depth++;
    else if (kind === "end" || (kind === "op" && text in CLOSES)) depth--;
    if (depth <= 0) return at;
  }
  return tokens.length;
}

const NO_ARGUMENT = new Set(["then", "else", "in", "if", "let", "with", "assert", "inherit", "or"]);

/** The token behind the argument of a function that begins at `from`; `from` itself when there is none. */
export function behindArgument(tokens: readonly Token[], from: number): number {
  const token = tokens[from];
  if (!token || (token.kind === "id" && NO_ARGUMENT.has(token.text))) return from;
  let at = from;
  if (isId(token, "rec")) at = closing(tokens, at + 1) + 1;
  else if (token.kind === "begin" || (token.kind === "op" && /^[{[(]$/.test(token.text)))
    at = closing(tokens, at) + 1;
  else if (token.kind === "path") at = behindPath(tokens, at);
  else if (token.kind === "op" || token.kind === "part" || token.kind === "end") return from;
  else at++;
  while (isOp(tokens[at], ".")) {
    const next = tokens[at + 1];
    const computed = next?.kind === "begin" || isOp(next, "${");
    at = computed ? closing(tokens, at + 1) + 1 : at + 2;
  }
  return Math.min(isId(tokens[at], "or") ? behindArgument(tokens, at + 1) : at, tokens.length);
}

/** A path with expressions consists of several tokens without space between them. */
function behindPath(tokens: readonly Token[], from: number): number {
  let at = from + 1;
  for (;;) {
    const [before, next] = [tokens[at - 1], tokens[at]];
    if (next?.at !== before?.end) return at;
    if (isOp(next, "${")) at = closing(tokens, at) + 1;
    else if (next?.kind === "path") at++;
    else return at;
  }
}
