import { riskOf, type Scan } from "../issues/scan.ts";
import type { KnownIssue } from "../issues/severity.ts";
import { type Change, summary } from "../nix/diff.ts";
import { printable, type Style } from "./style.ts";

const MOST_NAMES = 8;

/** Packages that change, new ones and those that go, all of them, with what they come to. */
export function packageLines(packages: readonly Change[]): string[] {
  const version = (versions: readonly string[]) => versions.map((each) => each || "-").join(", ");
  const part = (title: string, changes: readonly Change[], line: (change: Change) => string) =>
    changes.length === 0 ? [] : [`${title}:`, ...changes.map((each) => `  ${line(each)}`)];
  const [changed, added, gone] = [
    packages.filter(({ before, after }) => before.length > 0 && after.length > 0),
    packages.filter(({ before, after }) => before.length === 0 && after.length > 0),
    packages.filter(({ before, after }) => before.length > 0 && after.length === 0),
  ];
  return [
    ...part(
      "change",
      changed,
      ({ name, before, after }) => `${name}: ${version(before)} → ${version(after)}`,
    ),
    ...part("new", added, ({ name, after }) => [name, version(after)].join(" ")),
    ...part("go", gone, ({ name, before }) => [name, version(before)].join(" ")),
    summary(packages),
  ];
}

/** What is known of the packages that come: the worst first, and what was not looked at. */
export function issueLines(scan: Scan, s: Style): string[] {
  const { issues, checked, unchecked, problem } = scan;
  const told = issues.filter(({ severity }) => severity !== "low");
  const low = issues.length - told.length;
  const asked = checked.length === 1 ? "1 package that comes" : `${checked.length} packages that come`;
  const head = told.length > 0 ? "known issues of what comes:" : `no known issue speaks against the ${asked}`;
  const more = low === 1 ? "1 other issue names" : `${low} other issues name`;
  return [
    ...(told.length > 0 || checked.length > 0 ? [head] : []),
    ...told.flatMap((issue) => linesOf(issue, s)),
    ...(low > 0 ? [`  ${more} one of the packages, and nothing of its new version`] : []),
    ...(unchecked.length > 0 ? [`${s.yellow("not checked")}: ${named(unchecked)} (${problem})`] : []),
  ];
}

function linesOf(
  { severity, package: name, version, number, title, url, open }: KnownIssue,
  s: Style,
): string[] {
  const paint = severity === "critical" ? s.red : severity === "high" ? s.yellow : String;
  const closed = open ? "" : " (closed after this nixpkgs was made)";
  return [
    `  ${paint(severity.padEnd(8))}  ${name} ${version}: #${number} ${printable(title)}${closed}`,
    `            ${printable(url)}`,
  ];
}

const named = (names: readonly string[]): string =>
  names.length > MOST_NAMES
    ? `${names.slice(0, MOST_NAMES).join(", ")} and ${names.length - MOST_NAMES} more`
    : names.join(", ");

/** What programs are told of it. */
export const issuesDocument = (scan: Scan) => ({
  risk: riskOf(scan),
  checked: [...scan.checked],
  unchecked: [...scan.unchecked],
  problem: scan.problem ?? null,
  issues: scan.issues.map(({ severity, package: name, version, number, title, url, labels, open }) => ({
    severity,
    package: name,
    version,
    number,
    title,
    url,
    state: open ? "open" : "closed",
    labels: [...labels],
  })),
});
