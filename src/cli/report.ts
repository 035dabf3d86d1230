import { HomelabError } from "../errors.ts";
import { reportDocument } from "../report/json.ts";
import { lastNotableRun, type RunRecord, recentRuns, runsNamed } from "../store/runs.ts";
import { Store } from "../store/store.ts";
import { makeCommand } from "./command.ts";
import { type Context, print, printJson } from "./context.ts";
import { findRoot } from "./root.ts";

/** How many ids are named when the one that was asked for is not there. */
const SUGGESTED = 5;

export default makeCommand({
  name: "report",
  description:
    "Shows one run: what it changed and why, how long that took, the last log lines of what failed, and what was measured of hosts. Without RUN, the latest run that changed something or went wrong.",
  usage: "[RUN]",
  words: { min: 0, max: 1, label: "" },
  args: { markdown: { type: "boolean", description: "print a Markdown document, for a ticket" } },
  examples: [
    ["homelab report", "what was done last"],
    ["homelab report 20261120-0312", "the run whose id begins so; `homelab history` shows the ids"],
    ["homelab report --markdown", "to be pasted into a ticket"],
  ],
  async run(context, [id], { markdown }) {
    if (markdown && context.options.json) {
      throw new HomelabError("usage", "`--markdown` and `--json` exclude each other");
    }
    const root = findRoot(context);
    const store = Store.openReadonly(context.env, (text) => context.messages.warn(text));
    const chosen = id === undefined ? lastRun(store, root) : { run: runNamed(store, root, id), since: 0 };
    store.close();
    if (chosen) await show(context, root, chosen, markdown === true);
    else if (context.options.json) printJson({ version: 1, root, run: null });
    else print("no runs yet\n");
  },
});

interface Chosen {
  readonly run: RunRecord;
  /** Runs after it. */
  readonly since: number;
}

async function show(context: Context, root: string, { run, since }: Chosen, markdown: boolean) {
  if (context.options.json) printJson(reportDocument(root, run));
  else if (markdown) print((await import("../report/markdown.ts")).runMarkdown(run));
  else {
    const { runText } = await import("../report/run.ts");
    const later =
      since === 0 ? "" : `\nsince then ${since === 1 ? "1 run" : `${since} runs`} changed nothing\n`;
    print(runText(run, context.out, new Date()) + later);
  }
}

function lastRun(store: Store, root: string): Chosen | undefined {
  const notable = lastNotableRun(store, root);
  if (notable) return notable;
  const [run] = recentRuns(store, root, 1);
  return run && { run, since: 0 };
}

function runNamed(store: Store, root: string, id: string): RunRecord {
  const [run, ...others] = runsNamed(store, root, id);
  if (run && (others.length === 0 || run.id === id)) return run;
  const near = run ? [run, ...others] : recentRuns(store, root, SUGGESTED);
  const names = near.slice(0, SUGGESTED).map((each) => `\`${each.id}\``);
  throw new HomelabError(
    "usage",
    run ? `\`${id}\` begins ${near.length} runs` : `there is no run \`${id}\``,
    {
      hint:
        names.length === 0
          ? "there are no runs of this homelab yet"
          : `${run ? "which of" : "the latest are"} ${names.join(", ")}${run ? "?" : ""}`,
    },
  );
}
