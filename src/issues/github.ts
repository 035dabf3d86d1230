import { type FetchResponse, ofetch } from "ofetch";
import { HomelabError } from "../errors.ts";
import { plain } from "../nix/words.ts";
import type { Issue } from "./severity.ts";

const DEFAULT_BASE = "https://api.github.com";
/** One request may take this long, its answer included, in milliseconds. */
const DEADLINE_MS = 10_000;
/** As many as GitHub gives in one answer. */
const PAGE = 100;

type Environment = Readonly<Record<string, string | undefined>>;

/** Where issues are asked for, and as whom. */
export interface GitHub {
  readonly base: string;
  readonly token: string | undefined;
  /** Requests that one scan may make: as many searches as GitHub allows in a minute. */
  readonly most: number;
}

/** A token goes only where nobody else can read it. Throws `not-configured` for an address that is none. */
export function githubOf(env: Environment): GitHub {
  const base = (env.HOMELAB_GITHUB_API || DEFAULT_BASE).replace(/\/+$/, "");
  if (!/^https?:$/.test(URL.parse(base)?.protocol ?? ""))
    throw new HomelabError("not-configured", "HOMELAB_GITHUB_API is no address of a web server", {
      hint: `write it like ${DEFAULT_BASE}, or leave it out`,
    });
  const given = env.GITHUB_TOKEN || env.GH_TOKEN || undefined;
  const private_ = /^https:|^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::|\/|$)/.test(base);
  const token = private_ ? given : undefined;
  return { base, token, most: token === undefined ? 10 : 30 };
}

export type Answer =
  | {
      readonly ok: true;
      readonly issues: readonly Issue[];
      /** Whether that is all that there is. */
      readonly whole: boolean;
      /** Requests that are left; undefined where it was not said. */
      readonly left: number | undefined;
    }
  | {
      readonly ok: false;
      readonly why: string /** Whether another query may go better. */;
      readonly goOn: boolean;
    };

/** Asks for the issues that a query finds. Never throws, and takes no longer than its deadline. */
export async function searchIssues(
  { base, token }: GitHub,
  query: string,
  signal: AbortSignal,
): Promise<Answer> {
  const late = AbortSignal.timeout(DEADLINE_MS);
  try {
    const answer: FetchResponse<unknown> = await ofetch.raw(`${base}/search/issues`, {
      query: { q: query, per_page: PAGE, advanced_search: "true" },
      headers: {
        accept: "application/vnd.github+json",
        "user-agent": "homelab",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      retry: 0,
      // A token would go along.
      redirect: "manual",
      ignoreResponseError: true,
      responseType: "json",
      signal: AbortSignal.any([late, signal]),
    });
    return answer.ok ? read(answer) : refused(answer);
  } catch (error) {
    if (signal.aborted) return { ok: false, why: "it was broken off", goOn: false };
    if (late.aborted) return { ok: false, why: `no answer within ${DEADLINE_MS / 1000} s`, goOn: false };
    const { cause } = error as { cause?: { code?: unknown } };
    const why = error instanceof SyntaxError ? "its answer is no JSON" : "it cannot be reached";
    return { ok: false, why: typeof cause?.code === "string" ? `${why} (${cause.code})` : why, goOn: false };
  }
}

function read(answer: FetchResponse<unknown>): Answer {
  const body = answer._data as
    | { items?: unknown; total_count?: unknown; incomplete_results?: unknown }
    | undefined;
  if (!Array.isArray(body?.items)) return { ok: false, why: "its answer is none of a search", goOn: false };
  const issues = body.items.flatMap(issueOf);
  const remaining = answer.headers.get("x-ratelimit-remaining");
  return {
    ok: true,
    issues,
    whole: body.incomplete_results !== true && Number(body.total_count ?? 0) <= body.items.length,
    left: remaining === null ? undefined : Number(remaining),
  };
}

function issueOf(item: unknown): Issue[] {
  const { number, title, html_url, state, labels } = (item ?? {}) as Record<string, unknown>;
  if (typeof number !== "number" || typeof title !== "string") return [];
  const names = (Array.isArray(labels) ? labels : []).flatMap((each: unknown) => {
    const name = typeof each === "string" ? each : (each as { name?: unknown } | null)?.name;
    return typeof name === "string" ? [name] : [];
  });
  const url = typeof html_url === "string" ? html_url : `https://github.com/NixOS/nixpkgs/issues/${number}`;
  return [{ number, title: plain(title), url, labels: names, open: state !== "closed" }];
}

/** What it says when it does not answer; nothing of the token. */
function refused({ status, headers }: FetchResponse<unknown>): Answer {
  const limited = status === 429 || (status === 403 && headers.get("x-ratelimit-remaining") === "0");
  if (limited || headers.get("retry-after") !== null)
    return { ok: false, why: `it takes no more requests${untilText(headers)}`, goOn: false };
  const why = { 401: "the token in GITHUB_TOKEN is not valid", 422: "it does not take the query" }[status];
  return { ok: false, why: why ?? `HTTP ${status}`, goOn: status === 422 };
}

/** ` until 14:05 UTC`, where it says so. */
export function untilText(headers: Pick<Headers, "get">, now = Date.now()): string {
  const [after, reset] = [headers.get("retry-after"), headers.get("x-ratelimit-reset")];
  const at = after !== null ? now + Number(after) * 1000 : reset === null ? Number.NaN : Number(reset) * 1000;
  return Number.isFinite(at) ? ` until ${new Date(at).toISOString().slice(11, 16)} UTC` : "";
}
