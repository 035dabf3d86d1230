import { HomelabError } from "../errors.ts";
import { makeStopPlan, type StopPlan, type StopRequest, withDependentsOf } from "../plan/stop.ts";
import { halt } from "../run/halt.ts";
import { HoldBook } from "../store/held.ts";
import { Store } from "../store/store.ts";
import { confirm } from "./ask.ts";
import { openBook, type Resolve, resolveWords } from "./book.ts";
import { makeCommand } from "./command.ts";
import type { Context } from "./context.ts";
import { connect, type Engine, type Waiter } from "./engine.ts";
import { printPlan } from "./plan.ts";
import { runLocked } from "./session.ts";

export default makeCommand({
  name: "stop",
  description:
    "Stops the targets, and first what runs and needs them. Nothing is taken away: containers and volumes stay. What was stopped is held: runs of groups leave it alone until it is started by its name.",
  usage: "TARGET…",
  words: {
    min: 1,
    max: Number.POSITIVE_INFINITY,
    label: "a target: a service, unit, MicroVM, family or group, or `all`",
  },
  args: {
    dependents: {
      type: "boolean",
      default: true,
      negativeDescription: "only the targets, not what needs them",
    },
  },
  examples: [
    ["homelab stop plex", "until `homelab ensure plex` or `homelab restart plex`"],
    ["homelab stop gluetun --yes", "with everything that needs it, without a question"],
    ["homelab stop sonarr --dry-run", "what would be stopped"],
  ],
  run: (context, words, { dependents }) => runStop(context, { words, withDependents: dependents }),
});

/** What `stop` and its kin are asked for. */
export interface StopWords {
  readonly words: readonly string[];
  /** What the words stand for; default: targets. */
  readonly resolve?: Resolve | undefined;
  /** Also what needs them and runs. */
  readonly withDependents: boolean;
}

/** Takes the lock and stops what the words stand for, and with `withDependents` what needs it. */
export async function runStop(context: Context, asked: StopWords): Promise<void> {
  const first = await planStop(context, asked);
  for (const warning of first.warnings) context.messages.warn(warning);
  if (context.options.dryRun) return printPlan(context, first.plan);
  if (first.dependents.length > 0) {
    await confirm(context, {
      effects: first.dependents.map(({ name, needs }) => `${name} runs and needs ${needs}`),
      text: `Stop ${first.dependents.length === 1 ? "it" : "these"} as well?`,
    });
  }
  await runLocked(context, first.plan.root, async (session) => {
    const { request, engine } = await connectStop(context, asked, session.store, session);
    const { book, drivers } = request;
    try {
      return await halt({
        ...session,
        root: book.root,
        drivers,
        holds: new HoldBook(context.env, book.root),
        makePlan: () => makeStopPlan(request),
      });
    } finally {
      engine.close();
    }
  });
}

/** What would be stopped, without the lock. */
async function planStop(context: Context, asked: StopWords): Promise<StopPlan> {
  const store = Store.openReadonly(context.env, (text) => context.messages.warn(text));
  const { request, engine } = await connectStop(context, asked, store);
  const plan = await makeStopPlan(request);
  engine.close();
  store.close();
  return plan;
}

/**
 * Connects to what runs the targets and what needs them. Services that are only among the latter may run or not when
 * Docker is away: that keeps nobody from stopping what is not Docker's.
 */
async function connectStop(
  context: Context,
  { words, resolve = resolveWords, withDependents }: StopWords,
  store: Store,
  run?: Waiter,
): Promise<{ request: StopRequest; engine: Engine }> {
  const book = await openBook(context);
  const { names: targets, outright } = resolve(book, words);
  const asked = { book, targets, outright, withDependents };
  const isService = (name: string) => book.recipes.get(name)?.kind === "service";
  const affected = withDependents ? withDependentsOf(book, targets) : new Set(targets);
  const all = [...book.recipes.keys()];
  const others = all.filter((name) => !isService(name));
  const alone = true;
  const begin = (names: string[]) => connect(context, book, store, names, { run, alone });
  try {
    const engine = await begin([...affected].some(isService) ? all : others);
    return { request: { ...asked, drivers: engine.drivers }, engine };
  } catch (error) {
    if (!(error instanceof HomelabError) || targets.some(isService)) throw error;
    const engine = await begin(others);
    return { request: { ...asked, drivers: engine.drivers, away: new Map([["service", error]]) }, engine };
  }
}
