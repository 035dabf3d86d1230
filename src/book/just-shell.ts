/** A simple command of a shell text: its words as written, quotes included, and where it stands. */
export interface ShellCommand {
  readonly words: readonly string[];
  /** Index of its first character. */
  readonly from: number;
  /** Index behind its last one. */
  readonly to: number;
}

/** The simple commands of a shell text, also those within `$(…)`, in their order. Not more than what a line needs. */
export function commandsOf(text: string): ShellCommand[] {
  const found: ShellCommand[] = [];
  scan(text, 0, undefined, found);
  return found.sort((a, b) => a.from - b.from);
}

/** Reads up to `close`; returns the index behind it. */
function scan(text: string, start: number, close: string | undefined, found: ShellCommand[]): number {
  let words: { text: string; from: number; to: number }[] = [];
  let word = -1;
  const endWord = (at: number) => {
    if (word >= 0) words.push({ text: text.slice(word, at), from: word, to: at });
    word = -1;
  };
  const endCommand = (at: number) => {
    endWord(at);
    const [first] = words;
    if (first) {
      found.push({ words: words.map((each) => each.text), from: first.from, to: words.at(-1)?.to ?? at });
    }
    words = [];
  };
  for (let at = start; at < text.length; ) {
    const sign = text[at] ?? "";
    if (sign === close) {
      endCommand(at);
      return at + 1;
    }
    if (sign === "#" && word < 0) at = indexOrEnd(text, "\n", at);
    else if (isSeparator(text, at)) {
      endCommand(at);
      at++;
    } else if (/\s/.test(sign)) {
      endWord(at);
      at++;
    } else {
      if (word < 0) word = at;
      at = part(text, at, found);
    }
  }
  endCommand(text.length);
  return text.length;
}

/** `2>&1` and `&>` are no ends of a command. */
function isSeparator(text: string, at: number): boolean {
  if (text[at] === "&") return text[at - 1] !== ">" && text[at + 1] !== ">";
  return /[;|()\n]/.test(text[at] ?? "");
}

/** The index behind a part of a word: a quoted text, a substitution, or a single character. */
function part(text: string, at: number, found: ShellCommand[]): number {
  if (text[at] === "\\") return at + 2;
  if (text[at] === "'") return indexOrEnd(text, "'", at + 1) + 1;
  if (text[at] === '"') return doubleQuoted(text, at + 1, found);
  return substitution(text, at, found) ?? at + 1;
}

function substitution(text: string, at: number, found: ShellCommand[]): number | undefined {
  if (text.startsWith("{{", at)) return indexOrEnd(text, "}}", at) + 2;
  if (text.startsWith("${", at)) return indexOrEnd(text, "}", at) + 1;
  if (text.startsWith("$(", at)) return scan(text, at + 2, ")", found);
  return text[at] === "`" ? scan(text, at + 1, "`", found) : undefined;
}

function doubleQuoted(text: string, start: number, found: ShellCommand[]): number {
  for (let at = start; at < text.length; ) {
    if (text[at] === '"') return at + 1;
    at = text[at] === "\\" ? at + 2 : (substitution(text, at, found) ?? at + 1);
  }
  return text.length;
}

function indexOrEnd(text: string, what: string, from: number): number {
  const at = text.indexOf(what, from);
  return at < 0 ? text.length : at;
}

const BEFORE = new Set([
  ...["if", "then", "else", "elif", "do", "while", "until", "!", "{", "time"],
  ...["sudo", "exec", "nohup", "command"],
]);
const ASSIGNMENT = /^\w+=/;

/** How many words stand before the program: keywords, `sudo` and the like, assignments. */
export function wordsBefore(words: readonly string[]): number {
  const at = words.findIndex((word) => !BEFORE.has(word) && !ASSIGNMENT.test(word));
  return at < 0 ? words.length : at;
}

/** A command without what stands before its program, and without redirections. */
export function bare({ words }: ShellCommand): string[] {
  const own = words.slice(wordsBefore(words));
  const result: string[] = [];
  for (let at = 0; at < own.length; at++) {
    const word = own[at] ?? "";
    if (/^(?:\d*|&)[<>]/.test(word)) at += /[<>&]$/.test(word) ? 1 : 0;
    else result.push(word);
  }
  return result;
}

/** Whether a line only tells what is being done: that is told anyway. */
export const isTalk = (line: string): boolean =>
  commandsOf(line).every(
    ({ words }) =>
      /^(?:echo|printf|true|:)$/.test(words[0] ?? "") && !words.some((word) => /^\d*>/.test(word)),
  );

/** A text as one word of a shell. */
export const quoteWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** A line without just's own signs: `@` (not shown), `-` (may fail). */
export function signsOf(line: string): { text: string; mayFail: boolean } {
  const [, signs = "", text = ""] = /^([@-]*)(.*)$/s.exec(line.trim()) ?? [];
  return { text: text.trim(), mayFail: signs.includes("-") };
}
