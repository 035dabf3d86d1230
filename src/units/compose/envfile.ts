import { interpolate, type Reference } from "./interpolate.ts";

/** An assignment of an environment file, as it is written. */
export interface Assignment {
  readonly name: string;
  /** Of its name, counted from 1. */
  readonly line: number;
  /** All of its text, a value of several lines included; without the last line end. */
  readonly text: string;
  /** What stands behind the sign, quotes and comment included. */
  readonly written: string;
}

const HEAD = /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*[=:][ \t]*/;

/** The assignments of an environment file in their order. A quoted value goes on until its quote is closed, as in compose. */
export function assignments(text: string): Assignment[] {
  const found: Assignment[] = [];
  for (let at = 0, line = 1; at < text.length; ) {
    const end = ending(text, at);
    const head = HEAD.exec(text.slice(at, end));
    if (!head) {
      at = end + 1;
      line++;
      continue;
    }
    const from = at + head[0].length;
    const close = closingQuote(text, from);
    const last = close === undefined ? end : ending(text, close);
    const whole = text.slice(at, last).replace(/\r$/, "");
    found.push({ name: head[1] ?? "", line, text: whole, written: whole.slice(from - at).trimEnd() });
    line += whole.split("\n").length;
    at = last + 1;
  }
  return found;
}

function ending(text: string, from: number): number {
  const at = text.indexOf("\n", from);
  return at < 0 ? text.length : at;
}

/** Where the quote that opens at `from` is closed; undefined when none opens there, or it stays open. */
function closingQuote(text: string, from: number): number | undefined {
  const quote = text[from];
  if (quote !== '"' && quote !== "'") return undefined;
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === quote) return at;
  }
  return undefined;
}

/** `NAME` alone: its value is taken from the environment. */
const INHERITED = /^\s*(?:export\s+)?[\w.-]+\s*$/;

/** Lines for which compose refuses the whole file. No value gets into what it says. */
export function syntaxFaults(text: string): { line: number; text: string }[] {
  const all = assignments(text);
  const within = new Set<number>();
  for (const { line, text: whole } of all)
    for (let at = 0; at < whole.split("\n").length; at++) within.add(line + at);
  const open = all
    .filter(({ written }) => /^["']/.test(written) && closingQuote(written, 0) === undefined)
    .map(({ name, line }) => ({ line, text: `the quote of \`${name}\` is never closed` }));
  const lines = text.split(/\r?\n/).map((raw, index) => ({ raw, line: index + 1 }));
  const strange = lines
    .filter(({ raw, line }) => !within.has(line) && !/^\s*(?:#.*)?$/.test(raw) && !INHERITED.test(raw))
    .map(({ line }) => ({ line, text: "this is no `NAME=value`: compose refuses the file" }));
  return [...open, ...strange].sort((a, b) => a.line - b.line);
}

type Lookup = (name: string) => string | undefined;

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  '"': '"',
  "\\": "\\",
};

/** What compose takes for the value: only single quotes keep `$` as it is, only double ones know escapes. */
export function composeValue(
  written: string,
  lookup: Lookup,
  onReference?: (reference: Reference) => void,
): string {
  const close = closingQuote(written, 0);
  const inner = written.slice(1, close);
  if (close === undefined) return interpolate(withoutComment(written), lookup, onReference);
  if (written.startsWith("'")) return inner.replace(/\\'/g, "'");
  return interpolate(unescaped(inner, "$$"), lookup, onReference);
}

const withoutComment = (written: string): string =>
  written.startsWith("#") ? "" : written.replace(/(?<!\s)\s+#.*$/s, "").trim();

/** Pieces of text between variables that are no mere words of an address. */
const TELLING = 8;

/**
 * All that a written value may mean to somebody who reads the file: compose, `docker --env-file`, a shell, a library.
 * They differ in quotes, escapes, `#` and `$`, and what one of them takes for the secret must not be shown.
 */
export function readings(written: string, lookups: readonly Lookup[]): Set<string> {
  const found = new Set<string>([written]);
  for (const lookup of lookups) found.add(composeValue(written, lookup));
  if (/["'\\]/.test(written)) found.add(shellWord(written));
  const close = closingQuote(written, 0);
  const inner = close === undefined ? unquoted(written) : [written.slice(1, close)];
  for (const text of inner) {
    found.add(text);
    if (/[\\"'`]/.test(text)) {
      found.add(unescaped(text, "$"));
      found.add(text.replace(/\\(.)/gs, "$1"));
      found.add(text.replace(/^`(.*)`$/s, "$1"));
    }
    if (text.includes("$")) for (const each of replaced(text, lookups)) found.add(each);
  }
  return found;
}

/** With a comment and without it; where nobody knows whether it is one, also what would be in it. */
function unquoted(written: string): string[] {
  const value = withoutComment(written);
  const [before = "", ...after] = value.split("#");
  return after.length === 0 ? [value] : [value, before, after.join("#")];
}

/** The parts of a word, each with or without quotes, put together as a shell does. */
function shellWord(written: string): string {
  const part = /'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)|([^\s'"\\;&|<>()]+)/sy;
  let word = "";
  for (let match = part.exec(written); match; match = part.exec(written)) {
    const [, single, double, escaped, plain] = match;
    word += single ?? double?.replace(/\\([$`"\\])/g, "$1") ?? escaped ?? plain ?? "";
  }
  return word;
}

const unescaped = (text: string, dollar: string): string =>
  text.replace(/\\(.)/gs, (whole, sign: string) => (sign === "$" ? dollar : (ESCAPES[sign] ?? whole)));

/** The value with its variables in place, and the texts that it has for those that are not set. */
function* replaced(text: string, lookups: readonly Lookup[]): Generator<string> {
  for (const lookup of lookups) {
    // `\$` in quotes is a dollar sign, and so is `$$`.
    for (const form of [text, unescaped(text, "$$")]) yield interpolate(form, lookup);
  }
  for (const [, name = ""] of text.matchAll(/\$(\w+)/g)) {
    // Compose complains of it by this name, which is half of a password.
    if (lookups.every((lookup) => lookup(name) === undefined)) yield name;
  }
  // As if no variable were set, and then as if all were: both sides of `-` and `+`.
  for (const lookup of [() => undefined, () => ""]) yield interpolate(text, lookup);
  for (const [, argument = ""] of text.matchAll(/\$\{\w+:?[-+?]([^{}]*)\}/g)) yield argument;
  yield* text.split(/\$\{[^}]*\}|\$\w+/).filter((piece) => piece.length >= TELLING);
}
