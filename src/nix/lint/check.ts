import type { Finding } from "../finding.ts";
import { allows, permissions } from "./allow.ts";
import { applyRules, WORDS } from "./rules.ts";
import { Lines, type Tokens, tokenize } from "./tokens.ts";

/** What the rules say of a file. */
export interface CheckedSource {
  readonly findings: readonly Finding[];
  /** Lines with something on them that nobody should be shown. */
  readonly secretLines: ReadonlySet<number>;
}

const NOTHING: Tokens = { tokens: [], comments: [] };

/** Applies the rules to a file; `file` is how it is called in the findings. Pure. */
export function checkSource(file: string, text: string): CheckedSource {
  const { tokens, comments } = WORDS.test(text) ? tokenize(text) : NOTHING;
  const hits = applyRules(tokens);
  if (hits.length === 0) return { findings: [], secretLines: new Set() };
  const lines = new Lines(text);
  const allowed = permissions(comments, lines);
  const secretLines = new Set(
    hits.filter(({ secret }) => secret).map(({ token }) => lines.at(token.at).line),
  );
  const findings = hits.flatMap(({ level, rule, text: what, hint, token }): Finding[] => {
    const place = lines.at(token.at);
    const finding: Finding = { level, rule, text: what, hint, at: { file, ...place } };
    return allows(allowed, rule, place.line) ? [] : [finding];
  });
  return { findings, secretLines };
}
