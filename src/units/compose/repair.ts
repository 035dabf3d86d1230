import type { Applied, Failure } from "../driver.ts";
import { type ChangeRequest, halt, up } from "./change.ts";
import { clearStuck } from "./clear.ts";
import type { ServiceCore } from "./core.ts";
import type { Decision } from "./decide.ts";
import type { ServiceView } from "./facts.ts";
import { lostNow } from "./network.ts";
import { isUp } from "./observe.ts";
import { endSwitches } from "./switch.ts";

/** Either it is done, or what is left of it is for compose to do. */
export type Repaired =
  | { readonly done: Applied; readonly left?: undefined }
  | { readonly done?: undefined; readonly left: Decision };

/** Repairs what a crash or somebody else broke. */
export async function repair(
  core: ServiceCore,
  request: ChangeRequest,
  view: ServiceView,
  decision: Decision,
): Promise<Repaired> {
  switch (decision.reason.code) {
    case "network-lost":
      return repairNetwork(core, request, view, decision);
    case "half-switched":
      await endSwitches(core.options.docker, view.containers);
      return { left: decision };
    default: {
      const failed = await clearStuck(core.options.docker, core.hub, view.containers, request.context);
      return { done: failed ?? { ok: true, changed: true } };
    }
  }
}

/**
 * Lets those that lost their network join it again. Where the lender is the same container a restart does it; else
 * theirs have to be made anew, because the lender's id is part of them.
 */
async function repairNetwork(
  core: ServiceCore,
  request: ChangeRequest,
  view: ServiceView,
  { only = [], ...decision }: Decision,
): Promise<Repaired> {
  const containers = await core.containersNow(view);
  const lost = await lostNow(core.options.docker, containers);
  const down = containers.filter((each) => only.includes(each.service) && !isUp(each));
  if (lost.length + down.length === 0) return { done: { ok: true, changed: false } };
  const broken = [...lost.map(({ container }) => container), ...down];
  if (down.length > 0 || lost.some(({ gone }) => gone)) {
    const services = [...new Set(broken.map(({ service }) => service))];
    return { left: { ...decision, anew: true, only: services } };
  }
  const failed = await halt("restart", request, broken);
  return { done: failed ?? { ok: true, changed: true } };
}

/** Makes those anew that cannot be started because the container whose network they share is another one by now. */
export async function revive(
  core: ServiceCore,
  request: ChangeRequest,
  view: ServiceView,
): Promise<Failure | undefined> {
  const lost = await lostNow(core.options.docker, await core.containersNow(view));
  const services = lost.filter(({ gone }) => gone).map(({ container }) => container.service);
  if (services.length === 0) return undefined;
  return up(request, view, { anew: true, only: [...new Set(services)] });
}
