import { parse } from "dotenv";
import { assignments, composeValue, syntaxFaults } from "./envfile.ts";

/** The library's time grows with the square of it, and no value has so much. */
const MUCH_WHITE_SPACE = /\s{200,}/g;

/** The variables of an environment file, not replaced in each other. */
export const parseDotenv = (text: string): Record<string, string> =>
  parse(text.replace(MUCH_WHITE_SPACE, "\n"));

/** A key of an environment file. */
export interface EnvKey {
  readonly name: string;
  /** Counted from 1. */
  readonly line: number;
  /** All of its lines, as written. Never to be shown. */
  readonly text: string;
  /** Never to be shown. */
  readonly value: string;
}

/** The keys of an environment file in their order; of a repeated one the last, as compose takes it. */
export function envKeys(text: string): EnvKey[] {
  const keys = new Map<string, EnvKey>();
  for (const { name, line, text: whole, written } of assignments(text))
    keys.set(name, { name, line, text: whole, value: composeValue(written, () => undefined) });
  return [...keys.values()];
}

/** What people write into a template where a value of one's own belongs. */
const PLACEHOLDER =
  /^(?:<.*>|\[.*\]|x{3,}|\.{3,}|todo|tbd|fixme|(?:your|my|insert|enter|put|replace)[_\- ].*|.*[_\- ]here|change[_-]?(?:me|this|it).*|placeholder.*|secure_password\w*|secret[_-]?password\w*)$/i;

export const isPlaceholder = (value: string): boolean => PLACEHOLDER.test(value.trim());

export interface EnvFinding {
  readonly code:
    | "missing-file"
    | "unreadable"
    | "syntax"
    | "missing-key"
    | "placeholder"
    | "mode"
    | "tracked"
    | "not-ignored"
    | "extra-key";
  /** Whether it has to be put right. */
  readonly wrong: boolean;
  readonly text: string;
  readonly line?: number | undefined;
}

export interface EnvFacts {
  /** Content of `.env.example`; undefined without one. */
  readonly example: string | undefined;
  /** Content of `.env`; undefined without one. */
  readonly actual: string | undefined;
  /** Permission bits of `.env`. */
  readonly mode: number | undefined;
  readonly git: "ignored" | "tracked" | "open" | "none";
  /** Keys that may be missing. */
  readonly optional?: { has(name: string): boolean } | undefined;
}

/** Compares an environment file with its template. Pure; no value gets into what it says. */
export function checkEnv({ example, actual, mode = 0o600, git, optional }: EnvFacts): EnvFinding[] {
  const wanted = envKeys(example ?? "");
  if (actual === undefined) {
    if (wanted.length === 0) return [];
    return [{ code: "missing-file", wrong: true, text: "there is no `.env` beside `.env.example`" }];
  }
  const found: EnvFinding[] = syntaxFaults(actual).map((each) => ({ code: "syntax", wrong: true, ...each }));
  const have = new Map(envKeys(actual).map((key) => [key.name, key]));
  for (const { name } of wanted) {
    if (!have.has(name) && !optional?.has(name))
      found.push({ code: "missing-key", wrong: true, text: `\`${name}\` is missing` });
  }
  for (const { name, line, value } of have.values()) {
    if (isPlaceholder(value)) {
      found.push({ code: "placeholder", wrong: true, text: `\`${name}\` is still a placeholder`, line });
    }
  }
  if ((mode & 0o077) !== 0) {
    const text = `others can read it (mode ${mode.toString(8)}, should be 600)`;
    found.push({ code: "mode", wrong: true, text });
  }
  if (git === "tracked")
    found.push({ code: "tracked", wrong: true, text: "git tracks it: it is in the repository" });
  if (git === "open") found.push({ code: "not-ignored", wrong: true, text: "git does not ignore it" });
  const known = new Set(wanted.map((key) => key.name));
  for (const { name, line } of example === undefined ? [] : have.values()) {
    if (!known.has(name))
      found.push({ code: "extra-key", wrong: false, text: `\`${name}\` is not in \`.env.example\``, line });
  }
  return found;
}

/** What is to be appended to an environment file so that no key of its template is missing; empty for nothing. */
export function missingLines(example: string, actual: string): { text: string; names: string[] } {
  const have = new Set(envKeys(actual).map((key) => key.name));
  const missing = envKeys(example).filter((key) => !have.has(key.name));
  if (missing.length === 0) return { text: "", names: [] };
  const newline = actual === "" || actual.endsWith("\n") ? "" : "\n";
  const added = missing.map(({ text }) => text).join("\n");
  return { text: `${newline}\n# Added from .env.example\n${added}\n`, names: missing.map((key) => key.name) };
}

/**
 * Lines whose value the readers of such files understand differently (compose, shells, dotenv libraries), with why:
 * a `#` without a space before it, a `$` that some replace, spaces without quotes.
 */
export function ambiguousLines(text: string): { name: string; line: number; why: string }[] {
  return assignments(text).flatMap(({ name, line, written }) => {
    const why = ambiguity(written);
    return why === undefined ? [] : [{ name, line, why }];
  });
}

function ambiguity(written: string): string | undefined {
  const value = /^["']/.test(written) ? written : written.replace(/(?<!\s)\s+#.*$/, "");
  if (/^'[^']*'(?:\s+#.*)?$/.test(value)) return undefined;
  const quoted = value.startsWith('"');
  if (/\$/.test(value)) return "`$` is replaced by some readers: put the value into single quotes";
  if (quoted) return undefined;
  if (/\S#/.test(value)) return "some readers cut it at `#`: put the value into quotes";
  if (/\s/.test(value)) return "it has spaces without quotes: put the value into quotes";
  return undefined;
}
