import { delay } from "../../clock.ts";
import { HomelabError } from "../../errors.ts";
import type { StepContext } from "../../units/driver.ts";
import { newlyFailed } from "../../units/host/judge.ts";
import { failedBeforeSwitch, type HostState, lookAtHost } from "../../units/host/look.ts";
import type { Goal } from "../../units/host/supervise.ts";
import type { Outcome } from "../schedule.ts";
import { settled } from "./phase.ts";
import { withRetries } from "./recover.ts";
import type { HostWork } from "./work.ts";

/** Lets a wave run for a while. Throws when a host of it is not well after that. */
export async function pauseAfter(
  works: readonly HostWork[],
  { goal, milliseconds }: { readonly goal: Goal; readonly milliseconds: number },
  context: StepContext,
): Promise<Outcome> {
  const { progress, stop, abort } = context;
  progress("verifying", `waits whether ${works.map(({ recipe }) => recipe.name).join(", ")} stays well`);
  // A host that boots in the pause no longer knows it.
  const before = await Promise.all(works.map(({ machine }) => failedSince(machine, context)));
  await delay(milliseconds, AbortSignal.any([stop, abort]));
  if (stop.aborted) throw new HomelabError("interrupted", "it was broken off");
  for (const [at, { machine, system = "" }] of works.entries()) {
    const after = await withRetries(context, () => lookAtHost(machine));
    const said = unwell(machine.name, { goal, system, failed: before[at] ?? [] }, after);
    if (said === undefined) continue;
    throw new HomelabError("step-failed", said, {
      hint: `see \`homelab host status ${machine.name}\`; \`homelab host rollback ${machine.name}\` takes it back`,
    });
  }
  return settled("well", "nothing failed since they were switched");
}

/** The units that had failed right before a host was switched; where it has booted since, those that are failed now. */
const failedSince = (machine: HostWork["machine"], context: StepContext): Promise<readonly string[]> =>
  withRetries(context, async () => (await failedBeforeSwitch(machine)) ?? (await lookAtHost(machine)).failed);

interface Switched {
  readonly goal: Goal;
  readonly system: string;
  /** Units that had failed before. */
  readonly failed: readonly string[];
}

/** What speaks against a host after the pause, as a clause. */
export function unwell(
  name: string,
  { goal, system, failed: before }: Switched,
  after: Pick<HostState, "system" | "profile" | "failed">,
): string | undefined {
  const failed = newlyFailed({ before, after: after.failed, said: [] });
  if (failed.length > 0) return `${failed.join(", ")} failed on ${name} since it was switched`;
  const [verb, now] = goal === "boot" ? ["boots", after.profile] : ["runs", after.system];
  return now === system ? undefined : `${name} ${verb} ${now || "nothing"}, and not ${system}, by now`;
}
