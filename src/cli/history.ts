import { parseDuration } from "../book/duration.ts";
import { nearest } from "../book/nearest.ts";
import { HomelabError } from "../errors.ts";
import { expandTarget, resolveTargets, targetNames } from "../graph/targets.ts";
import type { StepReport } from "../plan/types.ts";
import { formatDuration, formatWhen } from "../report/duration.ts";
import type { Style } from "../report/style.ts";
import { table } from "../report/table.ts";
import { type RunRecord, recentRuns } from "../store/runs.ts";
import { Store } from "../store/store.ts";
import { bookIfAny } from "./book.ts";
import { makeCommand } from "./command.ts";
import { type Context, print, printJson } from "./context.ts";
import { invalidValue } from "./options.ts";
import { findRoot } from "./root.ts";

const DEFAULT_LIMIT = 20;
/** More than are kept. */
const ALL = 1_000_000;

export default makeCommand({
  name: "history",
  description:
    "Shows the latest runs, the newest first. Runs in a row that changed nothing are one line. With targets, only runs in which one of them was changed or went wrong.",
  usage: "[TARGET…]",
  words: { min: 0, max: Number.POSITIVE_INFINITY, label: "" },
  args: {
    limit: { type: "string", valueHint: "N", description: `at most N runs (default ${DEFAULT_LIMIT})` },
    since: { type: "string", valueHint: "DURATION", description: "only runs of the last 24h, 7d, …" },
  },
  examples: [
    ["homelab history", "what was done, and when"],
    ["homelab history plex --since 7d", "when plex was changed or failed in the last week"],
    ["homelab history --limit 1 --json", "the last run as data"],
  ],
  async run(context, words, { limit, since }) {
    if (limit !== undefined && !/^[1-9]\d{0,5}$/.test(limit)) {
      throw new HomelabError("usage", `\`--limit\` takes a number, not \`${limit}\``);
    }
    const age = since === undefined ? undefined : parseDuration(since);
    if (since !== undefined && age === undefined) {
      throw invalidValue("--since", since, "a duration such as 30m, 24h or 7d");
    }
    const root = findRoot(context);
    const store = Store.openReadonly(context.env, (text) => context.messages.warn(text));
    const count = Number(limit ?? DEFAULT_LIMIT);
    const from = age === undefined ? 0 : Date.now() - age;
    const all = recentRuns(store, root, words.length === 0 ? count : ALL, from);
    const known = words.length === 0 || from === 0 ? all : recentRuns(store, root, ALL);
    store.close();
    const runs = words.length === 0 ? all : all.filter(concerning(await names(context, words, known)));
    if (context.options.json) {
      printJson({ version: 1, root, runs: runs.slice(0, count).map(document) });
    } else print(runs.length === 0 ? nothing(words, since) : text(runs.slice(0, count), context.out));
  },
});

function nothing(words: readonly string[], since: string | undefined): string {
  if (words.length === 0 && since === undefined) return "no runs yet\n";
  const of = words.length === 0 ? "no runs" : `no runs that changed ${words.join(" ")}`;
  return `${of}${since === undefined ? " yet" : ` in the last ${since}`}\n`;
}

/** What the words stand for now, or stood for: a service that is gone from the repository keeps its history. */
async function names(
  context: Context,
  words: readonly string[],
  runs: readonly RunRecord[],
): Promise<ReadonlySet<string>> {
  const book = await bookIfAny({ ...context, options: { ...context.options, quiet: true } });
  const resolved = book && resolveTargets(book, words);
  if (resolved && "names" in resolved) return new Set(resolved.names);
  const seen = new Set(runs.flatMap(({ report }) => report.steps.map(({ id }) => id)));
  const meant = words.map((word) => {
    const expanded = book && expandTarget(book, word);
    if (expanded) return expanded;
    if (seen.has(word)) return [word];
    const close = nearest(word, [...(book ? targetNames(book) : []), ...seen]);
    throw new HomelabError("unknown-target", `unknown target \`${word}\``, {
      hint: close ? `did you mean \`${close}\`?` : "`homelab list` shows all recipes and groups",
    });
  });
  return new Set(meant.flat());
}

const touched = ({ result }: StepReport): boolean => result !== "unchanged" && result !== "held";

const concerning =
  (wanted: ReadonlySet<string>) =>
  ({ report }: RunRecord): boolean =>
    report.steps.some((step) => wanted.has(step.id) && touched(step));

function text(runs: readonly RunRecord[], s: Style): string {
  const now = new Date();
  const rows = runs.map(({ id, at, command, report, repeats }) => [
    id,
    formatWhen(new Date(at), now),
    command,
    outcome(report.outcome, s),
    formatDuration(report.durationMs),
    what(report, repeats),
  ]);
  return table(rows, { style: s, headings: ["RUN", "WHEN", "COMMAND", "OUTCOME", "TOOK", "WHAT"] });
}

function outcome(word: RunRecord["report"]["outcome"], s: Style): string {
  if (word === "failed" || word === "interrupted") return s.red(word);
  return word === "changed" ? s.green(word) : s.dim(word);
}

/** "sonarr-shows created, tdarr failed"; for runs without a change how many there were. */
function what({ steps }: RunRecord["report"], repeats: number): string {
  const notable = steps.filter((step) => step.result !== "unchanged");
  if (notable.length === 0) return repeats > 1 ? `${repeats} times in a row` : "";
  const words = notable.map((step) => `${step.id} ${step.result === "changed" ? step.action : step.result}`);
  return words.length <= 4
    ? words.join(", ")
    : `${words.slice(0, 3).join(", ")} and ${words.length - 3} more`;
}

const document = ({ id, at, command, report, repeats }: RunRecord) => ({
  run: id,
  at: new Date(at).toISOString(),
  command,
  repeats,
  outcome: report.outcome,
  changed: report.changed,
  failed: report.failed,
  durationMs: report.durationMs,
  steps: report.steps,
});
