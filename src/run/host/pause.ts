import { delay } from "../../clock.ts";
import { HomelabError } from "../../errors.ts";
import type { StepContext } from "../../units/driver.ts";
import { newlyFailed } from "../../units/host/judge.ts";
import { lookAtHost } from "../../units/host/look.ts";
import type { Outcome } from "../schedule.ts";
import { settled } from "./phase.ts";
import type { HostWork } from "./work.ts";

/** Lets a wave run for a while. Throws when a host of it is not well after that. */
export async function pauseAfter(
  works: readonly HostWork[],
  milliseconds: number,
  { progress, stop, abort }: StepContext,
): Promise<Outcome> {
  progress("verifying", `waits whether ${works.map(({ recipe }) => recipe.name).join(", ")} stays well`);
  await delay(milliseconds, AbortSignal.any([stop, abort]));
  if (stop.aborted) throw new HomelabError("interrupted", "it was broken off");
  for (const work of works) await requireWell(work);
  return settled("well", "nothing failed since they were switched");
}

async function requireWell({ machine, state, system }: HostWork): Promise<void> {
  const after = await lookAtHost(machine);
  const failed = newlyFailed({ before: state?.failed ?? [], after: after.failed, said: [] });
  const [said] = [
    ...(failed.length > 0 ? [`${failed.join(", ")} failed on ${machine.name} since it was switched`] : []),
    ...(after.system === system ? [] : [`${machine.name} runs ${after.system}, and not ${system}, by now`]),
  ];
  if (said !== undefined)
    throw new HomelabError("step-failed", said, {
      hint: `see \`homelab host status ${machine.name}\`; \`homelab host rollback ${machine.name}\` takes it back`,
    });
}
