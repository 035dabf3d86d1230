import { HomelabError } from "../../errors.ts";
import type { Machine } from "../../process/machine.ts";
import { needsRoot } from "../../systemd/reader.ts";
import { showUnits, type UnitState } from "../../systemd/show.ts";

const JOURNAL_MS = 15_000;
/** Of the line with which systemd tells that a unit came to a good end: SD_MESSAGE_UNIT_SUCCESS in sd-messages(3). */
const ENDED_WELL = "7ad2d189f7e94e70a38c781354912448";

/** Asks for units in one go; what systemd has forgotten of some, the journal is asked for. */
export async function lookAtUnits(
  machine: Machine,
  units: readonly string[],
): Promise<Map<string, UnitState>> {
  const states = await showUnits(machine, units);
  await Promise.all(
    [...states.values()].map(async (state) => {
      if (isForgotten(state) && (await hasFinished(machine, state.unit)))
        states.set(state.unit, { ...state, ran: true });
    }),
  );
  return states;
}

/** Once nothing refers to a unit that is down, systemd unloads it, and whether a oneshot has done its work is gone with it. */
export const isForgotten = ({ load, active, type, remains, ran, queued }: UnitState): boolean =>
  load === "loaded" && active === "inactive" && type === "oneshot" && !remains && !ran && !queued;

/** Whether the journal of this boot has it. Of one that failed since, systemd keeps that in mind. */
async function hasFinished(machine: Machine, unit: string): Promise<boolean> {
  const words = ["journalctl", "--no-pager", "--quiet", "--boot", "--lines=1", "--output=cat"];
  try {
    const { exitCode, stdout } = await machine.run([...words, "--unit", unit, `MESSAGE_ID=${ENDED_WELL}`], {
      deadline: JOURNAL_MS,
      root: await needsRoot(machine),
    });
    return exitCode === 0 && stdout.trim() !== "";
  } catch (error) {
    // Who may not read the journal does not see more than systemd says.
    if (error instanceof HomelabError && error.code === "permission") return false;
    throw error;
  }
}
