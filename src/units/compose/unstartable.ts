import { delay, now } from "../../clock.ts";
import { processesOf } from "../../os/cgroup.ts";
import type { Failure } from "../driver.ts";
import { type ChangeRequest, failure, up } from "./change.ts";
import type { ServiceCore } from "./core.ts";
import type { Decision } from "./decide.ts";
import type { ServiceView } from "./facts.ts";
import { isUp } from "./observe.ts";

const DEADLINE_MS = 10_000;
const POLL_MS = 50;

/**
 * Makes those containers of a service anew that are down and can never be started again as they are: their network was
 * taken away, or the daemon was killed while it started them and does not know their process any more. That one may
 * well run on, so it is ended first: two of them at once could ruin what both write to.
 */
export async function makeAnew(
  core: ServiceCore,
  request: ChangeRequest,
  view: ServiceView,
  decision: Decision,
  why: Failure,
): Promise<Failure | undefined> {
  const { docker } = core.options;
  const wanted = new Set(decision.only ?? view.expected.keys());
  const down = (await core.containersNow(view)).filter((each) => !isUp(each) && wanted.has(each.service));
  const local = docker.endpoint.unix !== undefined;
  // On another machine nobody can see whether it runs on.
  if (!local && why.reason.code === "task-lost") return why;
  for (const { id, name } of down) {
    request.context.progress("changing", `ending what is left of ${name}`);
    if (local && !(await endProcesses(id))) {
      return failure(
        "task-lost",
        `Docker was killed while it started ${name}, does not know its process any more, and cannot start it again`,
        "run this as root, or restart the machine; then run again",
      );
    }
  }
  const only = [...new Set(down.map(({ service }) => service))];
  return (await up(request, view, { only, anew: true })) ?? up(request, view, { only: decision.only });
}

/** Ends the processes of a container that is down. False when some cannot be ended. */
async function endProcesses(container: string): Promise<boolean> {
  const deadline = now() + DEADLINE_MS;
  for (let left = processesOf(container); left.length > 0; left = processesOf(container)) {
    if (now() > deadline || !left.every(end)) return false;
    await delay(POLL_MS);
  }
  return true;
}

function end(pid: number): boolean {
  try {
    process.kill(pid, "SIGKILL");
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
