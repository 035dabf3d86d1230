import { now } from "../../clock.ts";
import type { Docker } from "../../docker/client.ts";
import type { EventHub } from "../../docker/hub.ts";
import { isNotFound } from "../../docker/trouble.ts";
import type { ContainerDetails } from "../../docker/types.ts";
import { HomelabError } from "../../errors.ts";
import type { Failure, StepContext } from "../driver.ts";
import { failure } from "./change.ts";
import { inspectIfThere } from "./lookup.ts";
import { type ContainerView, isStuck } from "./observe.ts";

/** A removal that takes longer than this hangs. */
const REMOVAL_MS = 2 * 60_000;
/** Between two looks at a container that is being removed, in milliseconds; its end is told by an event before that. */
const LOOK_AGAIN_MS = 500;

/**
 * Brings containers out of states from which compose cannot start them: lets paused ones go on, waits for the end of a
 * removal, and removes what a removal left dead. Volumes stay. Nothing to say when it went well.
 */
export async function clearStuck(
  docker: Docker,
  hub: EventHub,
  containers: readonly ContainerView[],
  context: StepContext,
): Promise<Failure | undefined> {
  for (const container of containers.filter(isStuck)) {
    const failed = await clearOne(docker, hub, container, context);
    if (failed) return failed;
  }
  return undefined;
}

async function clearOne(
  docker: Docker,
  hub: EventHub,
  { id, name }: ContainerView,
  context: StepContext,
): Promise<Failure | undefined> {
  const began = now();
  for (;;) {
    const details = await inspectIfThere(docker, id);
    // The listing calls a container that is dead one that is being removed.
    switch (details?.State.Status) {
      case "paused":
        context.progress("changing", "unpausing");
        await docker.unpause(id);
        return undefined;
      case "dead":
        context.progress("changing", `removing ${name}, which is dead`);
        return removeDead(docker, details, name);
      case "removing":
        break;
      default:
        return undefined;
    }
    if (context.stop.aborted) return failure("interrupted", `${name} was still being removed`);
    if (now() - began > Math.min(REMOVAL_MS, context.remaining())) {
      return failure(
        "removing",
        `${name} has been in removal for more than ${Math.round((now() - began) / 1000)} s`,
        "see `journalctl -u docker`; `systemctl restart docker` ends a removal that hangs",
      );
    }
    context.progress("changing", `waiting until ${name} is removed`);
    await hub.next(new Set([id]), LOOK_AGAIN_MS, context.stop);
  }
}

async function removeDead(
  docker: Docker,
  { Id, State }: ContainerDetails,
  name: string,
): Promise<Failure | undefined> {
  try {
    await docker.remove(Id);
    return undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    if (!(error instanceof HomelabError)) throw error;
    const why = State.Error === "" ? error.message : State.Error;
    return failure(
      "dead",
      `${name} is dead and cannot be removed: ${why}`,
      "something holds its files: `systemctl restart docker` removes what is dead, then run again",
    );
  }
}
