import type { Docker } from "../../docker/client.ts";
import { stateWords } from "./decide.ts";
import type { ServiceView } from "./facts.ts";
import type { ContainerView } from "./observe.ts";
import { sameLife } from "./uptime.ts";
import { STABLE_MS } from "./verify.ts";

export type State = "ready" | "starting" | "unhealthy" | "stopped" | "held" | "missing" | "failed";

export interface Status {
  readonly state: State;
  /** One line: what was seen. */
  readonly detail: string;
  /** The container that the state comes from, when it is not ready. */
  readonly culprit?: ContainerView | undefined;
}

/** From the best to the worst: a service is what its worst container is. */
const RANK: readonly State[] = ["ready", "held", "starting", "stopped", "missing", "unhealthy", "failed"];

/** An uptime from which on a container without health check counts without a closer look, in seconds. */
const LONG_UP = 10;

/** What a service is now. The engine is asked again only about containers that came up in the last seconds. */
export async function statusOf(view: ServiceView, docker: Docker, at: number): Promise<Status> {
  const { containers, expected } = view;
  if (containers.length === 0) return { state: "missing", detail: "no containers" };
  const all = await Promise.all(containers.map((container) => containerStatus(container, view, docker, at)));
  const missing = [...expected].find(
    ([service, count]) => containers.filter((container) => container.service === service).length < count,
  );
  if (missing) all.push({ state: "missing", detail: `no container for \`${missing[0]}\`` });
  const worst = all.reduce((a, b) => (RANK.indexOf(b.state) > RANK.indexOf(a.state) ? b : a));
  if (worst.state !== "ready" || all.length === 1) return worst;
  return { state: "ready", detail: `${all.length} containers` };
}

async function containerStatus(
  container: ContainerView,
  view: ServiceView,
  docker: Docker,
  at: number,
): Promise<Status> {
  const status = (state: State, detail: string): Status => ({ state, detail, culprit: container });
  const { name, health, state } = container;
  const known = view.release?.containers.find((released) => released.id === container.id);
  if (state === "restarting")
    return status("failed", `${name} keeps restarting (exit code ${container.exitCode})`);
  if (state === "exited") {
    const done = container.exitCode === 0 && (known?.kind === "completed" || view.finished.has(container.id));
    if (done) return { state: "ready", detail: "finished with exit code 0" };
    return status(container.exitCode === 0 ? "stopped" : "failed", `${name} is ${stateWords(container)}`);
  }
  if (state !== "running")
    return status(state === "dead" ? "failed" : "stopped", `${name} is ${stateWords(container)}`);
  if (health === "unhealthy") return status("unhealthy", `${name} is unhealthy`);
  if (health === "starting") return status("starting", `${name} is up, its health check has not passed yet`);
  const up = container.status.replace(/^Up /, "up ").replace(/ \(healthy\)$/, ", healthy");
  if (health === "healthy" || (container.uptime?.min ?? 0) >= LONG_UP) return { state: "ready", detail: up };
  if (known && container.uptime && sameLife(container.uptime, known.startedAt, at))
    return { state: "ready", detail: up };
  const details = await docker.inspect(container.id);
  const age = at - Date.parse(details.State.StartedAt);
  if (details.RestartCount > (known?.restarts ?? 0)) {
    return status("starting", `${name} was restarted ${details.RestartCount} times, ${up}`);
  }
  return age >= STABLE_MS ? { state: "ready", detail: up } : status("starting", `${name} came up just now`);
}
