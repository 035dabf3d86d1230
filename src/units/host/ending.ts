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

/** What is known of a switch at the end of its watching. */
interface Known {
  readonly end: SupervisorState | undefined;
  /** What speaks against the new system. */
  readonly trouble?: string | undefined;
  /** What the host was told, or decided itself. */
  readonly decided?: string | undefined;
}

const DONE: Readonly<Record<Goal, (system: string) => string>> = {
  switch: (system) => `runs ${system}`,
  test: (system) => `runs ${system} until it reboots`,
  boot: (system) => `boots ${system} from now on; it runs what it did before`,
};

/** What is told of a switch that has come to no end as far as is known. */
export function open({
  machine: { name },
  goal,
  patience,
  decided,
  broken,
}: Pick<HostSwitch, "goal" | "patience"> & {
  readonly machine: Pick<Machine, "name">;
  readonly decided?: string | undefined;
  /** It is not waited for any more. */
  readonly broken: boolean;
}): Failure {
  const confirmed = decided === "commit";
  const does =
    (goal === "boot" && "goes on by itself, and touches nothing that runs") ||
    (confirmed && "was confirmed, and makes the new system what boots");
  const back = broken
    ? "it goes back by itself; what boots is the old system"
    : `nobody confirms the new system, so it goes back by itself within ${patience} s; what boots is the old one`;
  const hint = does ? `it ${does}; \`homelab host attach ${name}\` tells how it ended` : back;
  // What is cancelled has no hint.
  if (broken)
    return failure("interrupted", `it was broken off, and ${name} has not come to an end yet: ${hint}`, {});
  const since = confirmed ? "its new system was confirmed" : "the switch was begun";
  return failure("unavailable", `${name} cannot be reached since ${since}`, { hint });
}

/** How it ended, for people. */
export async function told(
  supervisor: Supervisor,
  { end, trouble, decided }: Known,
  wanted: HostSwitch,
  seen: Seen,
  context: StepContext,
): Promise<Told> {
  const { machine, before, after, goal } = wanted;
  const { name } = machine;
  if (!end) return open({ ...wanted, decided, broken: context.abort.aborted });
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
