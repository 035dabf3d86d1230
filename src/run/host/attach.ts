import { now } from "../../clock.ts";
import { HomelabError } from "../../errors.ts";
import type { Plan, RunReport } from "../../plan/types.ts";
import type { StepContext } from "../../units/driver.ts";
import { attachHost, whoseSwitch } from "../../units/host/attach.ts";
import type { Outcome } from "../schedule.ts";
import { conclude, failed, runSteps } from "../steps.ts";
import { settled } from "./phase.ts";
import { withRetries } from "./recover.ts";
import type { HostRequest, HostWork } from "./work.ts";

export type HostAttachRequest = Pick<HostRequest, "root" | "env"> & Parameters<typeof conclude>[0];

/** Brings a host's switch to its end that was left alone, or says how the last one ended. The caller holds the lock. */
export async function attachTo(request: HostAttachRequest, work: HostWork): Promise<RunReport> {
  const times = { at: Date.now(), began: now() };
  const { name } = work.recipe;
  const reason = { code: "asked", text: "the switch that goes on there" };
  const step = { id: name, kind: "host", action: "activate", reason, effect: "write", needs: [] } as const;
  const plan: Plan = { root: request.root, targets: [name], steps: [step] };
  const steps = await runSteps(request, {
    plan,
    began: times.began,
    needs: new Map(),
    execute: (_, context, slots) => slots.use(() => attachOne(request, work, context)),
  });
  return conclude(request, request.root, steps, times);
}

async function attachOne(
  { env, root, stop }: HostAttachRequest,
  { machine, recipe }: HostWork,
  context: StepContext,
): Promise<Outcome> {
  context.progress("verifying", "looks what goes on");
  const found = await withRetries(context, () => whoseSwitch(machine, context));
  if (!found) return settled("none", "no switch of it was begun since it booted");
  const { going, to } = found;
  if (to === "attended") {
    throw new HomelabError("lock-held", `${going.holder} waits for the switch of ${machine.name}`, {
      hint: `\`homelab host status ${machine.name}\` shows what it is at`,
    });
  }
  const outcome = await attachHost(going, { machine, recipe, probing: { env, cwd: root } }, context);
  if (!outcome.ok) return failed(outcome, stop, context);
  if (to === "closed")
    return settled("up-to-date", `${outcome.detail}: so the switch of ${going.holder} ended`);
  return { result: "changed", reason: { code: "asked", text: outcome.detail }, detail: outcome.detail };
}
