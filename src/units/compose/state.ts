import type { ReadyExec } from "../../book/types.ts";
import type { Docker } from "../../docker/client.ts";
import { hasProbe, type Probing, probe } from "../probe.ts";
import type { Seen, State } from "../status.ts";
import { counted, crashesOf, sightsOf } from "./crashes.ts";
import { stateWords } from "./decide.ts";
import type { ServiceView } from "./facts.ts";
import { judge } from "./judge.ts";
import { lostNetworks } from "./network.ts";
import type { ContainerView, Observation } from "./observe.ts";
import { sameLife } from "./uptime.ts";
import { STABLE_MS } from "./verify.ts";

export interface Status extends Seen {
  /** The container that the state comes from, when it is not ready. */
  readonly culprit?: ContainerView | undefined;
}

/** From the best to the worst: a service is what its worst container is. */
const RANK: readonly State[] = ["ready", "held", "starting", "stopped", "missing", "unhealthy", "failed"];

/** An uptime from which on a container counts without a closer look, in seconds: no loop has such lives. */
const LONG_UP = 20 * 60;

/** What a service is now. The engine is asked again only about containers that came up in the last seconds. */
export async function statusOf(
  view: ServiceView,
  docker: Docker,
  { at, byId }: Pick<Observation, "at" | "byId">,
  probing: Probing,
): Promise<Status> {
  const { containers, expected } = view;
  if (expected.size === 0) return { state: "ready", detail: "all its compose services wait for a profile" };
  if (containers.length === 0) return { state: "missing", detail: "no containers" };
  const all = await Promise.all(containers.map((container) => containerStatus(container, view, docker, at)));
  const missing = [...expected].find(
    ([service, count]) => containers.filter((container) => container.service === service).length < count,
  );
  if (missing) all.push({ state: "missing", detail: `no container for \`${missing[0]}\`` });
  const worst = all.reduce((a, b) => (RANK.indexOf(b.state) > RANK.indexOf(a.state) ? b : a));
  const [lost] = lostNetworks({ containers, all: byId, lives: view.lives, touched: new Set() });
  if (worst.state === "ready" && lost) return { state: "unhealthy", detail: lost.why };
  if (worst.state !== "ready") return worst;
  const unready =
    view.recipe.ready && hasProbe(view.recipe.ready) && (await tryProbes(view, docker, probing));
  if (unready) return { state: "unhealthy", detail: unready };
  if (all.length === 1) return worst;
  return { state: "ready", detail: `${all.length} containers` };
}

/** What the recipe's own probes find wrong. Like a health check's output, what they say is masked. */
async function tryProbes(
  { recipe, containers, ...view }: ServiceView,
  docker: Docker,
  probing: Probing,
): Promise<string | undefined> {
  const [{ probeInside }, { secretsOf }] = await Promise.all([
    import("./exec-probe.ts"),
    import("./secrets.ts"),
  ]);
  const places = containers.map((each) => ({ ...each, running: each.state === "running" }));
  const exec = (command: ReadyExec) => probeInside(docker, places, command);
  const problem = await probe(recipe.ready ?? {}, { ...probing, exec });
  return problem === undefined ? undefined : secretsOf(view, probing.env)(problem);
}

async function containerStatus(
  container: ContainerView,
  view: ServiceView,
  docker: Docker,
  at: number,
): Promise<Status> {
  const { name, health, state, exitCode } = container;
  const status = (word: State, detail: string): Status => ({ state: word, detail, culprit: container });
  switch (state) {
    case "running":
      if (health === "unhealthy") return status("unhealthy", `${name} is unhealthy`);
      if (health === "starting")
        return status("starting", `${name} is up, its health check has not passed yet`);
      return runningStatus(container, view, docker, at);
    case "restarting":
      return status("failed", `${name} keeps restarting (exit code ${exitCode})`);
    case "exited":
      if (isFinished(container, view)) return { state: "ready", detail: "finished with exit code 0" };
      return status(
        (await wasStopped(container, docker)) ? "stopped" : "failed",
        `${name} is ${stateWords(container)}`,
      );
    default: {
      const trouble = view.troubles.get(container.id);
      const broken = trouble !== undefined && trouble.code !== "removing";
      return status(broken ? "failed" : "stopped", trouble?.text ?? `${name} is ${stateWords(container)}`);
    }
  }
}

/** Exit codes of a container that ended because it was told to: 128 + SIGINT, SIGTERM; SIGKILL has to be asked about. */
const TOLD_TO_STOP = [0, 130, 143];
const KILLED = 137;

async function wasStopped({ id, exitCode = -1 }: ContainerView, docker: Docker): Promise<boolean> {
  if (exitCode !== KILLED) return TOLD_TO_STOP.includes(exitCode);
  return !(await docker.inspect(id)).State.OOMKilled;
}

function isFinished(container: ContainerView, view: ServiceView): boolean {
  const completed = view.release?.containers.some(
    ({ id, kind }) => id === container.id && kind === "completed",
  );
  return container.exitCode === 0 && (completed || view.finished.has(container.id));
}

/** Up, and healthy if it can tell. Without health check, a container that came up just now is looked at closely. */
async function runningStatus(
  container: ContainerView,
  view: ServiceView,
  docker: Docker,
  at: number,
): Promise<Status> {
  const { name, uptime } = container;
  const up = container.status.replace(/^Up /, "up ").replace(/ \(healthy\)$/, ", healthy");
  const known = view.release?.containers.find((released) => released.id === container.id);
  const same = known && uptime && sameLife(uptime, known.startedAt, at);
  if (same || (uptime?.min ?? 0) >= LONG_UP) return { state: "ready", detail: up };
  const details = await docker.inspect(container.id);
  const age = Math.max(0, at - Date.parse(details.State.StartedAt));
  const crashes = crashesOf(counted(details, age), sightsOf(known));
  const verdict = judge(details, age, { stable: STABLE_MS, mustRun: false, mustComplete: false, crashes });
  if (verdict.state === "failed")
    return { state: "failed", detail: `${verdict.detail}; ${up}`, culprit: container };
  if (verdict.state === "ready") return { state: "ready", detail: up };
  const detail =
    crashes.proof > 0
      ? `${name} was restarted ${times(crashes.count)} since it was last seen ready, ${up}`
      : `${name} came up just now`;
  return { state: "starting", detail, culprit: container };
}

const times = (count: number): string => (count === 1 ? "once" : `${count} times`);
