/** The marks that reports are drawn with. */
export interface Symbols {
  readonly ok: string;
  readonly failed: string;
  readonly blocked: string;
  readonly waiting: string;
  readonly summary: string;
  readonly separator: string;
  readonly ellipsis: string;
  readonly spinner: readonly string[];
  readonly branch: string;
  readonly lastBranch: string;
  readonly trunk: string;
  readonly noTrunk: string;
}

export const UNICODE: Symbols = {
  ok: "✓",
  failed: "✗",
  blocked: "⊘",
  waiting: "○",
  summary: "▸",
  separator: " · ",
  ellipsis: "…",
  spinner: [..."⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"],
  branch: "├─ ",
  lastBranch: "└─ ",
  trunk: "│  ",
  noTrunk: "   ",
};

export const ASCII: Symbols = {
  ok: "+",
  failed: "x",
  blocked: "-",
  waiting: ".",
  summary: ">",
  separator: ", ",
  ellipsis: "~",
  spinner: ["*"],
  branch: "|- ",
  lastBranch: "`- ",
  trunk: "|  ",
  noTrunk: "   ",
};

/** The marks that a terminal can show: its locale must say UTF-8, and the kernel's console lacks the glyphs. */
export function symbolsFor(env: Readonly<Record<string, string | undefined>>): Symbols {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || "";
  return /utf-?8/i.test(locale) && env.TERM !== "linux" ? UNICODE : ASCII;
}
