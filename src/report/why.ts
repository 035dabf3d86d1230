import { spanWords } from "../units/span.ts";
import { formatDate } from "./duration.ts";
import { printable, printableLog, type Style } from "./style.ts";

/** One service and, when it is not ready, what stands in its way. Times are ISO. */
export interface Cause {
  readonly id: string;
  /** ready, starting, unhealthy, stopped, held, missing or failed. */
  readonly state: string;
  readonly detail: string;
  readonly since?: string | undefined;
  /** `since` is reckoned back. */
  readonly about?: boolean | undefined;
  readonly failing?: number | undefined;
  readonly probes?:
    | readonly { readonly at: string; readonly exitCode: number; readonly output: string }[]
    | undefined;
  readonly restarts?:
    | { readonly count: number; readonly at: string; readonly exitCode?: number | undefined }
    | undefined;
  readonly lostNetwork?: { readonly of: string; readonly at?: string | undefined } | undefined;
  /** It was stopped on purpose, when and by which command. */
  readonly held?: { readonly at: string; readonly command: string } | undefined;
  /** Why nothing can be done about it as it stands. */
  readonly problem?: { readonly code: string; readonly hint?: string | undefined } | undefined;
  readonly log?: readonly string[] | undefined;
  /** What the last run that touched it ended with, when that was bad. */
  readonly lastRun?:
    | { readonly run: string; readonly at: string; readonly result: string; readonly detail: string }
    | undefined;
  /** It is explained elsewhere in the same document. */
  readonly again?: boolean | undefined;
  /** Services that it waits for and that are not ready either. */
  readonly causes: readonly Cause[];
}

/**
 * Ids from a target down to a cause that waits for nothing else; the shortest way to each cause. `all`: the targets
 * of one document, among which each name is explained once.
 */
export function chainsOf(target: Cause, all: readonly Cause[] = [target]): string[][] {
  return chains(target, index(all));
}

function chains(target: Cause, known: ReadonlyMap<string, Cause>): string[][] {
  const found: string[][] = [];
  const seen = new Set([target.id]);
  const queue = [[target.id]];
  for (let path = queue.shift(); path; path = queue.shift()) {
    const cause = known.get(path.at(-1) ?? "");
    if (cause && isRoot(cause)) found.push(path);
    for (const { id } of cause?.causes ?? []) {
      if (seen.has(id)) continue;
      seen.add(id);
      queue.push([...path, id]);
    }
  }
  return found.toSorted((a, b) => rank(a, known) - rank(b, known));
}

/** Whether it stands in the way by itself, and not only because of what it waits for. */
const isRoot = ({ state, causes, held }: Cause): boolean =>
  state !== "ready" && (causes.length === 0 || held !== undefined);

/** What is broken comes before what only has not been brought up yet. */
const RANKS: readonly string[] = ["unhealthy", "failed", "held", "stopped", "starting", "missing"];

const rank = (path: readonly string[], known: ReadonlyMap<string, Cause>): number =>
  RANKS.indexOf(known.get(path.at(-1) ?? "")?.state ?? "");

/** Every cause where it is told in full. */
function index(causes: readonly Cause[], into = new Map<string, Cause>()): Map<string, Cause> {
  for (const cause of causes) {
    if (!cause.again) into.set(cause.id, cause);
    index(cause.causes, into);
  }
  return into;
}

/** Why targets are not ready: first the chain to each cause in one sentence, then all that is known, each name once. */
export function whyText(targets: readonly Cause[], s: Style, now: Date): string {
  const known = index(targets);
  const told = new Set<string>();
  const parts = targets.map((target) => {
    const full = known.get(target.id) ?? target;
    const sentences = chains(full, known)
      .filter((chain) => chain.length > 1)
      .map((chain) => `${sentence(chain, known, now)}\n`);
    const blocks = deepestFirst(full, known, told).map((cause) => block(cause, full.id, s, now));
    return [...sentences, ...(sentences.length > 0 && blocks.length > 0 ? ["\n"] : []), ...blocks].join("");
  });
  return parts.filter((part) => part !== "").join("\n");
}

/** `sonarr waits for prowlarr, prowlarr needs gluetun, and gluetun has been unhealthy since 03:12: it said no`. */
function sentence(chain: readonly string[], known: ReadonlyMap<string, Cause>, now: Date): string {
  const [target = "", next = ""] = chain;
  const ready = known.get(target)?.state === "ready";
  const links = [`${target} ${ready ? "is ready, but it needs" : "waits for"} ${next}`];
  for (let at = 1; at < chain.length - 1; at++) links.push(`${chain[at]} needs ${chain[at + 1]}`);
  const root = known.get(chain.at(-1) ?? "");
  return `${links.join(", ")}, and ${root ? condition(root, now) : "that is not ready"}`;
}

/** `gluetun has been unhealthy since 03:12 (14 min): the last probe said: connection refused`. */
export function condition(cause: Cause, now: Date): string {
  const { id, state, probes, lostNetwork } = cause;
  const said = state === "unhealthy" && !lostNetwork ? lastWords(probes?.at(-1)?.output) : undefined;
  const why = said === undefined ? printable(cause.detail) : `the last probe said: ${said}`;
  const time = moment(cause, now);
  switch (state) {
    case "unhealthy":
      return lostNetwork
        ? `${id} has had no network${time}: ${why}`
        : `${id} has been unhealthy${time}: ${why}`;
    case "starting":
      return `${id} has been starting${time}: ${why}`;
    case "stopped":
      return `${id} has been stopped${time}: ${why}`;
    case "held":
      return `${id} is held: ${why}`;
    case "missing":
      return `${id} is missing: ${why}`;
    default:
      if (cause.problem) return `${id} cannot be brought up as it stands: ${why}`;
      return `${id} has failed${time}: ${why}`;
  }
}

function moment({ since, about }: Cause, now: Date): string {
  if (since === undefined) return "";
  const date = new Date(since);
  const age = now.getTime() - date.getTime();
  return ` since ${about ? "about " : ""}${clock(date, now)} (${spanWords(Math.max(0, age))})`;
}

/** `03:12` of the same day, else `2026-11-20 03:12`, in the local time zone. */
function clock(date: Date, now: Date): string {
  const [day = "", time = ""] = formatDate(date).split(" ");
  return formatDate(now).startsWith(`${day} `) ? time : `${day} ${time}`;
}

const lastWords = (output: string | undefined): string | undefined => {
  const line = printableLog(output?.trim().split("\n").at(-1) ?? "");
  return line === "" ? undefined : line;
};

/** What is not ready, each after what it waits for, and the target at the end. */
function deepestFirst(target: Cause, known: ReadonlyMap<string, Cause>, told: Set<string>): Cause[] {
  if (told.has(target.id)) return [];
  told.add(target.id);
  const below = target.causes.flatMap(({ id }) => {
    const cause = known.get(id);
    return cause ? deepestFirst(cause, known, told) : [];
  });
  return [...below, target];
}

function block(cause: Cause, target: string, s: Style, now: Date): string {
  const ready = cause.state === "ready";
  const paint = ready ? s.green : s.red;
  const head = `${s.bold(cause.id)} is ${paint(cause.state)}${ready || cause.state === "held" ? "" : moment(cause, now)}: ${printable(cause.detail)}`;
  const hint = isRoot(cause) ? hintOf(cause, target) : undefined;
  const lines = [
    ...probeLines(cause, now),
    ...restartLines(cause, now),
    ...(cause.log ?? []).map((line) => `${s.dim("|")} ${printableLog(line)}`),
    ...lastRunLines(cause, now),
    ...(hint === undefined ? [] : [`${s.green("hint:")} ${hint}`]),
  ];
  return [head, ...lines.map((line) => `  ${line}`)].map((line) => `${line}\n`).join("");
}

function probeLines({ probes = [], failing = 0 }: Cause, now: Date): string[] {
  const lines = probes.map(
    ({ at, exitCode, output }) =>
      `probe at ${clock(new Date(at), now)} (exit code ${exitCode}): ${lastWords(output) ?? "it said nothing"}`,
  );
  const same = new Set(probes.map(({ exitCode, output }) => `${exitCode} ${lastWords(output)}`)).size === 1;
  const shown = same ? lines.slice(-1) : lines;
  return failing > shown.length ? [...shown, `${failing} probes in a row have failed`] : shown;
}

function restartLines({ restarts }: Cause, now: Date): string[] {
  if (!restarts) return [];
  const { count, at, exitCode } = restarts;
  const after = exitCode === undefined ? "" : ` after exit code ${exitCode}`;
  const times = count === 1 ? "once" : `${count} times, last`;
  return [`Docker restarted it ${times} at ${clock(new Date(at), now)}${after}`];
}

function lastRunLines({ lastRun, detail }: Cause, now: Date): string[] {
  // What it waited for is told by itself.
  if (!lastRun || lastRun.result === "blocked") return [];
  const words = lastRun.detail.includes(detail) ? " that" : `: ${printable(lastRun.detail)}`;
  const when = clock(new Date(lastRun.at), now);
  return [`the last run, at ${when}, ended with${words} (\`homelab report ${lastRun.run}\`)`];
}

/** What to do next about a cause that waits for nothing else. */
export function hintOf({ id, state, problem, lostNetwork, restarts }: Cause, target: string): string {
  if (problem) return problem.hint ?? `\`homelab validate ${id}\` shows where`;
  const logs = `\`homelab logs ${id}\` shows what it said`;
  switch (state) {
    case "unhealthy":
      return lostNetwork
        ? `\`homelab ensure ${target}\` makes it anew`
        : `${logs}; \`homelab restart ${id}\` starts it afresh`;
    case "starting":
      return `\`homelab ensure ${target}\` waits for it`;
    case "held":
      return `\`homelab ensure ${id}\` starts it, and ends the hold`;
    case "failed":
      return restarts ? `${logs} before it ended` : `${logs}; \`homelab ensure ${target}\` tries again`;
    default:
      return `\`homelab ensure ${target}\` brings it up`;
  }
}
