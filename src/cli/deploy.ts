import { loadBook } from "../book/load.ts";
import type { Book, Recipe } from "../book/types.ts";
import { HomelabError } from "../errors.ts";
import { closure } from "../graph/graph.ts";
import { type DeployRequest, deploy, previewDeploy } from "../run/deploy.ts";
import { HoldBook } from "../store/held.ts";
import { isWritten, openBook, resolveWords } from "./book.ts";
import { makeCommand } from "./command.ts";
import type { Context } from "./context.ts";
import { doubtOf, requireUpstreamKnows } from "./doubt.ts";
import { connect, type Engine } from "./engine.ts";
import { MODES } from "./host/modes.ts";
import type { HostOptions } from "./host.ts";
import { KEEP_GOING, stopsAtFailure } from "./keep-going.ts";
import { showPlan } from "./plan.ts";
import { findRoot } from "./root.ts";
import { runLocked } from "./session.ts";

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
  words: {
    min: 1,
    max: Number.POSITIVE_INFINITY,
    label: "a target: a service, unit, MicroVM, family or group, or `all`",
  },
  args: {
    pull: PULL_OPTION,
    system: { type: "boolean", default: true, negativeDescription: "leave the system as it is" },
    force: { type: "boolean", description: "make the targets' containers anew" },
    "keep-going": KEEP_GOING,
    ...MODES,
  },
  examples: [
    ["homelab deploy media", "a group; `homelab deploy-media` is the same"],
    ["homelab deploy sonarr shows", "an instance of a family"],
    ["homelab deploy-all", "the system and all services"],
    ["homelab deploy web", "a host of `hosts:`: the repository first, then as `homelab host deploy web`"],
    ["homelab deploy plex --no-system --no-pull", "the files as they are here, the images first"],
  ],
  async run(context, words, { pull, system, force, "keep-going": keepGoing, fast, emergency }) {
    const how = { force: force === true, pull, fast, emergency };
    if (isWritten(context, "hosts") && (await deployedHosts(context, words, how))) return;
    if (fast || emergency) {
      throw new HomelabError("usage", `\`--${fast ? "fast" : "emergency"}\` is for hosts alone`, {
        hint: "services are brought up with all that they need; `--no-pull` and `--no-system` leave those out",
      });
    }
    const request = { words, force: force === true, stopAtFailure: stopsAtFailure(keepGoing) };
    const mode = system ? "changed" : "skip";
    await runDeploy(context, request, { pull, system: mode });
  },
});

interface HostsHow extends Pick<HostOptions, "fast" | "emergency"> {
  readonly force: boolean;
  readonly pull: boolean;
}

/** Whether the words are hosts: then their systems were deployed. */
async function deployedHosts(
  context: Context,
  words: readonly string[],
  { force, pull, ...options }: HostsHow,
): Promise<boolean> {
  const { recipes, groups } = await loadBook(findRoot(context));
  const isHost = (word: string) => {
    const members = recipes.has(word) ? [word] : (groups.get(word)?.members ?? []);
    return members.length > 0 && members.every((name) => recipes.get(name)?.kind === "host");
  };
  const hosts = words.filter(isHost);
  if (hosts.length === 0) return false;
  if (hosts.length < words.length || force) {
    const other = force ? "`--force`" : `\`${words.find((word) => !isHost(word))}\``;
    throw new HomelabError("usage", `hosts are deployed by themselves, without ${other}`, {
      hint: `\`homelab deploy ${hosts.join(" ")}\` switches their systems`,
    });
  }
  await (await import("./host/deploy.ts")).deployTo(context, words, options, { goal: "switch", pull });
  return true;
}

/** The recipes of all that targets need, and of themselves. */
const closureOf = ({ recipes }: Book, targets: readonly string[]): Recipe[] =>
  [...closure(recipes, targets)].flatMap((name) => recipes.get(name) ?? []);

/** Whether something of the targets, or of what they need, runs on this machine; also when there is nothing at all. */
async function runsHere({ env }: Context, book: Book, targets: readonly string[]): Promise<boolean> {
  const recipes = closureOf(book, targets);
  const vms = recipes.filter((recipe) => recipe.kind === "microvm");
  if (recipes.length === 0 || vms.length < recipes.length) return true;
  const { Machines } = await import("../ssh/machines.ts");
  const machines = new Machines(book, env);
  return vms.some(({ host }) => !machines.of(host).remote);
}

interface DeployWords {
  readonly words: readonly string[];
  readonly force: boolean;
  readonly stopAtFailure?: boolean;
}

/** Takes the lock and deploys what the words stand for. A dry run plans with the files as they are here. */
export async function runDeploy(
  context: Context,
  { words, force, stopAtFailure = false }: DeployWords,
  how: Pick<DeployRequest, "pull" | "system">,
): Promise<void> {
  const asked = { force, withNeeds: true };
  const root = findRoot(context);
  if (context.options.dryRun) {
    if (how.pull) context.messages.info("planned with the files as they are here: a dry run does not pull");
    const { env } = context;
    return showPlan(context, { ...asked, words, vms: "deploy" }, false, async (store, book, targets) => {
      const here = await runsHere(context, book, targets);
      return previewDeploy({ ...how, here, root, env, store });
    });
  }
  const doubt = await doubtOf(context, words);
  if (doubt && !how.pull) throw doubt.error;
  await runLocked(context, root, async (session) => {
    if (doubt) await requireUpstreamKnows(context, root, doubt, words, session);
    let engine: Engine | undefined;
    const open = async () => {
      const book = await openBook(context);
      const { names: targets, outright } = resolveWords(book, words);
      const connected = async () => {
        engine = await connect(context, book, session.store, targets, { run: session, vms: "deploy" });
        const holds = new HoldBook(context.env, book.root);
        const { drivers, microvms } = engine;
        const repositories = microvms && {
          list: () => microvms.repositories(closureOf(book, targets)),
          refuse: microvms.refuse.bind(microvms),
        };
        return { ...asked, stopAtFailure, book, targets, outright, holds, drivers, repositories };
      };
      return { here: await runsHere(context, book, targets), connect: connected };
    };
    try {
      return await deploy({ ...session, ...how, root, env: context.env, open });
    } finally {
      engine?.close();
    }
  });
}
