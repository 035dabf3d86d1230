import { HomelabError } from "../../errors.ts";
import type { Machine } from "../../process/machine.ts";
import { journalTail } from "../../systemd/change.ts";
import type { Failure, StepContext } from "../driver.ts";
import { newlyFailed } from "./judge.ts";
import { parseFailed, parseUnitList } from "./lines.ts";
import { requireFree } from "./look.ts";
import { secretsOfSystems } from "./secrets.ts";
import { type SupervisorState, whyBack } from "./state.ts";
import type { Goal, Supervisor } from "./supervise.ts";
import type { HostSwitch } from "./switch.ts";
import type { Seen } from "./verify.ts";

const LOG_LINES = 12;
/** How many of the failed units are explained by what they said. */
const EXPLAINED = 3;

export type Told = { readonly ok: true; readonly detail: string } | Failure;

const DONE: Readonly<Record<Goal, (system: string) => string>> = {
  switch: (system) => `runs ${system}`,
  test: (system) => `runs ${system} until it reboots`,
  boot: (system) => `boots ${system} from now on; it runs what it did before`,
};

const BACK = "it goes back by itself; what boots is the old system";
const onItsOwn = (name: string): string =>
  `it goes on by itself, and touches nothing that runs; \`homelab host attach ${name}\` tells how it ended`;

/** How it ended, for people. */
export async function told(
  supervisor: Supervisor,
  { end, trouble }: { end: SupervisorState | undefined; trouble: string | undefined },
  { machine, before, after, goal, patience }: HostSwitch,
  seen: Seen,
  context: StepContext,
): Promise<Told> {
  const { name } = machine;
  if (!end && context.abort.aborted) {
    const text = `it was broken off, and ${name} has not come to an end yet`;
    return failure("interrupted", text, { hint: goal === "boot" ? onItsOwn(name) : BACK });
  }
  if (!end) {
    const back = `nobody confirms the new system, so it goes back by itself within ${patience} s; what boots is the old one`;
    return failure("unavailable", `${name} cannot be reached since the switch was begun`, {
      hint: goal === "boot" ? onItsOwn(name) : back,
    });
  }
  switch (end.state) {
    case "done":
      return { ok: true, detail: DONE[goal](after) };
    case "held":
      requireFree(machine, end.text);
      break;
    case "moved":
      return failure("refused", `${name} was switched to ${end.text} by somebody else meanwhile`, {
        hint: "nothing was changed; look at it, and deploy again",
      });
  }
  const why = trouble !== undefined && end.text !== "abandoned" ? trouble : whyBack(end);
  const words = await said(lastWords(supervisor, machine, seen));
  const mask = words && (await said(secretsOfSystems(machine, [before, after])));
  const log = mask && words.map(mask);
  if (end.state === "stuck") {
    const entry = `do not reboot before \`/nix/var/nix/profiles/system\` leads to what is to boot, and its \`bin/switch-to-configuration boot\` went well`;
    const old =
      "log in and see `systemctl --failed`; what boots is still the old system: `reboot` brings it up";
    return failure("rollback-failed", `${why}, and ${name} could not go back to ${before}`, {
      hint: end.text === "boot" ? entry : old,
      log,
    });
  }
  const code = end.text === "abandoned" && context.abort.aborted ? "interrupted" : "rolled-back";
  const back = goal === "boot" ? "boots what it did before" : "went back to the system that ran before";
  return failure(code, `${why}; ${name} ${back}`, {
    hint: `what boots never changed; \`homelab host diff ${name}\` shows what was to come`,
    log,
    stands: true,
  });
}

/** What a host says of a switch whose end is known; undefined where it does not: that end stays what it is. */
export async function said<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof HomelabError) return undefined;
    throw error;
  }
}

/** What the activation said last, and the units that went wrong by it. */
async function lastWords(supervisor: Supervisor, machine: Machine, seen: Seen): Promise<string[]> {
  const [text, before] = [await supervisor.log(), parseUnitList(await supervisor.failedBefore())];
  const blamed = seen.blame(newlyFailed({ before, after: seen.last?.failed ?? [], said: parseFailed(text) }));
  const journals = await Promise.all(
    blamed.slice(0, EXPLAINED).map(async (unit) => {
      const lines = await journalTail(machine, { units: [unit], since: "-10min" }, LOG_LINES);
      return lines.map((line) => `${unit}: ${line}`);
    }),
  );
  const own = text.split("\n").filter((line) => line.trim() !== "");
  return [...own.slice(-LOG_LINES), ...journals.flat()];
}

const failure = (code: string, detail: string, more: Pick<Failure, "hint" | "log" | "stands">): Failure => ({
  ok: false,
  reason: { code, text: detail },
  detail,
  ...more,
});
