import type { NewPackage } from "./package.ts";

/**
 * From the worst on. `low` is only counted: an open issue without a word on the version is normal for a package of any
 * size.
 */
export const SEVERITIES = ["critical", "high", "medium", "low"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** An issue as GitHub has it. */
export interface Issue {
  readonly number: number;
  readonly title: string;
  readonly url: string;
  readonly labels: readonly string[];
  readonly open: boolean;
}

/** An issue about a package that an update brings. */
export interface KnownIssue extends Issue {
  readonly package: string;
  readonly version: string;
  readonly severity: Severity;
}

/** Labels of nixpkgs, and what weight they give an issue. */
const WEIGHTS: readonly (readonly [weight: number, labels: readonly RegExp[]])[] = [
  [3, [/^1\.severity: (?:security|blocker|channel blocker|data loss)\b/]],
  [2, [/^0\.kind: (?:regression|build failure)$/]],
  [1, [/^0\.kind: bug$/]],
  [
    0,
    [
      /^0\.kind: (?:enhancement|question|packaging request|documentation|feature|tracking|rfc)/,
      /^9\.needs: (?:documentation|package(?: \(new\)| \(update\))?)/,
      /^(?:6\.topic|8\.has): (?:documentation|package \((?:new|update)\))/,
    ],
  ],
];
/** What weighs as much as the worst label, whether or not somebody has set it. */
const GRAVE =
  /\bCVE-\d{4}-\d+|\bdata loss\b|\b(?:fails?|unable|refuses?|does not|doesn't|won't) to boot\b|\bunbootable\b|\bkernel panic/i;
const REQUEST = /\b(?:update request|package request|please update|outdated)\b/i;
const LEVELS: readonly Severity[] = ["low", "low", "medium", "high"];

/** What an issue's labels and title say of how bad it is, from 0 to 3. */
function weightOf({ labels, title }: Issue): number {
  const [weight] = WEIGHTS.find(([, among]) =>
    among.some((each) => labels.some((label) => each.test(label))),
  ) ?? [REQUEST.test(title) ? 0 : 1];
  return weight > 0 && GRAVE.test(title) ? 3 : weight;
}

/** How an issue's title stands to the versions that come: it names one of them, names only others, or none. */
export function versionIn(title: string, { name, versions }: NewPackage): "named" | "other" | "none" {
  const marked = title
    .replaceAll(new RegExp(escaped(name), "gi"), MARK)
    // As attributes of nixpkgs are called: `linux_6_6`.
    .replaceAll(ATTRIBUTE, (_, version) => MARK + version.replaceAll("_", "."));
  const written = [...marked.matchAll(NUMBER)]
    .map(([all, number = "", open]) => ({ number, open: open !== undefined || all.startsWith(MARK) }))
    // A number without a point may be anything elsewhere: the 2 of "2 tests fail".
    .filter(({ number, open }) => open || number.includes(".") || versions.includes(number));
  if (written.length === 0) return "none";
  const names = written.some(({ number, open }) =>
    versions.some(
      (each) => each === number || (each.startsWith(`${number}.`) && (open || number.includes("."))),
    ),
  );
  return names ? "named" : "other";
}

/** Whether a title is about a package: its name stands in it as a word of its own, or with a version behind it. */
export const isAbout = (title: string, { name }: Pick<NewPackage, "name">): boolean =>
  new RegExp(`(?<![\\w-])${escaped(name)}(?![A-Za-z0-9]|[-_](?!v?\\d))`, "i").test(title);

/** Stands for the package's name: a number right behind it is a version. */
const MARK = "\u0001";
const ATTRIBUTE = new RegExp(`${MARK}_(\\d+(?:_\\d+)*)`, "g");
const NUMBER = new RegExp(
  `(?:${MARK}[\\s@_-]*|(?<![\\w.${MARK}-]))v?(\\d+(?:\\.\\d+)*)(\\.[x*])?(?!\\w|\\.\\w)`,
  "gi",
);

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/**
 * How bad an issue is for an update that brings the package: what its labels weigh, more when it names the version
 * that comes, less when it names only others, and more for what a unit runs. One that was closed meanwhile may be
 * mended by now, and weighs less.
 *
 * | weight | version named, in a unit | version named | none named, in a unit | none named | others named |
 * |---|---|---|---|---|---|
 * | 3 (security, blocker, data loss) | critical | critical | critical | high | medium |
 * | 2 (regression, build failure) | critical | high | high | medium | low |
 * | 1 (bug, or no label) | high | medium | low | low | low |
 * | 0 (wish, question) | low | low | low | low | low |
 */
export function severityOf(issue: Issue, about: NewPackage): Severity {
  const weight = weightOf(issue);
  if (weight === 0) return "low";
  const version = versionIn(issue.title, about);
  const unit = about.inUnit && (version === "named" || (version === "none" && weight > 1)) ? 1 : 0;
  const score = weight + { named: 1, none: 0, other: -1 }[version] + unit - (issue.open ? 0 : 1);
  return score >= 4 ? "critical" : (LEVELS[score] ?? "low");
}

/** What of an answer is about the packages that were asked for. */
export function knownIssues(issues: readonly Issue[], packages: readonly NewPackage[]): KnownIssue[] {
  return issues.flatMap((issue) =>
    packages
      .filter((each) => isAbout(issue.title, each))
      .map((each) => ({
        ...issue,
        package: each.name,
        version: each.versions.join(", "),
        severity: severityOf(issue, each),
      })),
  );
}
