import type { Position } from "../errors.ts";
import { type Finding, findingLine } from "../nix/finding.ts";
import { excerptOf } from "./errors.ts";
import { printable, type Style } from "./style.ts";

/** The text of the line that a finding is on; undefined for one that is not to be shown. */
export type LineOf = (file: string, line: number) => string | undefined;

/** A finding as a person reads it: `error: FILE:LINE:COLUMN: …`, its line, and what to do. Ends with a newline. */
export function renderFinding(finding: Finding, lineOf: LineOf, s: Style): string {
  const { level, hint } = finding;
  const label = level === "error" ? s.red(s.bold("error:")) : s.yellow("warning:");
  const lines = [`${label} ${s.bold(printable(findingLine(finding)))}`];
  const position = positionOf(finding, lineOf);
  if (position) lines.push(...excerptOf(position, "  ", s));
  if (hint !== undefined) lines.push(`  ${s.green("hint:")} ${printable(hint)}`);
  return `${lines.join("\n")}\n`;
}

function positionOf({ at }: Finding, lineOf: LineOf): Position | undefined {
  if (at?.line === undefined || at.column === undefined) return undefined;
  const { file, line, column } = at;
  const excerpt = lineOf(file, line);
  if (excerpt === undefined || excerpt.trim() === "") return undefined;
  const length = Math.max(/^[\w'.-]+/.exec(excerpt.slice(column - 1))?.[0].length ?? 0, 1);
  return { file, line, column, excerpt, length };
}

/** `1 error, 2 warnings`. */
export function countText(findings: readonly Finding[]): string {
  const count = (level: Finding["level"]) => {
    const number = findings.filter((each) => each.level === level).length;
    return number === 0 ? [] : [`${number} ${level}${number === 1 ? "" : "s"}`];
  };
  const counts = [...count("error"), ...count("warning")];
  return counts.length === 0 ? "nothing found" : counts.join(", ");
}

/** A finding in a document. */
export const findingDocument = ({ level, rule, text, hint, at }: Finding) => ({
  level,
  rule,
  text,
  hint: hint ?? null,
  file: at?.file ?? null,
  line: at?.line ?? null,
  column: at?.column ?? null,
});
