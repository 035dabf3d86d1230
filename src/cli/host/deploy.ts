import { now } from "../../clock.ts";
import { runDocument } from "../../report/json.ts";
import type { pullFirst } from "../../run/deploy.ts";
import { deployHosts } from "../../run/host/deploy.ts";
import { isGood } from "../../run/schedule.ts";
import { conclude } from "../../run/steps.ts";
import type { Goal } from "../../units/host/supervise.ts";
import type { Context } from "../context.ts";
import type { HostOptions } from "../host.ts";
import { runLocked, type Session } from "../session.ts";
import { modeOf } from "./modes.ts";
import { asker, canariesOf, openFlake, pauseOf, withinOf } from "./work.ts";

/** Builds the systems of hosts, shows what they change, and switches to them. */
export const run = (context: Context, words: string[], options: HostOptions): Promise<void> =>
  deployTo(context, words, options, { goal: options.boot ? "boot" : "switch" });

const QUESTIONS: Readonly<Record<Goal, (names: string) => string>> = {
  switch: (names) => `Deploy to ${names}?`,
  test: (names) => `Try it on ${names}?`,
  boot: (names) => `Boot it next time on ${names}?`,
};

interface How {
  /** `test`: what boots stays as it is; `boot`: what runs. */
  readonly goal: Goal;
  /** Take what the repository's upstream has first. */
  readonly pull?: boolean;
}

/** A dry run shows what would change. */
export async function deployTo(
  context: Context,
  words: readonly string[],
  options: HostOptions,
  { goal, pull = false }: How,
): Promise<void> {
  const [within, pause, mode] = [withinOf(options.within), pauseOf(options.pause), modeOf(options)];
  if (context.options.dryRun) {
    if (pull) context.messages.info("compared with the files as they are here: a dry run does not pull");
    return (await import("./diff.ts")).showDiffs(context, words, options);
  }
  const open = async () => {
    const hosts = await openFlake(context, words, options);
    return { ...hosts, order: { stages: hosts.stages, canaries: canariesOf(options.canary, hosts) } };
  };
  // What is wrong with the words is said before anything is done.
  const known = await open();
  const { root, env } = known;
  const body = async (session: Session) => {
    const times = { at: Date.now(), began: now() };
    const prologue = pull ? await pulled({ ...session, root, env }, times.began) : [];
    if (!prologue.every(({ result }) => isGood(result))) return conclude(session, root, prologue, times);
    const news = session.waited || prologue.some(({ result }) => result === "changed");
    const hosts = news ? await open() : known;
    const names = hosts.works.map(({ recipe }) => recipe.name).join(", ");
    return deployHosts({
      ...{ ...session, ...hosts, goal, within, pause, mode, times, prologue },
      command: mode === "standard" ? session.command : `${session.command} --${mode}`,
      rollbackWave: options["rollback-wave"],
      confirm: asker(session, QUESTIONS[goal](names)),
    });
  };
  await runLocked(context, root, body, (report) => ({ ...runDocument(report), mode }));
}

const pulled = async (...request: Parameters<typeof pullFirst>) =>
  (await import("../../run/deploy.ts")).pullFirst(...request);
