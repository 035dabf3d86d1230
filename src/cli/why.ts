import type { Book, Need } from "../book/types.ts";
import { closure } from "../graph/graph.ts";
import { type Derived, deriveNeeds } from "../plan/derive.ts";
import { type Cause, chainsOf, whyText } from "../report/why.ts";
import { HoldBook } from "../store/held.ts";
import { recentRuns } from "../store/runs.ts";
import { Store } from "../store/store.ts";
import { explain } from "../units/compose/explain.ts";
import { openBook, targetsOf } from "./book.ts";
import { makeCommand } from "./command.ts";
import { type Context, print, printJson } from "./context.ts";
import { connect, type Engine } from "./engine.ts";
import { type Inspected, inspect, referHosts } from "./inspect.ts";

/** How many runs are searched for the last word on a service. */
const RUNS = 50;

export default makeCommand({
  name: "why",
  description:
    "Explains why a target is not ready: the chain of what it waits for, down to the cause, since when that is so, what its last health probes and lines said, and what to do next.",
  usage: "TARGET…",
  words: { min: 1, max: Number.POSITIVE_INFINITY, label: "a target" },
  args: {},
  examples: [["homelab why sonarr-shows", "the chain down to what is broken"]],
  async run(context, words) {
    const written = await openBook(context);
    const targets = targetsOf(written, words);
    const store = Store.openReadonly(context.env, (text) => context.messages.warn(text));
    const engine = await connect(context, written, store, targets);
    // To share a network is a need as well, and may be the cause.
    const { book, names: all } = await withLenders(written, engine, targets);
    const names = [...all];
    const holds = new HoldBook(context.env, book.root);
    const inspected = await inspect(book, engine, names, holds, context.env);
    const known = {
      book,
      engine,
      holds,
      inspected,
      failures: lastFailures(store, book.root),
      told: new Set<string>(),
      env: context.env,
    };
    referHosts(context, book, targets);
    const causes: Cause[] = [];
    for (const name of targets) {
      const cause = await causeOf(name, known);
      if (cause) causes.push(cause);
    }
    engine.close();
    store.close();
    if (!context.options.json) return print(whyText(causes, context.out, new Date()));
    const withChains = causes.map((cause) => ({ ...cause, chains: chainsOf(cause, causes) }));
    printJson({ version: 1, root: book.root, targets: withChains });
  },
});

async function withLenders(book: Book, { drivers }: Engine, targets: readonly string[]): Promise<Derived> {
  const first = closure(book.recipes, targets);
  const recipes = [...first].flatMap((name) => book.recipes.get(name) ?? []);
  // Only services have any; other machines need not be asked for that.
  await drivers.get("service")?.observe(recipes.filter(({ kind }) => kind === "service"));
  return deriveNeeds({ book, drivers, withNeeds: true, parse: true }, first);
}

interface Knowledge {
  readonly book: Book;
  readonly engine: Engine;
  readonly holds: HoldBook;
  readonly inspected: ReadonlyMap<string, Inspected>;
  readonly failures: ReadonlyMap<string, NonNullable<Cause["lastRun"]>>;
  /** Names that are explained already. */
  readonly told: Set<string>;
  readonly env: Context["env"];
}

/** Undefined for what is no service. A name that was explained before is only mentioned. */
async function causeOf(name: string, known: Knowledge): Promise<Cause | undefined> {
  const own = known.inspected.get(name);
  if (!own) return undefined;
  const { id, state, detail, view, problem } = own;
  if (known.told.has(name)) return { id, state, detail, again: true, causes: [] };
  known.told.add(name);
  const causes: Cause[] = [];
  for (const need of known.book.recipes.get(name)?.needs ?? []) {
    const cause = await causeOf(need.name, known);
    if (cause && (cause.causes.length > 0 || !suffices(need, cause.state))) causes.push(cause);
  }
  if (state === "ready") return { id, state, detail, causes };
  const { docker } = known.engine;
  const explanation =
    view && docker
      ? await explain(view, own, { docker, env: known.env })
      : await lastWords(own, known.engine);
  const why = problem && { problem: { code: problem.code, hint: problem.hint } };
  const hold = state === "held" ? known.holds.get(name) : undefined;
  const held = hold && { held: { at: new Date(hold.at).toISOString(), command: hold.command } };
  return { id, state, detail, ...explanation, ...held, ...why, lastRun: known.failures.get(name), causes };
}

/** What systemd has of something that is not ready. */
async function lastWords(
  { id, kind, problem, state }: Inspected,
  { drivers }: Engine,
): Promise<Pick<Cause, "log"> | undefined> {
  if (problem || state === "held" || state === "missing") return undefined;
  const log = await drivers.get(kind)?.lastLines?.(id);
  return log && { log };
}

/** Whether a need in this state lets go on what waits for it. */
const suffices = ({ when }: Need, state: string): boolean =>
  state === "ready" || (when === "started" && (state === "starting" || state === "unhealthy"));

function lastFailures(store: Store, root: string): Map<string, NonNullable<Cause["lastRun"]>> {
  const result = new Map<string, NonNullable<Cause["lastRun"]>>();
  const settled = new Set<string>();
  for (const { id: run, at, report } of recentRuns(store, root, RUNS)) {
    for (const step of report.steps) {
      if (settled.has(step.id)) continue;
      settled.add(step.id);
      const { result: outcome, detail } = step;
      const bad = step.result !== "changed" && step.result !== "unchanged";
      if (bad) result.set(step.id, { run, at: new Date(at).toISOString(), result: outcome, detail });
    }
  }
  return result;
}
