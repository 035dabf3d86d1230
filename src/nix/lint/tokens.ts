/**
 * What a Nix file consists of. `string` is one without `${…}`, and its text is what it means; one with some is `begin`,
 * then `part`s and the tokens of its expressions between `${` and `}`, then `end`. Keywords are `id`s.
 */
export type TokenKind = "id" | "number" | "path" | "uri" | "string" | "begin" | "part" | "end" | "op";

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** Where in the file it begins, and where it has ended, in UTF-16 units. */
  readonly at: number;
  readonly end: number;
}

export interface Tokens {
  readonly tokens: readonly Token[];
  /** With their signs. */
  readonly comments: readonly Pick<Token, "text" | "at" | "end">[];
}

/** Characters of paths, which are more than those of identifiers. */
const IN_PATH = /[a-zA-Z0-9._\-+]*/y;
const PATH = /(?:[a-zA-Z0-9._\-+]*|~)(?:\/[a-zA-Z0-9._\-+]+)+\/?/y;
/** What may only stand before an expression: `./${name}`. */
const PATH_HEAD = /(?:[a-zA-Z0-9._\-+]*|~)\/(?=\$\{)/y;
const PATH_REST = /[a-zA-Z0-9._\-+/]+/y;
const SEARCH_PATH = /<[a-zA-Z0-9._\-+]+(?:\/[a-zA-Z0-9._\-+]+)*>/y;
const URI = /[a-zA-Z][a-zA-Z0-9+\-.]*:[a-zA-Z0-9%/?:@&=+$,\-_.!~*']+/y;
const IDENTIFIER = /[a-zA-Z_][a-zA-Z0-9_'-]*/y;
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\r\n]+/y;
const LINE_COMMENT = /#[^\r\n]*/y;
const SPACES = new Set([" ", "\n", "\t", "\r"]);
/** Operators that are no beginning of others. */
const SINGLE = new Set(["{", "}", ";", "(", ")", "[", "]", ",", "@", "?"]);
/** What means itself in a string. */
const PLAIN = /[^"\\$]+/y;
const PLAIN_INDENTED = /[^'$]+/y;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };
const OPERATOR = /\.\.\.|\$\{|==|!=|<=|>=|&&|\|\||->|\/\/|\+\+|\|>|<\||./sy;

/** Where the reader is: in an expression, in a string with its quotes, or behind an expression in a path. */
interface Mode {
  readonly kind: "code" | '"' | "''" | "path";
  /** Braces of sets that are open in an expression. */
  braces: number;
  /** Of a string, its first token. */
  readonly first: number;
}

/** Takes a Nix file apart. Anything that is no Nix is taken for operators: whether it is right is not judged here. */
export const tokenize = (text: string): Tokens => new Reader(text).read();

class Reader {
  private at = 0;
  private readonly tokens: Token[] = [];
  private readonly comments: Token[] = [];
  private readonly modes: Mode[] = [{ kind: "code", braces: 0, first: 0 }];

  constructor(private readonly text: string) {}

  read(): Tokens {
    while (this.at < this.text.length) {
      const mode = this.modes.at(-1) as Mode;
      if (mode.kind === "code") this.code(mode);
      else if (mode.kind === "path") this.restOfPath();
      else this.string(mode);
    }
    return { tokens: this.tokens, comments: this.comments };
  }

  private code(mode: Mode): void {
    const next = this.text[this.at] as string;
    if (SPACES.has(next)) this.match(SPACE);
    else if (SINGLE.has(next)) this.operator(mode, next);
    else if (next === "#" || this.text.startsWith("/*", this.at)) this.comment(next);
    else if (next === '"') this.open('"');
    else if (this.text.startsWith("''", this.at)) this.open("''");
    else if (!this.word(next) && !this.path(next) && !this.number(next)) this.operator(mode, OPERATOR);
  }

  private operator(mode: Mode, what: string | RegExp): void {
    if (typeof what === "string") this.at++;
    const operator = this.take("op", typeof what === "string" ? what : (this.match(what) as string));
    if (operator === "${") this.enter("code");
    else if (operator === "{") mode.braces++;
    else if (operator === "}" && mode.braces > 0) mode.braces--;
    else if (operator === "}" && this.modes.length > 1) this.modes.pop();
  }

  private comment(sign: string): void {
    if (sign === "#") this.comments.push(this.token("op", this.match(LINE_COMMENT) as string));
    else {
      const end = this.text.indexOf("*/", this.at + 2);
      const text = this.text.slice(this.at, end < 0 ? undefined : end + 2);
      this.at += text.length;
      this.comments.push(this.token("op", text));
    }
  }

  /** A name, unless it is the beginning of a path or an address. */
  private word(next: string): boolean {
    if (!/[a-zA-Z_]/.test(next)) return false;
    const from = this.at;
    const name = this.match(IDENTIFIER) as string;
    const behind = this.text[this.at];
    if (behind === "." || behind === "/" || behind === "+" || behind === ":") {
      this.at = from;
      if (this.path(next) || this.takeIf("uri", URI)) return true;
      this.at += name.length;
    }
    this.take("id", name);
    return true;
  }

  private path(next: string): boolean {
    if (!/[\w.\-+~/<]/.test(next)) return false;
    if (next === "<") return this.takeIf("path", SEARCH_PATH);
    if (next !== "~" && next !== "/") {
      IN_PATH.lastIndex = this.at;
      IN_PATH.test(this.text);
      if (this.text[IN_PATH.lastIndex] !== "/") return false;
    }
    if (!this.takeIf("path", PATH) && !this.takeIf("path", PATH_HEAD)) return false;
    if (this.text.startsWith("${", this.at)) this.enter("path");
    return true;
  }

  private number(next: string): boolean {
    return /[\d.]/.test(next) && this.takeIf("number", NUMBER);
  }

  /** Behind a part of a path there may be an expression, and behind that another part. */
  private restOfPath(): void {
    if (this.text.startsWith("${", this.at)) {
      this.at += 2;
      this.take("op", "${");
      this.enter("code");
    } else if (!this.takeIf("path", PATH_REST)) this.modes.pop();
  }

  private open(quotes: '"' | "''"): void {
    this.at += quotes.length;
    this.modes.push({ kind: quotes, braces: 0, first: this.tokens.length });
    this.take("begin", quotes);
  }

  /** One part of a string, up to an expression or its end. */
  private string({ kind, first }: Mode): void {
    const begin = this.at;
    let value = "";
    while (this.at < this.text.length && !this.text.startsWith("${", this.at) && !this.closes(kind))
      value += kind === '"' ? this.character() : this.indented();
    if (this.at > begin) this.take("part", value, begin);
    if (this.at >= this.text.length) return;
    if (this.text.startsWith("${", this.at)) {
      this.at += 2;
      this.take("op", "${");
      this.enter("code");
      return;
    }
    this.at += kind.length;
    this.take("end", kind);
    this.modes.pop();
    this.join(first);
  }

  private closes(quotes: Mode["kind"]): boolean {
    if (!this.text.startsWith(quotes, this.at)) return false;
    // In an indented string two quotes are its end only when nothing follows that makes them mean something else.
    return quotes === '"' || !/^(?:'|\$|\\)$/.test(this.text[this.at + 2] ?? "");
  }

  /** What stands for one or two characters of a string in `"`. */
  private character(): string {
    const [one = "", two = ""] = [this.text[this.at], this.text[this.at + 1]];
    if (one === "\\") return this.skip(2, ESCAPES[two] ?? two);
    // `$$` is no beginning of anything, and what comes behind it neither.
    if (one === "$" && two !== '"' && two !== "\\") return this.skip(2, one + two);
    return this.run(one, PLAIN);
  }

  /** The same in `''`. */
  private indented(): string {
    const [one = "", two = "", three = ""] = [0, 1, 2].map((more) => this.text[this.at + more]);
    if (one === "'" && two === "'" && three === "'") return this.skip(3, "''");
    if (one === "'" && two === "'" && three === "$") return this.skip(3, "$");
    if (one === "'" && two === "'" && three === "\\") {
      const four = this.text[this.at + 3] ?? "";
      return this.skip(4, ESCAPES[four] ?? four);
    }
    if (one === "$" && two !== "'") return this.skip(2, one + two);
    return this.run(one, PLAIN_INDENTED);
  }

  private run(one: string, plain: RegExp): string {
    return this.match(plain) ?? this.skip(1, one);
  }

  private skip(length: number, meaning: string): string {
    this.at += length;
    return meaning;
  }

  /** A string that turned out to have no expressions is one token. */
  private join(first: number): void {
    const count = this.tokens.length - first;
    // An expression is at least `${` and `}`.
    if (count > 3) return;
    const text = count === 3 ? (this.tokens[first + 1] as Token).text : "";
    const { at } = this.tokens[first] as Token;
    this.tokens.length = first;
    this.tokens.push({ kind: "string", text, at, end: this.at });
  }

  private enter(kind: "code" | "path"): void {
    this.modes.push({ kind, braces: 0, first: 0 });
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.text)) return undefined;
    const from = this.at;
    this.at = pattern.lastIndex;
    return this.text.slice(from, this.at);
  }

  private takeIf(kind: TokenKind, pattern: RegExp): boolean {
    const text = this.match(pattern);
    if (text !== undefined) this.take(kind, text);
    return text !== undefined;
  }

  /** Adds what was just read. */
  private take(kind: TokenKind, text: string, from = this.at - text.length): string {
    this.tokens.push({ kind, text, at: from, end: this.at });
    return text;
  }

  private token(kind: TokenKind, text: string): Token {
    return { kind, text, at: this.at - text.length, end: this.at };
  }
}

/** Line and column, both from 1, of places in a text. */
export class Lines {
  private readonly starts = [0];

  constructor(private readonly text: string) {
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.starts.push(at + 1);
  }

  at(offset: number): { readonly line: number; readonly column: number } {
    let [low, high] = [0, this.starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.starts[middle] as number) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (this.starts[low] as number) + 1 };
  }

  /** The text of a line, without its end. */
  line(number: number): string | undefined {
    const start = this.starts[number - 1];
    return start === undefined
      ? undefined
      : this.text.slice(start, this.starts[number]).replace(/\r?\n$/, "");
  }

  /** A column in bytes, as most programs count, as one in UTF-16 units. */
  column(number: number, byte: number): number {
    const text = this.line(number);
    if (text === undefined) return byte;
    return (
      Buffer.from(text)
        .subarray(0, byte - 1)
        .toString().length + 1
    );
  }
}
