import { now } from "../../clock.ts";
import type { Step, StepReport } from "../../plan/types.ts";
import { isGood } from "../schedule.ts";
import { hardNeeds, runSteps } from "../steps.ts";
import { audit } from "./audit.ts";
import { buildPhase } from "./build.ts";
import { check } from "./check.ts";
import { compare } from "./compare.ts";
import { copy } from "./copy.ts";
import { evaluate } from "./evaluate.ts";
import { LINT, lintFlake, lintStep } from "./lint.ts";
import type { DoPhase } from "./phase.ts";
import { Places } from "./place.ts";
import type { HostRequest, HostWork } from "./work.ts";

/** What comes before a switch, in this order. */
export type HostPhase = "lint" | "check" | "evaluate" | "build" | "audit" | "copy" | "compare";

/** What is done for each host by itself. */
type OwnPhase = Exclude<HostPhase, "lint">;

/** What each is there for, and what does it. */
const PHASES: Readonly<Record<OwnPhase, readonly [string, DoPhase]>> = {
  check: ["whether it can be reached and has room", check],
  evaluate: ["what its configuration stands for", evaluate],
  build: ["its system", buildPhase],
  audit: ["what its units and its firewall leave open", audit],
  copy: ["into its store", copy],
  compare: ["what would change", compare],
};

/** Steps of a few phases for all hosts; their ids have a space, so that no recipe can be called like that. */
function stepsOf(works: readonly HostWork[], all: readonly HostPhase[]): Step[] {
  const phases = all.filter((phase) => phase !== "lint");
  const first = phases.length < all.length ? [lintStep()] : [];
  const own = works.flatMap(({ recipe: { name } }) =>
    phases.map((phase, at): Step => {
      const needs = phases
        .slice(0, at)
        .slice(-1)
        .map((each) => `${each} ${name}`);
      // Who waits for a long build wants to know first that all configurations are right.
      const others = phase === "build" ? works.map(({ recipe }) => `evaluate ${recipe.name}`) : [];
      const sources = phase === "evaluate" ? first.map(({ id }) => id) : [];
      return {
        id: `${phase} ${name}`,
        kind: "host",
        action: "run",
        reason: { code: "asked", text: PHASES[phase][0] },
        effect: "read",
        needs: [...new Set([...needs, ...others, ...sources])],
      };
    }),
  );
  return [...first, ...own];
}

/** Does phases for all hosts, each host by itself. Nothing that runs anywhere is changed by any of them. */
export async function prepareHosts(
  request: HostRequest,
  phases: readonly HostPhase[],
  began: number,
): Promise<{ steps: StepReport[]; good: boolean }> {
  const { works, root, stop } = request;
  const plan = { root, targets: works.map(({ recipe }) => recipe.name), steps: stepsOf(works, phases) };
  // What is of another host is waited for, whatever comes of it.
  const own = plan.steps.map(
    ({ id, needs }) =>
      [id, needs.filter((each) => each === LINT || each.split(" ")[1] === id.split(" ")[1])] as const,
  );
  const places = new Places(request);
  try {
    const steps = await runSteps(request, {
      plan,
      began,
      needs: hardNeeds(own),
      execute: async ({ id }, context, slots) => {
        if (id === LINT) return slots.use(() => lintFlake(request, context));
        const [phase, name] = id.split(" ") as [OwnPhase, string];
        const work = works.find(({ recipe }) => recipe.name === name) as HostWork;
        return slots.use(async () => {
          const at = now();
          const outcome = await PHASES[phase][1](work, { request, places, context, stop });
          work.times = [...(work.times ?? []), { name: phase, durationMs: Math.round(now() - at) }];
          return outcome;
        });
      },
    });
    return { steps, good: steps.every(({ result }) => isGood(result)) };
  } finally {
    await places.leave();
  }
}
