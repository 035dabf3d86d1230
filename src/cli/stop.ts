import type { Book } from "../book/types.ts";
import { makeStopPlan, type StopPlan, type StopRequest } from "../plan/stop.ts";
import { halt } from "../run/halt.ts";
import { HoldBook } from "../store/held.ts";
import { Store } from "../store/store.ts";
import { confirm } from "./ask.ts";
import { openBook, resolveWords } from "./book.ts";
import { makeCommand } from "./command.ts";
import type { Context } from "./context.ts";
import { connect } from "./engine.ts";
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
  run: (context, words, { dependents }) => runStop(context, words, dependents),
});

/** Takes the lock and stops what the words stand for, and with `withDependents` what needs it. */
export async function runStop(
  context: Context,
  words: readonly string[],
  withDependents: boolean,
): Promise<void> {
  const first = await planStop(context, words, withDependents);
  for (const warning of first.warnings) context.messages.warn(warning);
  if (context.options.dryRun) return printPlan(context, first.plan);
  if (first.dependents.length > 0) {
    await confirm(context, {
      effects: first.dependents.map(({ name, needs }) => `${name} runs and needs ${needs}`),
      text: `Stop ${first.dependents.length === 1 ? "it" : "these"} as well?`,
    });
  }
  await runLocked(context, first.plan.root, async (session) => {
    const { store } = session;
    const book = await openBook(context);
    const engine = await connect(context, book, store, [...book.recipes.keys()], { run: session });
    const { drivers } = engine;
    try {
      return await halt({
        ...session,
        root: book.root,
        drivers,
        holds: new HoldBook(context.env, book.root),
        makePlan: () => makeStopPlan({ book, ...stopped(book, words), drivers, withDependents }),
      });
    } finally {
      engine.close();
    }
  });
}

function stopped(book: Book, words: readonly string[]): Pick<StopRequest, "targets" | "outright"> {
  const { names: targets, outright } = resolveWords(book, words);
  return { targets, outright };
}

/** What would be stopped, without the lock. */
async function planStop(
  context: Context,
  words: readonly string[],
  withDependents: boolean,
): Promise<StopPlan> {
  const book = await openBook(context);
  const store = Store.openReadonly(context.env, (text) => context.messages.warn(text));
  const engine = await connect(context, book, store, [...book.recipes.keys()]);
  const plan = await makeStopPlan({
    book,
    ...stopped(book, words),
    drivers: engine.drivers,
    withDependents,
  });
  engine.close();
  store.close();
  return plan;
}
