import type { Lines, Tokens } from "./tokens.ts";

/** Rules that are allowed to be broken, by the lines where the comment that says so begins and ends. */
export type Permissions = ReadonlyMap<number, ReadonlySet<string>>;

/** `# homelab: allow run-as-root: binds port 80 before it drops its rights`. Without a reason it allows nothing. */
const ALLOW = /homelab:\s*allow\s+((?:[a-z0-9-]+\s*,\s*)*[a-z0-9-]+)\s*[:(—–-]?\s*(.*)/;

/** What the comments of a file allow. */
export function permissions(comments: Tokens["comments"], lines: Lines): Permissions {
  const found = new Map<number, Set<string>>();
  for (const { text, at, end } of comments) {
    const [, rules = "", reason = ""] = ALLOW.exec(text) ?? [];
    if (rules === "" || !/[\p{L}\p{N}]/u.test(reason)) continue;
    for (const { line } of [lines.at(at), lines.at(end - 1)])
      found.set(line, new Set([...(found.get(line) ?? []), ...rules.split(/\s*,\s*/)]));
  }
  return found;
}

/** Whether a comment on a line, or on the one above it, allows that a rule is broken there. */
export const allows = (permitted: Permissions, rule: string, line: number): boolean =>
  [line, line - 1].some((each) => permitted.get(each)?.has(rule) ?? false);
