import type { Finding } from "../finding.ts";
import { allows, permissions } from "./allow.ts";
import { bindingsOf } from "./bindings.ts";
import { hiddenLines, MAY_HIDE } from "./hidden.ts";
import { applyRules, WORDS } from "./rules.ts";
import { Lines, tokenize } from "./tokens.ts";

/** What the rules say of a file. */
export interface CheckedSource {
  readonly findings: readonly Finding[];
  /** Lines with something on them that nobody should be shown. */
  readonly secretLines: ReadonlySet<number>;
}

/** Applies the rules to a file; `file` is how it is called in the findings. Pure. */
export function checkSource(file: string, text: string): CheckedSource {
  if (!WORDS.test(text) && !MAY_HIDE.test(text)) return { findings: [], secretLines: new Set() };
  const { tokens, comments } = tokenize(text);
  const bindings = bindingsOf(tokens);
  const hits = applyRules(tokens, bindings);
  const lines = new Lines(text);
  const secretLines = hiddenLines(tokens, bindings, lines);
  if (hits.length === 0) return { findings: [], secretLines };
  const allowed = permissions(comments, lines);
  const findings = hits.flatMap(({ level, rule, text: what, hint, token }): Finding[] => {
    const place = lines.at(token.at);
    const finding: Finding = { level, rule, text: what, hint, at: { file, ...place } };
    return allows(allowed, rule, place.line) ? [] : [finding];
  });
  return { findings, secretLines };
}
