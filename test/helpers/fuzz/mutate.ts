import type { Chance } from "./chance.ts";
import { INTERPOLATIONS, ODD_LINES, ODD_NAMES, ODD_SCALARS } from "./odd.ts";

/** A text, or bytes that may be none. */
export type Content = string | Uint8Array;

const MOST = 30_000;

/** The text with one to a few things wrong. `other` is a text from which parts may come. */
export function mutate(chance: Chance, text: string, other: string): Content {
  let result = text;
  for (let times = chance.between(1, 4); times > 0 && result.length < MOST; times--) {
    result = chance.pick([lines, lines, tokens, tokens, tokens, characters, tree, tree, whole])(
      chance,
      result,
      other,
    );
  }
  return chance.happens(4) ? bytes(chance, result) : result;
}

type Mutation = (chance: Chance, text: string, other: string) => string;

function bytes(chance: Chance, text: string): Uint8Array {
  const result = new TextEncoder().encode(`${text} `);
  for (let times = chance.between(1, 3); times > 0; times--) {
    result[chance.below(result.length)] = chance.below(256);
  }
  return result;
}

/** Characters come, go or become others. */
function characters(chance: Chance, text: string): string {
  const at = chance.below(text.length + 1);
  const until = Math.min(text.length, at + chance.pick([0, 1, 1, 2, 5, 20]));
  const inserted = chance.pick([
    "",
    String.fromCharCode(chance.below(128)),
    chance.pick([..."\"'`{}[]:,#&*!|>%@-?\\$\n\t\r \0"]),
    chance.pick(["\u2028", "\u0085", "\ufeff", "\ud800", "\x1b[31m", "\xa0"]),
    text.slice(at, at + chance.below(40)),
  ]);
  return text.slice(0, at) + inserted + text.slice(until);
}

function lines(chance: Chance, text: string, other: string): string {
  const all = text.split("\n");
  const at = chance.below(all.length);
  const line = all[at] ?? "";
  const foreign = other.split("\n");
  const replaced: readonly (readonly string[])[] = [
    [],
    [line, line],
    [line, ...Array.from({ length: chance.between(2, 30) }, () => line)],
    [` ${line}`],
    [`    ${line}`],
    [`\t${line}`],
    [line.replace(/^ {1,2}/, "")],
    [line, chance.pick(ODD_LINES)],
    [chance.pick(foreign), line],
    [line, ...foreign.slice(chance.below(foreign.length)).slice(0, 8)],
    [line + (all[at + 1] ?? "")],
    [line.slice(0, chance.below(line.length + 1))],
    [`# ${line}`],
    [`${line} # comment`],
    [`${line}\r`],
  ];
  return [...all.slice(0, at), ...chance.pick(replaced), ...all.slice(at + 1)].join("\n");
}

const TOKEN = /\$\{[^}\n]*\}|[\w./-]+|[ \t]+|\n|./gu;

function tokens(chance: Chance, text: string, other: string): string {
  const all = text.match(TOKEN) ?? [""];
  const at = chance.below(all.length);
  const replacement = chance.pick([
    () => chance.pick(ODD_SCALARS),
    () => chance.pick(ODD_NAMES),
    () => chance.pick(INTERPOLATIONS),
    () => `"${chance.pick(INTERPOLATIONS)}"`,
    () => chance.pick(other.match(TOKEN) ?? [""]),
    () => chance.pick(all),
    () => all[at] + chance.pick(all),
    () => "",
  ]);
  return [...all.slice(0, at), replacement(), ...all.slice(at + 1)].join("");
}

/** Changes what the text says rather than how it is written, when it is YAML. */
function tree(chance: Chance, text: string, other: string): string {
  const data = parsed(text);
  if (data === undefined) return lines(chance, text, other);
  const changed = changeAt(chance, data, parsed(other), chance.between(0, 4));
  try {
    const write = chance.happens(50) ? JSON.stringify : Bun.YAML.stringify;
    return write(changed, null, 1) ?? "";
  } catch {
    // A part that contains itself has no end to be written down.
    return text;
  }
}

function parsed(text: string): unknown {
  try {
    return Bun.YAML.parse(text) ?? undefined;
  } catch {
    // No YAML: the other mutations are for it.
    return undefined;
  }
}

function changeAt(chance: Chance, value: unknown, other: unknown, depth: number): unknown {
  if (Array.isArray(value) && value.length > 0 && depth > 0) {
    const at = chance.below(value.length);
    return value.map((item, index) => (index === at ? changeAt(chance, item, other, depth - 1) : item));
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value) && depth > 0) {
    const entries = Object.entries(value);
    if (entries.length === 0) return { [chance.pick(ODD_NAMES)]: oddValue(chance, other) };
    const at = chance.below(entries.length);
    const [key, inner] = entries[at] as [string, unknown];
    const change = chance.below(6);
    const entry: [string, unknown][] =
      change === 0
        ? []
        : change === 1
          ? [[chance.pick(ODD_NAMES), inner]]
          : change === 2
            ? [
                [key, inner],
                [chance.pick(ODD_NAMES), oddValue(chance, other)],
              ]
            : [[key, changeAt(chance, inner, other, depth - 1)]];
    return Object.fromEntries([...entries.slice(0, at), ...entry, ...entries.slice(at + 1)]);
  }
  const key = typeof value === "object" ? "object" : String(value);
  return chance.pick([() => oddValue(chance, other), () => [value], () => ({ [key]: value })])();
}

function oddValue(chance: Chance, other: unknown): unknown {
  return chance.pick<() => unknown>([
    () => null,
    () => true,
    () => -1,
    () => 1e308,
    () => 0.1,
    () => "",
    () => [],
    () => ({}),
    () => [null],
    () => [[["a"]]],
    () => chance.pick(ODD_NAMES),
    () => chance.pick(INTERPOLATIONS),
    () => ({ [chance.pick(ODD_NAMES)]: chance.pick(ODD_NAMES) }),
    () => other,
  ])();
}

/** Things that happen to a file as a whole. */
const whole: Mutation = (chance, text, other) =>
  chance.pick([
    () => text.replaceAll("\n", "\r\n"),
    () => text.replaceAll("\n", "\r"),
    () => `\ufeff${text}`,
    () => text.replace("\n", "\u2028"),
    () => text.slice(0, chance.below(text.length + 1)),
    () => text.slice(chance.below(text.length + 1)),
    () => `${text}\n${other}`,
    () => `${text}\n---\n${text}`,
    () => text.trimEnd(),
    () => "",
    () => text.replaceAll("  ", "\t"),
    () => `${text}${"\n".repeat(chance.between(1, 500))}`,
  ])();
