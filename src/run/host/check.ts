import { lookAtHost, requireFree, requireSpace } from "../../units/host/look.ts";
import { checks } from "./modes.ts";
import { type DoPhase, settled } from "./phase.ts";

/** Whether a host can be reached, gives root, is nobody else's now, and has room. */
export const check: DoPhase = async (work, { request: { mode = "standard" }, context }) => {
  context.progress("verifying", "looks at it");
  const state = await lookAtHost(work.machine);
  requireFree(work.machine, state.holder);
  if (checks(mode, "space")) requireSpace(work.machine, state);
  work.state = state;
  const failing = state.failed.length > 0 ? `; ${state.failed.join(", ")} failed already` : "";
  return settled("checked", `runs ${state.system}${failing}`);
};
