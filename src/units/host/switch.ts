import type { HostRecipe } from "../../book/types.ts";
import { delay, now } from "../../clock.ts";
import { HomelabError } from "../../errors.ts";
import type { Machine } from "../../process/machine.ts";
import { journalTail } from "../../systemd/change.ts";
import type { Failure, StepContext } from "../driver.ts";
import type { Probing } from "../probe.ts";
import { newlyFailed } from "./judge.ts";
import { parseFailed, parseUnitList } from "./lines.ts";
import { requireFree } from "./look.ts";
import { secretsOfSystems } from "./secrets.ts";
import { isEnd, NOTES, type SupervisorState, whyBack } from "./state.ts";
import { Supervisor, type Switch } from "./supervise.ts";
import { unhealthy } from "./verify.ts";

/** How long a new system must stay well, and how long it may take until it is, unless the recipe says otherwise. */
const STABLE_MS = 3_000;
const WITHIN_MS = 30_000;
/** Judging a system and telling the host of it takes some time itself. */
const SLACK_MS = 30_000;
const AGAIN_MS = 1_000;
const LOG_LINES = 12;
/** How many of the failed units are explained by what they said. */
const EXPLAINED = 3;

export interface HostSwitch extends Switch {
  readonly machine: Machine;
  readonly recipe: HostRecipe;
  readonly probing: Probing;
}

export type HostSwitched = { readonly ok: true; readonly detail: string } | Failure;

/** For how long a host waits to be told that its new system is good, in seconds, when nobody says otherwise. */
export const patienceFor = ({ ready }: Pick<HostRecipe, "ready">): number =>
  Math.max(120, Math.ceil(((ready?.within ?? WITHIN_MS) + (ready?.stable ?? STABLE_MS) + SLACK_MS) / 1000));

/**
 * Switches a host, judges what runs then, and makes it what boots. At every instant the host is on its way to the
 * new system or back to the old one by itself: what happens here, to the connection or to this process decides only
 * which of the two it is.
 */
export async function switchHost(wanted: HostSwitch, context: StepContext): Promise<HostSwitched> {
  const supervisor = new Supervisor(wanted.machine, wanted);
  context.progress("changing", "begins the switch");
  await supervisor.start();
  return followSwitch(supervisor, wanted, context);
}

/** The rest of a switch that goes on. Meanwhile the host knows that somebody waits for it. */
export async function followSwitch(
  supervisor: Supervisor,
  wanted: HostSwitch,
  context: StepContext,
): Promise<HostSwitched> {
  const over = new AbortController();
  const attending = supervisor.attend(over.signal);
  try {
    return await toItsEnd(supervisor, wanted, context);
  } finally {
    over.abort();
    await attending;
  }
}

async function toItsEnd(
  supervisor: Supervisor,
  wanted: HostSwitch,
  context: StepContext,
): Promise<HostSwitched> {
  const { limit, patience } = wanted;
  const most = (limit * 4 + patience + 60) * 1000;
  const see = (state: SupervisorState | undefined, trouble?: HomelabError) =>
    context.progress(
      "changing",
      trouble ? `not reached (${trouble.message})` : (NOTES[state?.state ?? ""] ?? ""),
    );
  const reached = await supervisor.until(["waiting"], most, see, context.abort);
  let trouble: string | undefined;
  if (reached?.state === "waiting") trouble = await judge(supervisor, reached, wanted, context);
  else if (!reached && context.abort.aborted) await abandon(supervisor);
  // From here on the host is on its way to an end, and what it is is worth some waiting.
  const longest = context.abort.aborted ? SLACK_MS : most;
  const end = reached && isEnd(reached) ? reached : await supervisor.until([], longest, see);
  return told(supervisor, { end, trouble }, wanted, context);
}

/** Has it go back. Where that does not reach it, it does so by itself. */
async function abandon(supervisor: Supervisor): Promise<void> {
  try {
    await supervisor.decide("abandoned");
  } catch (error) {
    if (!(error instanceof HomelabError)) throw error;
  }
}

/** Finds out whether the new system is good, and tells the host, for as long as it waits. Gives what speaks against it. */
async function judge(
  supervisor: Supervisor,
  { code }: SupervisorState,
  { machine, recipe, probing, patience }: HostSwitch,
  context: StepContext,
): Promise<string | undefined> {
  const until = now() + patience * 1000;
  const { stable = STABLE_MS, within = WITHIN_MS } = recipe.ready ?? {};
  let unreached: string | undefined;
  while (now() < until) {
    context.progress("verifying", "failed units, critical units, probes");
    try {
      const before = parseUnitList(await supervisor.failedBefore());
      const log = await supervisor.log();
      const checks = { machine, recipe, probing, code, log, before, stable, within };
      const trouble = await unhealthy(checks, context.abort);
      context.progress("verifying", trouble ?? "confirms it over a new connection");
      await supervisor.decide(
        context.abort.aborted ? "abandoned" : trouble === undefined ? "commit" : "unhealthy",
      );
      return trouble;
    } catch (error) {
      // What cannot be reached now may be in a moment; when it cannot, the host goes back.
      if (!(error instanceof HomelabError)) throw error;
      context.progress("verifying", error.message);
      unreached = error.message;
      await delay(AGAIN_MS, context.abort);
    }
  }
  return unreached;
}

/** How it ended, for people. */
async function told(
  supervisor: Supervisor,
  { end, trouble }: { end: SupervisorState | undefined; trouble: string | undefined },
  { machine, before, after, goal, patience }: HostSwitch,
  context: StepContext,
): Promise<HostSwitched> {
  const { name } = machine;
  if (!end && context.abort.aborted) {
    const text = `it was broken off, and ${name} has not come to an end yet`;
    return failure("interrupted", text, { hint: "it goes back by itself; what boots is the old system" });
  }
  if (!end) {
    return failure("unavailable", `${name} cannot be reached since the switch was begun`, {
      hint: `nobody confirms the new system, so it goes back by itself within ${patience} s; what boots is the old one`,
    });
  }
  switch (end.state) {
    case "done":
      return { ok: true, detail: goal === "test" ? `runs ${after} until it reboots` : `runs ${after}` };
    case "held":
      requireFree(machine, end.text);
      break;
    case "moved":
      return failure("refused", `${name} was switched to ${end.text} by somebody else meanwhile`, {
        hint: "nothing was changed; look at it, and deploy again",
      });
  }
  const why = trouble !== undefined && end.text !== "abandoned" ? trouble : whyBack(end);
  const mask = await secretsOfSystems(machine, [before, after]);
  const log = (await lastWords(supervisor, machine)).map(mask);
  if (end.state === "stuck") {
    return failure("rollback-failed", `${why}, and ${name} could not go back to ${before}`, {
      hint: `log in and see \`systemctl --failed\`; what boots is still the old system: \`reboot\` brings it up`,
      log,
    });
  }
  const code = end.text === "abandoned" && context.abort.aborted ? "interrupted" : "rolled-back";
  return failure(code, `${why}; ${name} went back to the system that ran before`, {
    hint: `what boots never changed; \`homelab host diff ${name}\` shows what was to come`,
    log,
    stands: true,
  });
}

/** What the activation said last, and the units that failed by it. */
async function lastWords(supervisor: Supervisor, machine: Machine): Promise<string[]> {
  const [text, failedBefore] = [await supervisor.log(), parseUnitList(await supervisor.failedBefore())];
  const failed = newlyFailed({ before: failedBefore, after: [], said: parseFailed(text) });
  const units = failed.slice(0, EXPLAINED);
  const said = await Promise.all(
    units.map(async (unit) => {
      const lines = await journalTail(machine, { units: [unit], since: "-10min" }, LOG_LINES);
      return lines.map((line) => `${unit}: ${line}`);
    }),
  );
  const own = text.split("\n").filter((line) => line.trim() !== "");
  return [...own.slice(-LOG_LINES), ...said.flat()];
}

const failure = (code: string, detail: string, more: Pick<Failure, "hint" | "log" | "stands">): Failure => ({
  ok: false,
  reason: { code, text: detail },
  detail,
  ...more,
});
