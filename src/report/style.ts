type Paint = (text: string) => string;

/** Colours by name; every function gives its text back unchanged when colour is off. */
export interface Style {
  readonly enabled: boolean;
  readonly bold: Paint;
  readonly dim: Paint;
  readonly underline: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly blue: Paint;
  readonly magenta: Paint;
  readonly cyan: Paint;
}

/** The 16 colours of every terminal theme, so that a person's own palette decides what they look like. */
export function style(enabled: boolean): Style {
  const paint =
    (open: number, close: number): Paint =>
    (text) =>
      enabled && text !== "" ? `\x1b[${open}m${text}\x1b[${close}m` : text;
  return {
    enabled,
    bold: paint(1, 22),
    dim: paint(2, 22),
    underline: paint(4, 24),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    blue: paint(34, 39),
    magenta: paint(35, 39),
    cyan: paint(36, 39),
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether a stream gets colour. A wish for none always wins over a wish for colour. */
export function colourFor(isTty: boolean, env: Environment, noColorFlag: boolean): boolean {
  if (noColorFlag || env.NO_COLOR || env.HOMELAB_NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== "0";
  return isTty && env.TERM !== "dumb";
}

/** Columns that a text takes on a terminal; escape sequences take none. */
export function visibleWidth(text: string): number {
  return Bun.stringWidth(text);
}

/** Cuts a text to a number of columns, with `ellipsis` in the last one; colours stay closed. */
export function truncate(text: string, width: number, ellipsis = "…"): string {
  return visibleWidth(text) <= width ? text : Bun.sliceAnsi(text, 0, Math.max(0, width), ellipsis);
}

// C0 and C1 controls, zero-width joins of direction and the separators that some terminals break lines at.
const UNPRINTABLE = /[\p{Cc}\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  const hex = code.toString(16);
  return NAMED[character] ?? (code < 0x100 ? `\\x${hex.padStart(2, "0")}` : `\\u{${hex}}`);
}

/** One line in which control characters can be read but do nothing: user text must not drive the terminal. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/** A line that another program wrote for a terminal: its colours go, its tabs stay, the rest is made printable. */
export function printableLog(line: string): string {
  return Bun.stripANSI(line.trimEnd()).split("\t").map(printable).join("\t");
}
