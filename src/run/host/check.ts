import { findingLine } from "../../nix/finding.ts";
import { conditionFindings, conditionOf, requireInodes } from "../../units/host/condition.ts";
import { lookAtHost, requireFree, requireSpace } from "../../units/host/look.ts";
import { checks } from "./modes.ts";
import { type DoPhase, settled } from "./phase.ts";

/** Whether a host can be reached, gives root, is nobody else's now, and has room. */
export const check: DoPhase = async (work, { request: { mode = "standard" }, context }) => {
  context.progress("verifying", "looks at it");
  const state = await lookAtHost(work.machine);
  requireFree(work.machine, state.holder);
  const { name } = work.recipe;
  const condition = await conditionOf(work.machine);
  if (checks(mode, "space")) {
    requireSpace(work.machine, state);
    requireInodes(name, condition);
  }
  const findings = conditionFindings(name, condition);
  work.state = state;
  work.findings.push(...findings);
  const failing = state.failed.length > 0 ? `; ${state.failed.join(", ")} failed already` : "";
  return settled("checked", `runs ${state.system}${failing}`, findings.map(findingLine));
};
