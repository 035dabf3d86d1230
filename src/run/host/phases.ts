import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Step, StepReport } from "../../plan/types.ts";
import { isGood } from "../schedule.ts";
import { runSteps } from "../steps.ts";
import { buildPhase } from "./build.ts";
import { check } from "./check.ts";
import { compare, copy } from "./compare.ts";
import type { DoPhase } from "./phase.ts";
import type { HostRequest, HostWork } from "./work.ts";

/** What comes before a switch, in this order. */
export type HostPhase = "check" | "build" | "copy" | "compare";

/** What each is there for, and what does it. */
const PHASES: Readonly<Record<HostPhase, readonly [string, DoPhase]>> = {
  check: ["whether it can be reached and has room", check],
  build: ["what its configuration stands for", buildPhase],
  copy: ["into its store", copy],
  compare: ["what would change", compare],
};

/** Steps of a few phases for all hosts; their ids have a space, so that no recipe can be called like that. */
function stepsOf(works: readonly HostWork[], phases: readonly HostPhase[]): Step[] {
  return works.flatMap(({ recipe: { name } }) =>
    phases.map((phase, at): Step => {
      const needs = phases.slice(0, at).slice(-1);
      return {
        id: `${phase} ${name}`,
        kind: "host",
        action: "run",
        reason: { code: "asked", text: PHASES[phase][0] },
        effect: "read",
        needs: needs.map((each) => `${each} ${name}`),
      };
    }),
  );
}

/** Does phases for all hosts, each host by itself. Nothing that runs anywhere is changed by any of them. */
export async function prepareHosts(
  request: HostRequest,
  phases: readonly HostPhase[],
  began: number,
): Promise<{ steps: StepReport[]; good: boolean }> {
  const { works, root, stop } = request;
  const plan = { root, targets: works.map(({ recipe }) => recipe.name), steps: stepsOf(works, phases) };
  const needs = plan.steps.map((step) => {
    const all = step.needs.map((name) => ({ name, when: "healthy" as const }));
    return [step.id, all] as const;
  });
  const links = phases.includes("build") ? linkDirectory() : undefined;
  try {
    const steps = await runSteps(request, {
      plan,
      began,
      needs: new Map(needs),
      execute: async ({ id }, context, slots) => {
        const [phase, name] = id.split(" ") as [HostPhase, string];
        const work = works.find(({ recipe }) => recipe.name === name) as HostWork;
        return slots.use(() => PHASES[phase][1](work, { request, context, stop, links }));
      },
    });
    return { steps, good: steps.every(({ result }) => isGood(result)) };
  } finally {
    if (links) rmSync(links, { recursive: true, force: true });
  }
}

/** Undefined on a machine that has no room for it: what is built may then be taken for garbage by somebody else. */
function linkDirectory(): string | undefined {
  try {
    return mkdtempSync(join(tmpdir(), "homelab-built-"));
  } catch {
    return undefined;
  }
}
