import { HomelabError } from "../errors.ts";
import { formatDuration, formatWhen } from "../report/duration.ts";
import type { Style } from "../report/style.ts";
import { table } from "../report/table.ts";
import { type RunRecord, recentRuns } from "../store/runs.ts";
import { Store } from "../store/store.ts";
import { makeCommand } from "./command.ts";
import { print, printJson } from "./context.ts";
import { findRoot } from "./root.ts";

const DEFAULT_LIMIT = 20;

export default makeCommand({
  name: "history",
  description: "Shows the latest runs, the newest first. Runs in a row that changed nothing are one line.",
  usage: "",
  words: { min: 0, max: 0, label: "" },
  args: {
    limit: { type: "string", valueHint: "N", description: `at most N runs (default ${DEFAULT_LIMIT})` },
  },
  examples: [
    ["homelab history", "what was done, and when"],
    ["homelab history --limit 1 --json", "the last run as data"],
  ],
  async run(context, _words, { limit }) {
    if (limit !== undefined && !/^[1-9]\d{0,5}$/.test(limit)) {
      throw new HomelabError("usage", `\`--limit\` takes a number, not \`${limit}\``);
    }
    const root = findRoot(context);
    const store = Store.openReadonly(context.env, (text) => context.messages.warn(text));
    const runs = recentRuns(store, root, Number(limit ?? DEFAULT_LIMIT));
    store.close();
    if (context.options.json) printJson({ version: 1, root, runs: runs.map(document) });
    else print(runs.length === 0 ? "no runs yet\n" : text(runs, context.out));
  },
});

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
