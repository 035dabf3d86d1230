import { type GitHub, searchIssues } from "./github.ts";
import type { NewPackage } from "./package.ts";
import { packQueries } from "./query.ts";
import { type KnownIssue, knownIssues, SEVERITIES } from "./severity.ts";

/** What is known of the packages that an update brings. */
export interface Scan {
  readonly issues: readonly KnownIssue[];
  /** Packages that were asked for, with all that there is. */
  readonly checked: readonly string[];
  /** Packages of which there is more than was read, or that were not asked for at all. */
  readonly unchecked: readonly string[];
  /** Why something was not checked. */
  readonly problem: string | undefined;
}

interface ScanOptions {
  readonly github: GitHub;
  /** The day that the nixpkgs of the update is of: `2026-11-01`. */
  readonly since: string | undefined;
  readonly signal: AbortSignal;
  readonly progress: (note: string) => void;
}

/** Asks GitHub for issues of packages, one request after the other as it wants it, and no more than it allows. */
export async function scanIssues(
  packages: readonly NewPackage[],
  { github, since, signal, progress }: ScanOptions,
): Promise<Scan> {
  const issues: KnownIssue[] = [];
  const checked: string[] = [];
  const problems = new Set<string>();
  const queries = packQueries(packages, since);
  let left = github.most;
  for (const [at, query] of queries.entries()) {
    if (left <= 0) {
      problems.add("GitHub takes no more searches in a minute");
      break;
    }
    progress(`asks for known issues, ${at + 1} of ${queries.length}`);
    const answer = await searchIssues(github, query.text, signal);
    if (answer.ok) {
      issues.push(...knownIssues(answer.issues, query.packages));
      if (answer.whole) checked.push(...query.packages.map(({ name }) => name));
      else problems.add("there are more issues than GitHub gives in one answer");
      left = Math.min(left - 1, answer.left ?? left);
    } else {
      problems.add(`${new URL(github.base).host}: ${answer.why}`);
      if (!answer.goOn) break;
      left--;
    }
  }
  const all = packages.map(({ name }) => name);
  return {
    issues: worstFirst(issues),
    checked,
    unchecked: all.filter((name) => !checked.includes(name)),
    problem: problems.size === 0 ? undefined : [...problems].join("; "),
  };
}

/** The worst first; an issue that names two packages counts for the one for which it is worse. */
function worstFirst(issues: readonly KnownIssue[]): KnownIssue[] {
  const rank = ({ severity }: KnownIssue) => SEVERITIES.indexOf(severity);
  const sorted = issues.toSorted((a, b) => rank(a) - rank(b) || b.number - a.number);
  return sorted.filter(({ number }, at) => sorted.findIndex((each) => each.number === number) === at);
}

/** What an update comes to: `medium` also when something could not be checked. */
export type Risk = "none" | "medium" | "high" | "critical";

export function riskOf({ issues, unchecked }: Scan): Risk {
  const worst = SEVERITIES.find((level) => issues.some(({ severity }) => severity === level));
  if (worst === "critical" || worst === "high") return worst;
  return worst === "medium" || unchecked.length > 0 ? "medium" : "none";
}
