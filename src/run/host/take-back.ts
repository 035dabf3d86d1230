import type { Step, StepReport } from "../../plan/types.ts";
import type { StepContext } from "../../units/driver.ts";
import { generationOfSystem } from "../../units/host/generation.ts";
import type { Outcome } from "../schedule.ts";
import { runSteps } from "../steps.ts";
import type { HostRequest, HostWork } from "./work.ts";

/** Puts a host to the system of its work. */
export type Put = (work: HostWork, context: StepContext) => Promise<Outcome>;

/** Puts hosts that were switched in this run back to what they booted before, all at once. */
export function takeBack(
  request: HostRequest,
  works: readonly HostWork[],
  { began, put }: { readonly began: number; readonly put: Put },
): Promise<StepReport[]> {
  const byId = new Map(works.map((work) => [`rollback ${work.recipe.name}`, work]));
  const steps = [...byId.keys()].map((id): Step => {
    const reason = { code: "wave-failed", text: "another host of its wave failed" };
    return { id, kind: "host", action: "rollback", reason, effect: "write", needs: [] };
  });
  return runSteps(request, {
    plan: { root: request.root, targets: [], steps },
    needs: new Map(),
    began,
    execute: async ({ id }, context, slots) =>
      slots.use(async () => put(await reversed(byId.get(id) as HostWork), context)),
  });
}

/** The way back of a host. */
async function reversed(work: HostWork): Promise<HostWork> {
  const { machine, state, system = "" } = work;
  if (!state) return work;
  const target = state.profile || state.system;
  const generation = await generationOfSystem(machine, target);
  return { ...work, state: { ...state, system }, system: target, generation };
}
