import { whoseSwitch } from "../../units/host/attach.ts";
import { conditionFindings, conditionOf, hasInodes, requireInodes } from "../../units/host/condition.ts";
import { type HostState, hasSpace, lookAtHost, requireFree, requireSpace } from "../../units/host/look.ts";
import { isEnd } from "../../units/host/state.ts";
import { checks } from "./modes.ts";
import { type Doing, type DoPhase, settled } from "./phase.ts";
import { collectedText, makeRoom, withRetries } from "./recover.ts";
import type { HostWork } from "./work.ts";

/** Whether a host can be reached, gives root, is nobody else's now, and has room. */
export const check: DoPhase = async (work, doing) => {
  const { machine } = work;
  const { context, request } = doing;
  const { mode = "standard" } = request;
  context.progress("verifying", "looks at it");
  const state = await withRetries(context, () => lookAtHost(machine));
  work.state = state.holder === undefined ? state : await taken(work, state, doing);
  const condition = await conditionOf(machine);
  const made = checks(mode, "space") ? await room(work, condition, doing) : [];
  // Told where something is to change: every night the same words about a host that is as it is to be are noise.
  work.condition = conditionFindings(work.recipe.name, condition);
  const { system, failed } = work.state;
  const failing = failed.length > 0 ? `; ${failed.join(", ")} failed already` : "";
  return settled("checked", `runs ${system}${failing}`, made);
};

/**
 * A host that is being switched, as it was before that when nobody waits for it, or as it is once it has come to an end.
 * Throws `lock-held` when somebody waits, or it is on its way back.
 */
async function taken(work: HostWork, state: HostState, { context }: Doing): Promise<HostState> {
  const { machine } = work;
  const found = await whoseSwitch(machine, context);
  if (found?.to === "left") {
    work.left = found.going;
    // What that has done so far is no more settled than what is to be done now.
    return { ...state, system: found.going.before, failed: [] };
  }
  const ended = found?.to === "closed" && isEnd(found.going.state);
  const anew = ended ? await lookAtHost(machine) : state;
  requireFree(machine, anew.holder);
  return anew;
}

/** Whether there is room for another system; garbage is collected once before that is denied. Gives what was told. */
async function room(
  work: HostWork,
  condition: Awaited<ReturnType<typeof conditionOf>>,
  doing: Doing,
): Promise<string[]> {
  const { machine, recipe, state } = work;
  if (!state) return [];
  if (hasSpace(state) && hasInodes(condition)) return [];
  let now = { state, condition };
  const told: string[] = [];
  if (!doing.request.leavesGarbage) {
    told.push(collectedText(machine, await makeRoom({ machine, root: true }, doing)));
    now = { state: await lookAtHost(machine), condition: await conditionOf(machine) };
    work.state = { ...state, free: now.state.free };
  }
  requireSpace(machine, now.state);
  requireInodes(recipe.name, now.condition);
  return told;
}
