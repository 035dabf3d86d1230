import { delay } from "../../clock.ts";
import { HomelabError } from "../../errors.ts";
import type { Machine } from "../../process/machine.ts";
import type { StepContext } from "../driver.ts";
import { type Going, isOpen, LOOK_AT_SWITCH, leftTo, parseGoing } from "./going.ts";
import { requireFree } from "./look.ts";
import { Supervisor } from "./supervise.ts";
import { followSwitch, type HostSwitch, type HostSwitched, switchHost } from "./switch.ts";

const DEADLINE_MS = 30_000;
const AGAIN_MS = 1_000;

/** The last switch of a host since it booted. */
export async function lookAtSwitch(machine: Machine): Promise<Going | undefined> {
  const options = { root: true, deadline: DEADLINE_MS };
  return parseGoing((await machine.run(["sh", "-c", LOOK_AT_SWITCH], options)).stdout);
}

/** The last switch of a host, and who it is left to. */
export interface Found {
  readonly going: Going;
  readonly to: NonNullable<ReturnType<typeof leftTo>>;
}

/**
 * Finds out whether anybody waits for the switch of a host: whoever began it may have died, or lost the connection.
 * Undefined when there is none. Throws `interrupted` when that is not waited for any more.
 */
export async function whoseSwitch(
  machine: Machine,
  context: Pick<StepContext, "progress" | "stop">,
): Promise<Found | undefined> {
  const first = await lookAtSwitch(machine);
  for (let going = first; first && going; going = await lookAtSwitch(machine)) {
    const to = leftTo(first, going);
    if (to !== undefined) return { going, to };
    if (context.stop.aborted) {
      const text = `it was stopped before it was known whether ${going.holder} is still there`;
      throw new HomelabError("interrupted", text);
    }
    context.progress("verifying", `looks whether ${going.holder} is still there`);
    await delay(AGAIN_MS, context.stop);
  }
  return undefined;
}

/** What a switch is judged by that somebody else began. */
export type Judging = Pick<HostSwitch, "machine" | "recipe" | "probing" | "looks" | "soak">;

/**
 * Judges a switch that was left alone, and brings it to its end; of one that has ended it says how. Throws `lock-held`
 * when somebody waits for it again.
 */
export async function attachHost(
  going: Going,
  { machine, recipe, probing, looks, soak }: Judging,
  context: StepContext,
): Promise<HostSwitched> {
  const supervisor = new Supervisor(machine, going);
  if (isOpen(going)) {
    context.progress("changing", `takes over what was begun by ${going.holder}`);
    if (!(await supervisor.claim(going.seen))) requireFree(machine, going.holder);
  }
  return followSwitch(supervisor, { ...going, machine, recipe, probing, looks, soak }, context);
}

/** The same where that is what is wanted anyhow; where it has come to its end meanwhile, the switch is begun anew. */
export async function joinHost(left: Going, wanted: HostSwitch, context: StepContext): Promise<HostSwitched> {
  const { goal, generation, after, machine } = wanted;
  const now = await lookAtSwitch(machine);
  if (!now || now.id !== left.id || !isOpen(now)) return switchHost(wanted, context);
  if (now.after !== after || now.goal !== goal || now.generation !== generation) refuseOther(machine, now);
  return attachHost(now, wanted, context);
}

/** Throws `lock-held`: a switch goes on that nobody waits for, and it is not the one that is wanted. */
export function refuseOther({ name }: Machine, { after, goal, holder }: Going): never {
  const what = { switch: after, test: `${after}, until it reboots`, boot: `${after}, from its next boot on` }[
    goal
  ];
  throw new HomelabError(
    "lock-held",
    `${name} is being switched to ${what}, as ${holder} began it and left it`,
    {
      hint: `\`homelab host attach ${name}\` judges it and brings it to its end; by itself it goes back`,
    },
  );
}
