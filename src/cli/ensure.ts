import type { PlanRequest } from "../plan/make.ts";
import { type EnsureRequest, ensure } from "../run/ensure.ts";
import { HoldBook } from "../store/held.ts";
import type { VmMode } from "../units/microvm/decide.ts";
import { openBook, type Resolve, resolveWords } from "./book.ts";
import { makeCommand } from "./command.ts";
import type { Context } from "./context.ts";
import { beginDocker, connect } from "./engine.ts";
import { KEEP_GOING, stopsAtFailure } from "./keep-going.ts";
import { showPlan } from "./plan.ts";
import { runLocked } from "./session.ts";

export default makeCommand({
  name: "ensure",
  description:
    "Brings the targets and all that they need to ready: up, healthy, and seen to stay up. What is ready already is left alone, so it is safe to repeat.",
  usage: "TARGET…",
  words: {
    min: 1,
    max: Number.POSITIVE_INFINITY,
    label: "a target: a service, unit, MicroVM, family or group, or `all`",
  },
  args: {
    force: { type: "boolean", description: "make the targets' containers anew" },
    needs: { type: "boolean", default: true, negativeDescription: "only the targets, not what they need" },
    "keep-going": KEEP_GOING,
  },
  examples: [
    ["homelab ensure sonarr-shows", "one service and all that it needs"],
    ["homelab ensure media", "a group"],
    ["homelab ensure sonarr anime", "an instance of a family"],
    ["homelab ensure all --dry-run", "what would be done"],
  ],
  async run(context, words, { force, needs, "keep-going": keepGoing }) {
    const request = { words, force: force === true, withNeeds: needs };
    if (context.options.dryRun) await showPlan(context, request, false);
    else await runEnsure(context, { ...request, stopAtFailure: stopsAtFailure(keepGoing) });
  },
});

/** What `ensure` and its kin are asked for. */
export interface EnsureWords
  extends Pick<PlanRequest, "force" | "restart" | "withNeeds">,
    Pick<EnsureRequest, "stopAtFailure" | "fetchFirst"> {
  readonly words: readonly string[];
  /** What the words stand for; default: targets. */
  readonly resolve?: Resolve | undefined;
  /** How far to go with MicroVMs; default: bring them up. */
  readonly vms?: VmMode | undefined;
}

/** Takes the lock and brings what the words stand for to ready. */
export async function runEnsure(
  context: Context,
  { words, resolve = resolveWords, vms, ...asked }: EnsureWords,
): Promise<void> {
  const begun = beginDocker(context);
  // Asked about only once it is known whether it is needed at all.
  begun.catch(() => {});
  const first = await openBook(context);
  // A word that means nothing is said so without waiting for another run.
  resolve(first, words);
  await runLocked(context, first.root, async (session) => {
    const book = session.waited ? await openBook(context) : first;
    const { names: targets, outright } = resolve(book, words);
    const engine = await connect(context, book, session.store, targets, { begun, run: session, vms });
    const holds = new HoldBook(context.env, book.root);
    const { drivers } = engine;
    try {
      return await ensure({ ...session, ...asked, book, targets, outright, holds, drivers });
    } finally {
      engine.close();
    }
  });
}
