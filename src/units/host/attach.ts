import { delay } from "../../clock.ts";
import { HomelabError } from "../../errors.ts";
import type { Machine } from "../../process/machine.ts";
import type { StepContext } from "../driver.ts";
import { type Going, isOpen, LOOK_AT_SWITCH, parseGoing, UNSEEN_S } from "./going.ts";
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

/**
 * The switch that goes on on a host while nobody waits for it: whoever began it has died, or lost the connection.
 * Undefined when there is none, or somebody waits for it.
 */
export async function abandonedSwitch(
  machine: Machine,
  context: Pick<StepContext, "progress" | "stop">,
): Promise<Going | undefined> {
  let going = await lookAtSwitch(machine);
  const first = going;
  while (first && going && isOpen(going) && going.id === first.id && going.seen === first.seen) {
    if (going.unseen >= UNSEEN_S) return going;
    if (context.stop.aborted) return undefined;
    context.progress("verifying", `looks whether ${going.holder} is still there`);
    await delay(AGAIN_MS, context.stop);
    going = await lookAtSwitch(machine);
  }
  return undefined;
}

/** What a switch is judged by that somebody else began. */
export type Judging = Pick<HostSwitch, "machine" | "recipe" | "probing">;

/**
 * Judges a switch that was left alone, and brings it to its end; of one that has ended it says how. Throws `lock-held`
 * when somebody waits for it again.
 */
export async function attachHost(
  going: Going,
  { machine, recipe, probing }: Judging,
  context: StepContext,
): Promise<HostSwitched> {
  const supervisor = new Supervisor(machine, going);
  if (isOpen(going)) {
    context.progress("changing", `takes over what was begun by ${going.holder}`);
    if (!(await supervisor.claim(going.seen))) requireFree(machine, going.holder);
  }
  return followSwitch(supervisor, { ...going, machine, recipe, probing }, context);
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
