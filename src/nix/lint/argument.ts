import { behindArgument, closing, isId, isOp } from "./bindings.ts";
import { attributeSecrecy, pathSecrecy, type Secrecy } from "./secrets.ts";
import type { Token } from "./tokens.ts";
import { alternatives, type Range, withoutParentheses } from "./values.ts";

/** Functions that read a file while the configuration is evaluated. */
export const READERS: ReadonlySet<string> = new Set(["readFile", "fileContents", "importJSON", "importTOML"]);

/**
 * The argument of a function whose name is at `name`: behind it, also where parentheses are around the name, behind
 * `<|`, or in front of `|>`. Undefined when there is none.
 */
export function argumentOf(tokens: readonly Token[], name: number): Range | undefined {
  let [first, behind] = [headOf(tokens, name), name + 1];
  while (isOp(tokens[first - 1], "(") && isOp(tokens[behind], ")")) {
    first--;
    behind++;
  }
  const end = behindArgument(tokens, behind);
  if (end > behind) return [behind, end];
  if (isOp(tokens[behind], "<|")) return [behind + 1, endOf(tokens, behind + 1)];
  if (!isOp(tokens[first - 1], "|>")) return undefined;
  const beginning = beginningOf(tokens, first - 1);
  // In a chain it is given the result of another function.
  return isOp(tokens[beginning - 1], "|>") ? undefined : [beginning, first - 1];
}

/** Where the attribute path begins that a name ends: `builtins` of `builtins.readFile`. */
function headOf(tokens: readonly Token[], name: number): number {
  let at = name;
  while (isOp(tokens[at - 1], ".") && tokens[at - 2]?.kind === "id") at -= 2;
  return at;
}

const OPENS = /^(?:\$?\{|\[|\()$/;
const CLOSES = /^[}\])]$/;
const BORDERS = /^(?:;|,|=|:|\|>|<\||&&|\|\||->|==|!=|\/\/|\+\+)$/;
const BORDER_WORDS = new Set(["then", "else", "in", "if", "let", "with", "assert"]);

const isBorder = ({ kind, text }: Token): boolean =>
  (kind === "op" && BORDERS.test(text)) || (kind === "id" && BORDER_WORDS.has(text));

function endOf(tokens: readonly Token[], from: number): number {
  for (let at = from; at < tokens.length; at++) {
    const token = tokens[at] as Token;
    if (token.kind === "begin" || (token.kind === "op" && OPENS.test(token.text))) at = closing(tokens, at);
    else if (token.kind === "end" || isBorder(token) || (token.kind === "op" && CLOSES.test(token.text)))
      return at;
  }
  return tokens.length;
}

/** Where the expression begins that ends at `to`. */
function beginningOf(tokens: readonly Token[], to: number): number {
  let depth = 0;
  for (let at = to - 1; at >= 0; at--) {
    const token = tokens[at] as Token;
    if (token.kind === "end" || (token.kind === "op" && CLOSES.test(token.text))) depth++;
    else if (token.kind === "begin" || (token.kind === "op" && OPENS.test(token.text))) depth--;
    if (depth < 0 || (depth === 0 && isBorder(token))) return at + 1;
  }
  return 0;
}

export interface Secret {
  readonly secrecy: Secrecy;
  /** How it may be called in a message: a path or the names of an attribute, and no other text. */
  readonly what: string;
}

/** The secret that an argument is the path of; undefined when nothing looks like one. */
export function secretIn(tokens: readonly Token[], [from, to]: Range): Secret | undefined {
  const found = alternatives(tokens, from, to).map((each) => secretOf(tokens, each));
  return found.find((each) => each?.secrecy === "surely") ?? found.find((each) => each !== undefined);
}

/** Functions whose result is the path that they are given. */
const TO_PATH = new Set(["toString", "toPath"]);
/** What a path may consist of, and a text with a secret in it mostly has more of. */
const PATH_TEXT = /^[\w@%+,.~/-]{1,256}$/;

/** What is known of a path: its text, with `…` for what is computed, and the attributes that are in it. */
interface Pieces {
  text: string;
  readonly attributes: string[][];
  /** Whether some of its text is of no path. */
  strange: boolean;
}

const noPieces = (): Pieces => ({ text: "", attributes: [], strange: false });

function secretOf(tokens: readonly Token[], range: Range): Secret | undefined {
  const [from, to] = withoutParentheses(tokens, ...range);
  if (isOp(tokens[from], "[") && closing(tokens, from) === to - 1) return firstOf(tokens, from + 1, to - 1);
  const pieces = noPieces();
  if (!collect(tokens, [from, to], pieces) || pieces.strange) return undefined;
  const { text, attributes } = pieces;
  const known = attributes.map((names) => [attributeSecrecy(names), names] as const);
  const secrecy = pathSecrecy(text);
  const managed = known.find(([each]) => each === "surely") ?? known.find(([each]) => each !== undefined);
  if (secrecy === "surely" || (secrecy && managed?.[0] !== "surely")) return { secrecy, what: text };
  // `${cfg.secretsDir}/ca.crt`: the end of a path says what it is.
  if (!managed?.[0] || /\.(?:pub|crt|cer)$/.test(text)) return undefined;
  return { secrecy: managed[0], what: shown(managed[1]) };
}

/** Of a list: what a function like `map` gives the elements of one after the other. */
function firstOf(tokens: readonly Token[], from: number, to: number): Secret | undefined {
  for (let at = from; at < to; ) {
    const behind = Math.max(behindArgument(tokens, at), at + 1);
    const secret = secretIn(tokens, [at, behind]);
    if (secret) return secret;
    at = behind;
  }
  return undefined;
}

/** Adds what an expression says of a path; false when it is none, but a call or something else that is computed. */
function collect(tokens: readonly Token[], range: Range, pieces: Pieces): boolean {
  let [at, to] = withoutParentheses(tokens, ...range);
  while (at < to) {
    const call = headEnd(tokens, at);
    if (call !== undefined && behindArgument(tokens, call) > call) at = call;
    const behind = behindArgument(tokens, at);
    if (behind <= at || behind > to || !operand(tokens, [at, behind], pieces)) return false;
    if (behind < to && !isOp(tokens[behind], "+")) return false;
    at = behind + 1;
  }
  return true;
}

/** Behind the name of a function that gives what it is given; undefined when there is none of these. */
function headEnd(tokens: readonly Token[], at: number): number | undefined {
  const name = isOp(tokens[at + 1], ".") ? at + 2 : at;
  return tokens[name]?.kind === "id" && TO_PATH.has((tokens[name] as Token).text) ? name + 1 : undefined;
}

function operand(tokens: readonly Token[], [from, to]: Range, pieces: Pieces): boolean {
  const { kind } = tokens[from] as Token;
  if (isOp(tokens[from], "(") && closing(tokens, from) === to - 1)
    return inner(tokens, [from + 1, to - 1], pieces);
  if (kind === "path" || kind === "begin") return mixture(tokens, [from, to], pieces);
  if (kind === "string" && to - from === 1) return literal(tokens[from] as Token, pieces);
  if (kind !== "id" || isId(tokens[from], "rec")) return false;
  pieces.attributes.push(namesOf(tokens, from, to));
  return unknown(pieces);
}

/** A path or a string with expressions in it. */
function mixture(tokens: readonly Token[], [from, to]: Range, pieces: Pieces): boolean {
  for (let at = from; at < to; at++) {
    const token = tokens[at] as Token;
    if (token.kind === "path" || token.kind === "part") literal(token, pieces);
    if (!isOp(token, "${")) continue;
    const end = closing(tokens, at);
    inner(tokens, [at + 1, end], pieces);
    at = end;
  }
  return true;
}

/** Adds what an expression inside of another one says; one that is no path may be anything. */
function inner(tokens: readonly Token[], range: Range, pieces: Pieces): true {
  const [only, another] = alternatives(tokens, ...range);
  const found = noPieces();
  if (!only || another || !collect(tokens, only, found)) return unknown(pieces);
  pieces.text += found.text;
  pieces.attributes.push(...found.attributes);
  pieces.strange ||= found.strange;
  return true;
}

function literal({ kind, text }: Token, pieces: Pieces): true {
  const path = text.trim();
  // A string alone is the path of a file only when it begins at the root.
  const begins = kind === "path" || pieces.text !== "" || /^[/~]/.test(path);
  pieces.text += path;
  if (path !== "" && (!begins || !PATH_TEXT.test(path))) pieces.strange = true;
  return true;
}

function unknown(pieces: Pieces): true {
  if (!pieces.text.endsWith("…")) pieces.text += "…";
  return true;
}

/** The names of an attribute path; `…` for one that is computed. */
function namesOf(tokens: readonly Token[], from: number, to: number): string[] {
  const names: string[] = [];
  for (let at = from; at < to; at++) {
    const { kind, text } = tokens[at] as Token;
    if (kind === "id" && text === "or") break;
    if (kind === "id" || kind === "string") names.push(text);
    else if (kind === "begin" || isOp(tokens[at], "${")) {
      names.push("…");
      at = closing(tokens, at);
    }
  }
  return names;
}

const shown = (names: readonly string[]): string =>
  names
    .map((name) =>
      /^[\w'-]{1,64}$|^…$/.test(name) ? name : /^[\w .@/-]{1,64}$/.test(name) ? `"${name}"` : "…",
    )
    .join(".")
    .slice(0, 256);
