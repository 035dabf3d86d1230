const NAMED = 3;

/** What `git status --porcelain -z` says that a flake is not as it was committed, a sentence each. */
export function treeNews(status: string): string[] {
  const entries = status.split("\0");
  const [changed, unseen]: [string[], string[]] = [[], []];
  for (let at = 0; at < entries.length; at++) {
    const [, code = "", path = ""] = /^(..) (.+)$/s.exec(entries[at] ?? "") ?? [];
    if (code === "") continue;
    if (code !== "??") changed.push(path);
    else if (path.endsWith(".nix")) unseen.push(path);
    // The name that it had before is an entry of its own.
    if (/[RC]/.test(code)) at++;
  }
  const news: string[] = [];
  if (changed.length > 0) news.push(`built with changes that are not committed: ${named(changed)}`);
  if (unseen.length > 0)
    news.push(`a flake does not see what git does not know: ${named(unseen)} (\`git add\` makes it seen)`);
  return news;
}

function named(paths: readonly string[]): string {
  const rest = paths.length - NAMED;
  return `${paths.slice(0, NAMED).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
