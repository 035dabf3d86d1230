import type { NewPackage } from "./package.ts";

/** GitHub takes no longer query, and not more of the words AND, OR and NOT in one. */
const LONGEST = 256;
const MOST_OPERATORS = 5;

/** What is asked in one request. */
export interface IssueQuery {
  readonly text: string;
  readonly packages: readonly NewPackage[];
}

/**
 * Queries for the issues of nixpkgs with a package's name in the title, several packages in each: those that are open,
 * and those closed on `since` or later (`2026-11-01`). What was closed only after this nixpkgs was made is not yet
 * mended in it.
 */
export function packQueries(packages: readonly NewPackage[], since: string | undefined): IssueQuery[] {
  const state = since === undefined ? "is:open" : `(is:open OR closed:>=${since})`;
  const most = MOST_OPERATORS - (since === undefined ? 0 : 1) + 1;
  const textOf = (names: readonly string[]) =>
    `repo:NixOS/nixpkgs is:issue ${state} in:title (${names.map((name) => `"${name}"`).join(" OR ")})`;
  const queries: IssueQuery[] = [];
  let group: NewPackage[] = [];
  const close = () => {
    if (group.length > 0) queries.push({ text: textOf(group.map(({ name }) => name)), packages: group });
    group = [];
  };
  for (const each of packages) {
    const text = textOf([...group, each].map(({ name }) => name));
    if (group.length >= most || text.length > LONGEST) close();
    group.push(each);
  }
  close();
  return queries;
}
