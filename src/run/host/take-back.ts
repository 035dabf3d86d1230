import { HomelabError } from "../../errors.ts";
import type { Step, StepReport } from "../../plan/types.ts";
import type { StepContext } from "../../units/driver.ts";
import { generationOfSystem } from "../../units/host/generation.ts";
import type { HostState } from "../../units/host/look.ts";
import type { Goal } from "../../units/host/supervise.ts";
import type { Outcome } from "../schedule.ts";
import { runSteps } from "../steps.ts";
import type { HostRequest, HostWork } from "./work.ts";

/** Puts a host to the system of its work. */
export type Put = (work: HostWork, context: StepContext, goal: Goal) => Promise<Outcome>;

/** Puts hosts that were switched in this run back to what they ran or booted before, all at once. */
export function takeBack(
  request: HostRequest & { readonly goal: Goal },
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
      slots.use(async () => {
        const { work, goal } = await reversed(byId.get(id) as HostWork, request.goal);
        return put(work, context, goal);
      }),
  });
}

/** From which system to which a host goes back. */
export interface WayBack {
  /** What it runs now. */
  readonly before: string;
  readonly after: string;
}

/** The way back from `system`; undefined where there is nothing else to go back to. `state` is that before the run. */
export function wayBack(
  { system: ran, profile: booted }: Pick<HostState, "system" | "profile">,
  system: string,
  goal: Goal,
): WayBack | undefined {
  // What ran goes on running, and what booted is what was changed.
  if (goal === "boot") return booted === "" || booted === system ? undefined : { before: ran, after: booted };
  // What booted was not changed by a test; and the new system may have been what was to boot next already.
  const after = goal === "test" || booted === system ? ran : booted || ran;
  return after === system ? undefined : { before: system, after };
}

/** The way back of a host: of what is known of the way there, nothing is true of it. */
async function reversed(work: HostWork, goal: Goal): Promise<{ work: HostWork; goal: Goal }> {
  const { recipe, machine, builder, state, system = "" } = work;
  const way = state && wayBack(state, system, goal);
  if (!way)
    throw new HomelabError("not-configured", `${machine.name} has nothing to go back to from ${system}`, {
      hint: `\`homelab host generations ${machine.name}\` shows what there is`,
    });
  const { before, after } = way;
  const generation = goal === "test" ? undefined : await generationOfSystem(machine, after);
  const back: HostWork = {
    ...{ recipe, machine, builder, generation, system: after },
    state: { ...state, system: before },
    findings: [],
  };
  // What booted before the run is what boots now: what ran, and was of no generation, is not made one.
  const tried = goal === "switch" && state.profile === system && generation === undefined;
  return { work: back, goal: tried ? "test" : goal };
}
