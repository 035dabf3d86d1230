import { type Style, truncate, visibleWidth } from "./style.ts";

export interface TableOptions {
  readonly style: Style;
  /** Headings, set dimmed above the rows. */
  readonly headings?: readonly string[] | undefined;
  /** Cut every line to this many columns; without it lines are as long as they are. */
  readonly columns?: number | undefined;
}

const GAP = "  ";

/** Rows as lines with aligned columns, each ended by a newline; the last column is not padded. */
export function table(rows: readonly (readonly string[])[], options: TableOptions): string {
  const headings = options.headings?.map(options.style.dim);
  const all = headings ? [headings, ...rows] : rows;
  const widths: number[] = [];
  for (const row of all) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, visibleWidth(cell));
    });
  }
  return all.map((row) => `${line(row, widths, options.columns)}\n`).join("");
}

function line(row: readonly string[], widths: readonly number[], columns: number | undefined): string {
  const filled = row.slice(0, row.findLastIndex((cell) => cell !== "") + 1);
  const cells = filled.map((cell, column) =>
    column === filled.length - 1 ? cell : cell + " ".repeat((widths[column] ?? 0) - visibleWidth(cell)),
  );
  const text = cells.join(GAP);
  return columns === undefined ? text : truncate(text, columns);
}
