import type { Book } from "../book/types.ts";
import { closure } from "../graph/graph.ts";
import { formatWhen } from "../report/duration.ts";
import type { Style } from "../report/style.ts";
import { printableLog } from "../report/style.ts";
import { HoldBook } from "../store/held.ts";
import { recentRuns } from "../store/runs.ts";
import { Store } from "../store/store.ts";
import { type Explanation, explain } from "../units/compose/explain.ts";
import { openBook, targetsOf } from "./book.ts";
import { makeCommand } from "./command.ts";
import { type Context, print, printJson } from "./context.ts";
import { connect, type Engine } from "./engine.ts";
import { type Inspected, inspectServices } from "./inspect.ts";

/** How many runs are searched for the last word on a service. */
const RUNS = 50;

/** One service and, when it is not ready, what stands in its way. */
interface Cause extends Partial<Explanation> {
  readonly id: string;
  readonly state: string;
  readonly detail: string;
  /** What the last run that touched it ended with, when that was bad. */
  readonly lastRun?: { readonly run: string; readonly at: string; readonly detail: string } | undefined;
  /** Services that it needs and that are not ready either. */
  readonly causes: readonly Cause[];
}

export default makeCommand({
  name: "why",
  description:
    "Explains why a target is not ready: what was seen of it, what it waits for, and so on down to the cause.",
  usage: "TARGET…",
  words: { min: 1, max: Number.POSITIVE_INFINITY, label: "a target" },
  args: {},
  examples: [["homelab why sonarr-shows", "the chain down to what is broken"]],
  async run(context, words) {
    const book = await openBook(context);
    const targets = targetsOf(book, words);
    const store = Store.openReadonly(context.env, (text) => context.messages.warn(text));
    const engine = await connect(context, book, store, targets);
    const inspected = await inspectServices(
      book,
      engine,
      [...closure(book.recipes, targets)],
      new HoldBook(context.env, book.root),
    );
    const failures = lastFailures(store, book.root);
    const causes: Cause[] = [];
    for (const name of targets) {
      const cause = await causeOf(name, { book, engine, inspected, failures, env: context.env }, new Set());
      if (cause) causes.push(cause);
    }
    engine.close();
    store.close();
    if (context.options.json) printJson({ version: 1, root: book.root, targets: causes });
    else print(causes.map((cause) => text(cause, context.out, "")).join(""));
  },
});

interface Knowledge {
  readonly book: Book;
  readonly engine: Engine;
  readonly inspected: ReadonlyMap<string, Inspected>;
  readonly failures: ReadonlyMap<string, NonNullable<Cause["lastRun"]>>;
  readonly env: Context["env"];
}

async function causeOf(name: string, known: Knowledge, above: Set<string>): Promise<Cause | undefined> {
  const own = known.inspected.get(name);
  if (!own) return undefined;
  const { id, state, detail, view } = own;
  const causes: Cause[] = [];
  for (const need of known.book.recipes.get(name)?.needs ?? []) {
    if (above.has(need.name)) continue;
    above.add(need.name);
    const cause = await causeOf(need.name, known, above);
    if (cause && (cause.state !== "ready" || cause.causes.length > 0)) causes.push(cause);
  }
  if (state === "ready") return { id, state, detail, causes };
  const { docker } = known.engine;
  const explanation = view && docker ? await explain(view, own, { docker, env: known.env }) : undefined;
  return { id, state, detail, ...explanation, lastRun: known.failures.get(name), causes };
}

function lastFailures(store: Store, root: string): Map<string, NonNullable<Cause["lastRun"]>> {
  const result = new Map<string, NonNullable<Cause["lastRun"]>>();
  const settled = new Set<string>();
  for (const { id: run, at, report } of recentRuns(store, root, RUNS)) {
    for (const step of report.steps) {
      if (settled.has(step.id)) continue;
      settled.add(step.id);
      const bad = step.result !== "changed" && step.result !== "unchanged";
      if (bad) result.set(step.id, { run, at: new Date(at).toISOString(), detail: step.detail });
    }
  }
  return result;
}

function text(cause: Cause, s: Style, indent: string): string {
  const now = new Date();
  const since = cause.since ? ` since ${formatWhen(new Date(cause.since), now)}` : "";
  const paint = cause.state === "ready" ? s.green : s.red;
  const lines = [`${indent}${s.bold(cause.id)} is ${paint(cause.state)}${since}: ${cause.detail}`];
  for (const { exitCode, output } of cause.probes ?? []) {
    lines.push(`${indent}  probe (exit code ${exitCode}): ${printableLog(output.split("\n").at(-1) ?? "")}`);
  }
  for (const line of cause.log ?? []) lines.push(`${indent}  ${s.dim("|")} ${printableLog(line)}`);
  if (cause.lastRun) {
    lines.push(
      `${indent}  the last run (${formatWhen(new Date(cause.lastRun.at), now)}) ended with: ${cause.lastRun.detail}`,
    );
  }
  if (cause.causes.length > 0) lines.push(`${indent}  it needs:`);
  const below = cause.causes.map((each) => text(each, s, `${indent}    `));
  return `${lines.map((line) => `${line}\n`).join("")}${below.join("")}`;
}
