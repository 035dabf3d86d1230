import { formatDuration } from "../report/duration.ts";
import { printable, printableLog } from "../report/style.ts";
import { DONE } from "../report/wording.ts";
import { type Failing, type Move, moveOf, type News } from "./news.ts";

/** Whose news it is. */
export interface Origin {
  readonly host: string;
  readonly root: string;
  /** As typed: "ensure media". */
  readonly command: string;
  readonly run?: string | undefined;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** How a service takes text. */
export interface Form {
  /** Most that it takes, as `measure` counts. */
  readonly limit: number;
  readonly measure: (text: string) => number;
  /** Log lines between fences, as Markdown has them, or each behind a bar. */
  readonly fences: boolean;
  readonly quote: (text: string) => string;
}

const LINE = 500;
const cut = (text: string, length = LINE): string =>
  text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, "")}…`;

/** `tdarr`, `tdarr and plex`, `tdarr, plex and 3 more`. */
function names(ids: readonly string[]): string {
  const [first = "", second = "", ...rest] = ids;
  if (ids.length < 2) return first;
  return rest.length === 0 ? `${first} and ${second}` : `${first}, ${second} and ${rest.length} more`;
}

/** The one line that a telephone shows: `hl15: tdarr failed`. */
export function titleOf(news: News, { host }: Pick<Origin, "host">): string {
  const { failed, recovered, changed } = news;
  const what =
    failed.length > 0
      ? `${names(failed.map(({ id }) => id))} ${failed.every(isBlocked) ? "blocked" : "failed"}`
      : recovered.length > 0
        ? `${names(recovered.map(({ id }) => id))} recovered`
        : changed.length > 0
          ? `${names(changed.map(({ id }) => id))} changed`
          : "changes that could not be told before";
  return `${host}: ${cut(printable(what), 150)}`;
}

const isBlocked = ({ ending }: Failing): boolean => ending.startsWith("blocked");

/** How much of the news is shown: log lines of each failure, and failures. */
interface Extent {
  readonly logs: number;
  readonly items: number;
}

const EXTENTS: readonly Extent[] = [
  ...[20, 10, 5, 3, 1, 0].map((logs) => ({ logs, items: Number.POSITIVE_INFINITY })),
  ...[20, 10, 5, 3, 1].map((items) => ({ logs: 0, items })),
];

/** What happened, why, and what to do next, within what the service takes: log lines go first. */
export function bodyOf(news: News, origin: Origin, form: Form): string {
  const all = EXTENTS.map((extent) => () => render(news, origin, form, extent));
  for (const make of all) {
    const text = make();
    if (form.measure(text) <= form.limit) return text;
  }
  return shorten(render(news, origin, form, { logs: 0, items: 1 }), form);
}

/** The beginning of a text that fits. */
export function shorten(text: string, { limit, measure }: Pick<Form, "limit" | "measure">): string {
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (measure(`${text.slice(0, middle)}…`) <= limit) low = middle;
    else high = middle - 1;
  }
  return low === text.length ? text : `${text.slice(0, low).replace(/[\ud800-\udbff]$/, "")}…`;
}

function render(news: News, origin: Origin, form: Form, { logs, items }: Extent): string {
  const { failed, blocked, still, recovered, changed, owed } = news;
  const { quote } = form;
  const list = (label: string, texts: readonly string[]) => {
    const shown = texts.slice(0, items);
    const more = texts.length - shown.length;
    return texts.length === 0
      ? []
      : [quote(`${label}: ${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`)];
  };
  const ago = (since: number) => formatDuration(origin.at - since);
  const more = failed.length - Math.min(failed.length, items);
  const lines = [
    quote(`\`${cut(printable(origin.command))}\` in ${printable(origin.root)}`),
    "",
    ...failed.slice(0, items).flatMap((each) => failure(each, form, logs)),
    ...(more > 0 ? [`and ${more} more`] : []),
    ...list("blocked by that", blocked),
    ...list(
      "still failing",
      still.map(({ id, since }) => `${id} (for ${ago(since)})`),
    ),
    ...list(
      "recovered",
      recovered.map(({ id, since }) => `${id} (after ${ago(since)})`),
    ),
    ...list(
      "changed",
      changed.map((step) => `${step.id} ${DONE[step.action]}${moveText(moveOf(step))}`),
    ),
    ...list("changed in earlier runs, not told then", owed),
    ...(origin.run === undefined ? [] : ["", `details: homelab report ${origin.run}`]),
  ];
  return lines.join("\n");
}

/** ` (nixos-system-web-1 → nixos-system-web-2, 2 warnings)` */
function moveText(move: Move | undefined): string {
  if (!move) return "";
  const { from, to, warnings } = move;
  const known = warnings === 0 ? "" : `, ${warnings === 1 ? "1 warning" : `${warnings} warnings`}`;
  return ` (${printable(`${from} → ${to}`)}${known})`;
}

function failure({ id, ending, hint, log, move }: Failing, { fences, quote }: Form, logs: number): string[] {
  const shown = logs === 0 ? [] : log.slice(-logs).map((line) => quote(cut(printableLog(line))));
  const lines = fences
    ? // A fence inside of what is fenced would end it.
      shown.length > 0
      ? ["```", ...shown.map((line) => line.replaceAll("```", "'''")), "```"]
      : []
    : shown.map((line) => `  | ${line}`);
  return [
    quote(cut(`${id} ${printable(ending)}${moveText(move)}`)),
    ...lines,
    ...(hint === undefined ? [] : [quote(`hint: ${cut(printable(hint))}`)]),
  ];
}
