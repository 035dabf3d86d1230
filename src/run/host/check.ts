import { abandonedSwitch } from "../../units/host/attach.ts";
import { hasSpace, lookAtHost, requireFree, requireSpace } from "../../units/host/look.ts";
import { type DoPhase, settled } from "./phase.ts";
import { collectedText, makeRoom, withRetries } from "./recover.ts";

/** Whether a host can be reached, gives root, is nobody else's now, and has room. */
export const check: DoPhase = async (work, doing) => {
  const { machine } = work;
  const { request, context } = doing;
  context.progress("verifying", "looks at it");
  let state = await withRetries(context, () => lookAtHost(machine));
  if (state.holder !== undefined) {
    work.left = await abandonedSwitch(machine, context);
    if (!work.left) requireFree(machine, state.holder);
    // What that has done so far is no more settled than what is to be done now.
    else state = { ...state, system: work.left.before, failed: [] };
  }
  const warnings: string[] = [];
  if (!hasSpace(state) && !request.leavesGarbage) {
    warnings.push(collectedText(machine, await makeRoom({ machine, root: true }, doing)));
    state = { ...state, free: (await lookAtHost(machine)).free };
  }
  requireSpace(machine, state);
  work.state = state;
  const failing = state.failed.length > 0 ? `; ${state.failed.join(", ")} failed already` : "";
  return settled("checked", `runs ${state.system}${failing}`, warnings);
};
