/** An issue as GitHub's search has it, as far as anybody reads it. */
export interface ServedIssue {
  readonly number: number;
  readonly title: string;
  readonly labels?: readonly string[];
  readonly state?: "open" | "closed";
}

/** A web server that answers `GET /search/issues` as GitHub documents it. `using github = openGithub()`. */
export interface Github extends Disposable {
  readonly port: number;
  /** What it has. */
  issues: readonly ServedIssue[];
  /** Instead of an answer. */
  answer: (() => Response | Promise<Response>) | undefined;
  /** Searches that are left before it refuses; it counts down. */
  left: number;
  /** What came in since the last call. */
  take(): { readonly query: string; readonly authorization: string | null }[];
}

const DOCUMENTED = ({ number, title, labels = [], state = "open" }: ServedIssue) => ({
  url: `https://api.github.com/repos/NixOS/nixpkgs/issues/${number}`,
  html_url: `https://github.com/NixOS/nixpkgs/issues/${number}`,
  id: number * 1000,
  number,
  title,
  labels: labels.map((name) => ({ id: name.length, name, color: "ededed", default: false })),
  state,
  comments: 0,
  created_at: "2026-10-01T10:00:00Z",
  body: null,
  score: 1,
});

export function openGithub(hostname = "127.0.0.1"): Github {
  const received: { query: string; authorization: string | null }[] = [];
  const server = Bun.serve({
    hostname,
    port: 0,
    fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      const query = searchParams.get("q") ?? "";
      received.push({ query, authorization: request.headers.get("authorization") });
      if (github.answer) return github.answer();
      if (pathname !== "/search/issues" || searchParams.get("advanced_search") !== "true")
        return Response.json({ message: "Not Found" }, { status: 404 });
      const reset = { "x-ratelimit-reset": "1795269900", "x-ratelimit-resource": "search" };
      if (github.left <= 0)
        return Response.json(
          { message: "API rate limit exceeded" },
          { status: 403, headers: { ...reset, "x-ratelimit-remaining": "0" } },
        );
      github.left--;
      const names = [...query.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name.toLowerCase());
      const items = github.issues.filter(({ title }) =>
        names.some((name) => title.toLowerCase().includes(name)),
      );
      return Response.json(
        { total_count: items.length, incomplete_results: false, items: items.map(DOCUMENTED) },
        { headers: { ...reset, "x-ratelimit-remaining": `${github.left}` } },
      );
    },
  });
  const github: Github = {
    port: server.port ?? 0,
    issues: [],
    answer: undefined,
    left: 10,
    take: () => received.splice(0),
    [Symbol.dispose]: () => void server.stop(true),
  };
  return github;
}
