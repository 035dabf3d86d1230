import { HomelabError } from "../errors.ts";
import { upstreamNews } from "../git/repository.ts";
import { type DeployRequest, deploy, previewDeploy } from "../run/deploy.ts";
import { HoldBook } from "../store/held.ts";
import { openBook, resolveWords } from "./book.ts";
import { makeCommand } from "./command.ts";
import type { Context } from "./context.ts";
import { connect, type Engine } from "./engine.ts";
import { showPlan } from "./plan.ts";
import { findRoot } from "./root.ts";
import { runLocked, type Session } from "./session.ts";

export const PULL_OPTION = {
  type: "boolean",
  default: true,
  negativeDescription: "deploy what is here, without `git pull`",
} as const;

export default makeCommand({
  name: "deploy",
  description:
    "Takes what the repository's upstream has, switches the system where this is NixOS and its configuration changed, gets the images, and brings the targets and all that they need to ready. A repository with changes of its own is refused before anything is done.",
  usage: "TARGET…",
  words: { min: 1, max: Number.POSITIVE_INFINITY, label: "a target: a service, family or group, or `all`" },
  args: {
    pull: PULL_OPTION,
    system: { type: "boolean", default: true, negativeDescription: "leave the system as it is" },
    force: { type: "boolean", description: "make the targets' containers anew" },
  },
  examples: [
    ["homelab deploy media", "a group; `homelab deploy-media` is the same"],
    ["homelab deploy sonarr shows", "an instance of a family"],
    ["homelab deploy-all", "the system and all services"],
    ["homelab deploy plex --no-system --no-pull", "the files as they are here, the images first"],
  ],
  async run(context, words, { pull, system, force }) {
    const request = { words, force: force === true };
    const mode = system ? "changed" : "skip";
    await runDeploy(context, request, { pull, system: mode });
  },
});

/** Takes the lock and deploys what the words stand for. A dry run plans with the files as they are here. */
export async function runDeploy(
  context: Context,
  { words, force }: { words: readonly string[]; force: boolean },
  how: Pick<DeployRequest, "pull" | "system">,
): Promise<void> {
  const asked = { force, withNeeds: true };
  const root = findRoot(context);
  if (context.options.dryRun) {
    if (how.pull) context.messages.info("planned with the files as they are here: a dry run does not pull");
    const { env } = context;
    return showPlan(context, { ...asked, words }, false, (store) =>
      previewDeploy({ ...how, root, env, store }),
    );
  }
  const doubt = await doubtOf(context, words);
  if (doubt && !how.pull) throw doubt;
  await runLocked(context, root, async (session) => {
    if (doubt) await requireNews(context, root, doubt, session);
    let engine: Engine | undefined;
    const open = async () => {
      const book = await openBook(context);
      const { names: targets, outright } = resolveWords(book, words);
      const connected = async () => {
        engine = await connect(context, book, session.store, targets);
        const holds = new HoldBook(context.env, book.root);
        return { ...asked, book, targets, outright, holds, drivers: engine.drivers };
      };
      return { connect: connected };
    };
    try {
      return await deploy({ ...session, ...how, root, env: context.env, open });
    } finally {
      engine?.close();
    }
  });
}

/** What is wrong with the words, or with the recipes, as they are here. */
async function doubtOf(context: Context, words: readonly string[]): Promise<HomelabError | undefined> {
  try {
    // Warnings come when they are read for the work.
    resolveWords(await openBook({ ...context, options: { ...context.options, quiet: true } }), words);
    return undefined;
  } catch (error) {
    if (error instanceof HomelabError) return error;
    throw error;
  }
}

/** Only when the upstream has something new, what is wrong here may be right by it. Otherwise nothing is begun. */
async function requireNews(
  { env, messages }: Context,
  root: string,
  doubt: HomelabError,
  { stop, timeout }: Session,
): Promise<void> {
  const timer = timeout === undefined ? undefined : setTimeout(() => stop.press("timeout"), timeout);
  let news = 0;
  try {
    news = await upstreamNews(root, { env, signal: stop.stop });
  } catch (error) {
    if (!(error instanceof HomelabError)) throw error;
    if (stop.cause === "timeout") {
      const text = `out of time while the upstream was asked: ${doubt.message}`;
      throw new HomelabError("timeout", text, { hint: doubt.hint });
    }
    if (stop.cause !== undefined) throw error;
    messages.warn(`whether the upstream knows better could not be asked: ${error.message}`);
  } finally {
    clearTimeout(timer);
  }
  if (news === 0) throw doubt;
}
