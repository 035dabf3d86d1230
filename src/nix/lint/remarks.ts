import type { Finding } from "../finding.ts";
import { allows, type Permissions, permissions } from "./allow.ts";
import type { Remark } from "./linters.ts";
import { Lines, tokenize } from "./tokens.ts";

/** A file that was read: how it is called in findings, where it is, and what is in it. */
export interface SourceFile {
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

/** What other linters say of files, where no comment allows it. What they say of files that were not asked for is left out. */
export function remarkFindings(
  remarks: readonly Remark[],
  byPath: ReadonlyMap<string, SourceFile>,
): Finding[] {
  const read = new Map<SourceFile, { lines: Lines; allowed: Permissions }>();
  const readOnce = (source: SourceFile) => {
    const known = read.get(source);
    if (known) return known;
    const lines = new Lines(source.text);
    const fresh = { lines, allowed: permissions(tokenize(source.text).comments, lines) };
    read.set(source, fresh);
    return fresh;
  };
  return remarks.flatMap(({ file, line, column, rule, text }): Finding[] => {
    const source = byPath.get(file);
    if (!source) return [];
    const { lines, allowed } = readOnce(source);
    if (allows(allowed, rule, line)) return [];
    const at = { file: source.name, line, column: lines.column(line, column) };
    return [{ level: "warning", rule, text, at }];
  });
}
