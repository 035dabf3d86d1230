import { type HomelabError, type Position, Problems } from "../errors.ts";
import { printable, type Style, visibleWidth } from "./style.ts";

const EXCERPT_COLUMNS = 100;
const TAB_STOP = 4;
/** Characters of a line, before and behind what is meant, that are looked at: no more of them are ever shown. */
const NEAR = 4 * EXCERPT_COLUMNS;

/** One character of an excerpt as it is shown. */
interface Cell {
  readonly text: string;
  readonly width: number;
  /** Column in the file, from 1, in UTF-16 units as the parsers count. */
  readonly column: number;
}

function cellsOf(excerpt: string, from: number, to: number): Cell[] {
  const cells: Cell[] = [];
  let column = from + 1;
  let at = 0;
  for (const character of excerpt.slice(from, to)) {
    const text = character === "\t" ? " ".repeat(TAB_STOP - (at % TAB_STOP)) : printable(character);
    const width = visibleWidth(text);
    cells.push({ text, width, column });
    column += character.length;
    at += width;
  }
  return cells;
}

const widthOf = (cells: readonly Cell[]): number => cells.reduce((sum, cell) => sum + cell.width, 0);
const textOf = (cells: readonly Cell[]): string => cells.map((cell) => cell.text).join("");

/** The range of cells around `focus` that fits into `columns`, with a third of them before it. */
function windowAround(cells: readonly Cell[], focus: number, columns: number): [number, number] {
  let start = Math.min(focus, cells.length);
  let end = start;
  let used = 0;
  const fits = (cell: Cell | undefined, limit: number): cell is Cell => !!cell && used + cell.width <= limit;
  const take = (cell: Cell) => {
    used += cell.width;
  };
  for (let cell = cells[start - 1]; fits(cell, columns / 3); cell = cells[start - 1]) {
    take(cell);
    start--;
  }
  for (let cell = cells[end]; fits(cell, columns); cell = cells[end]) {
    take(cell);
    end++;
  }
  for (let cell = cells[start - 1]; fits(cell, columns); cell = cells[start - 1]) {
    take(cell);
    start--;
  }
  return [start, end];
}

/** The excerpt and the carets under it, both cut to what fits on a line. */
function excerptLines({ excerpt, column, length }: Position): { text: string; lead: number; carets: number } {
  const line = excerpt.trimEnd();
  const from = Math.max(0, column - NEAR);
  const to = column + NEAR;
  const cells = cellsOf(line, from, to);
  const found = cells.findIndex((cell) => cell.column >= column);
  const focus = found < 0 ? cells.length : found;
  const whole = from === 0 && to >= line.length && widthOf(cells) <= EXCERPT_COLUMNS;
  const [start, end] = whole ? [0, cells.length] : windowAround(cells, focus, EXCERPT_COLUMNS - 2);
  const before = from > 0 || start > 0 ? "…" : "";
  const after = to < line.length || end < cells.length ? "…" : "";
  const marked = cells.slice(focus, end).filter((cell) => cell.column < column + length);
  return {
    text: before + textOf(cells.slice(start, end)) + after,
    lead: before.length + widthOf(cells.slice(start, focus)),
    carets: Math.max(1, widthOf(marked)),
  };
}

function positionLines(position: Position, indent: string, s: Style): string[] {
  const place = s.cyan(`${printable(position.file)}:${position.line}:${position.column}`);
  return [indent + place, ...excerptOf(position, indent, s)];
}

/** The line of a position, with what is meant of it marked; nothing where that is not known. */
export function excerptOf(position: Position, indent: string, s: Style): string[] {
  if (position.excerpt.trim() === "") return [];
  const { text, lead, carets } = excerptLines(position);
  const number = String(position.line).padStart(2);
  return [
    `${indent}${s.dim(`${number} |`)} ${text}`,
    `${indent}${s.dim(`${" ".repeat(number.length)} |`)} ${" ".repeat(lead)}${s.red("^".repeat(carets))}`,
  ];
}

/** `label: text`, where further lines of the text stand under its first one. */
function labelled(indent: string, label: string, text: string, paint: (text: string) => string): string[] {
  const [first = "", ...rest] = text.trimEnd().split("\n").map(printable);
  return [`${indent}${label} ${paint(first)}`, ...rest.map((line) => `${indent}  ${line}`)];
}

function renderOne(error: HomelabError, s: Style): string {
  const lines = labelled("", s.red(s.bold("error:")), error.message, s.bold);
  if (error.position) lines.push(...positionLines(error.position, "  ", s));
  for (const note of error.notes) {
    lines.push(...labelled("  ", s.blue("note:"), note.text, String));
    if (note.position) lines.push(...positionLines(note.position, "    ", s));
  }
  if (error.hint !== undefined) lines.push(...labelled("  ", s.green("hint:"), error.hint, String));
  return `${lines.join("\n")}\n`;
}

/** An error as a person reads it on stderr: what is wrong, where, and what to do next. Ends with a newline. */
export function renderError(error: HomelabError, s: Style): string {
  if (!(error instanceof Problems) || error.errors.length === 1) return renderOne(error, s);
  const blocks = error.errors.map((problem) => renderOne(problem, s));
  return `${blocks.join("\n")}\n${s.bold(`${error.errors.length} problems`)}\n`;
}

function positionDocument(position: Position | undefined) {
  if (!position) return null;
  const { file, line, column, excerpt, length } = position;
  return { file, line, column, excerpt, length };
}

function problemDocument(error: HomelabError) {
  const notes = error.notes.map(({ text, position }) => ({ text, position: positionDocument(position) }));
  return {
    code: error.code,
    exit: error.exit,
    message: error.message,
    hint: error.hint ?? null,
    position: positionDocument(error.position),
    ...(notes.length > 0 ? { notes } : {}),
  };
}

/** The document that takes the place of any other under `--json`; `errors` lists all problems of one reading. */
export function errorDocument(error: HomelabError) {
  const own = problemDocument(error);
  const errors = error instanceof Problems ? { errors: error.errors.map(problemDocument) } : {};
  return { version: 1, error: { ...own, ...errors } };
}
