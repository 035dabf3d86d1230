import type { Failure } from "../driver.ts";
import { taskBefore } from "./before.ts";
import { runBefore } from "./before-update.ts";
import { type ChangeRequest, halt } from "./change.ts";
import { clearStuck } from "./clear.ts";
import type { ServiceCore, Work } from "./core.ts";
import type { Decision } from "./decide.ts";
import type { ServiceView } from "./facts.ts";
import { isStuck, isUp } from "./observe.ts";
import { revive } from "./repair.ts";

/** What comes before compose: the recipe's own task, and ends of states in which compose could not start anything. */
export async function makeWay(
  core: ServiceCore,
  work: Work,
  view: ServiceView,
  decision: Decision,
  request: ChangeRequest,
): Promise<Failure | undefined> {
  const { book, docker } = core.options;
  const task = taskBefore(book, view, decision);
  const refused = task && (await runBefore(task, work.recipe, core.options, request));
  if (refused) return refused;
  if (view.containers.some(isStuck)) {
    const stuck = await clearStuck(docker, core.hub, view.containers, request.context);
    if (stuck) return stuck;
    work.changed = true;
  }
  if (decision.action === "restart") {
    const failed = await halt("stop", request, view.containers.filter(isUp));
    if (failed) return failed;
  }
  if (decision.anew || view.containers.every(({ networkOf }) => networkOf === undefined)) return undefined;
  return revive(core, request, view);
}
