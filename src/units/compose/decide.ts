import type { Action, Effect, Reason } from "../../plan/types.ts";
import type { Release, ReleasedContainer } from "../../store/releases.ts";
import type { Lost } from "./network.ts";
import type { ContainerView } from "./observe.ts";
import { halfSwitched } from "./switch.ts";
import type { Trouble } from "./troubles.ts";
import { sameLife } from "./uptime.ts";

/** All that is known of one service before anything is touched. Plain data. */
export interface ServiceFacts {
  readonly containers: readonly ContainerView[];
  /** How many containers each compose service should have. */
  readonly expected: ReadonlyMap<string, number>;
  readonly release?: Release | undefined;
  /** What changed in the inputs since the release. */
  readonly changed: readonly string[];
  /** Whether a config or secret is among them: compose does not look into those. */
  readonly remount?: boolean | undefined;
  /** Epoch seconds of the newest input file; only known when there is no release. */
  readonly newestInput?: number | undefined;
  /** Ids of exited containers that are finished one-shots although no release says so. */
  readonly finished: ReadonlySet<string>;
  /** Local images: id by tag. */
  readonly images: ReadonlyMap<string, string>;
  /** What the engine says of stuck containers, by id. */
  readonly troubles?: ReadonlyMap<string, Trouble> | undefined;
  /** Asked to be made anew. */
  readonly force: boolean;
  /** Asked to be stopped and started again. */
  readonly restart: boolean;
  /** Containers that have lost the network that they share with another one. */
  readonly lost: readonly Lost[];
  /** Why it was put back to an earlier release, at which it stays. */
  readonly pinned?: string | undefined;
  /** Ids of containers that were put back and not seen ready since. */
  readonly putBack?: ReadonlySet<string> | undefined;
  /** The recipe has probes of its own. */
  readonly probed: boolean;
  /** Epoch milliseconds of the observation. */
  readonly at: number;
}

export interface Decision {
  readonly action: Action;
  readonly reason: Reason;
  readonly effect: Effect;
  /** Ready as observed: nothing has to be waited for. */
  readonly settled: boolean;
  /** The compose services to name: finished one-shots are not run again, and what needs no repair gets none. */
  readonly only?: readonly string[] | undefined;
  /** Containers are made anew even where compose sees no difference. */
  readonly anew?: boolean | undefined;
  /**
   * They are what was last ready, and only down: no containers are to be made anew where compose sees a difference.
   * It sees one in everything once it has been updated itself.
   */
  readonly keep?: boolean | undefined;
  /** Newer files or images come into force: there has to be a way back, and it is gone when they do not work out. */
  readonly updates?: boolean | undefined;
}

const MAKES: ReadonlySet<Action> = new Set(["create", "recreate"]);

/** Whether a change makes containers from what the files say by now. Others go on with what is there. */
export const makes = ({ action, updates, anew }: Decision): boolean =>
  MAKES.has(action) || updates === true || anew === true;

/** Decides what one service needs. Pure: the same facts give the same answer. */
export function decide(facts: ServiceFacts): Decision {
  const { containers, expected } = facts;
  if (expected.size === 0) {
    const reason = { code: "no-services", text: "all its compose services wait for a profile" };
    return { action: "none", reason, effect: "read", settled: true };
  }
  if (containers.length === 0) return change("create", "absent", "it has no containers yet");
  const half = halfSwitched(containers);
  if (half) {
    const text = `${half.name} is left over from a switch that was broken off`;
    const repair = change("repair", "half-switched", text);
    if (facts.force) return { ...repair, anew: true };
    return { ...repair, anew: newerFiles(facts)?.anew, updates: isBehind(facts) };
  }
  if (facts.force) return { ...change("recreate", "forced", "asked for with --force"), anew: true };
  if (facts.restart) return { ...restart(facts), updates: isBehind(facts) };
  const newer = newerFiles(facts);
  if (newer) return newer;
  const missing = [...facts.expected].find(
    ([service, count]) => count > ofService(containers, service).length,
  );
  if (missing) {
    const decision = start(facts, "container-missing", `it has no container for \`${missing[0]}\``);
    return { ...decision, updates: isBehind(facts) };
  }
  const stale = staleContainer(facts);
  if (stale) return change("update", "image-newer", `a newer image of ${imageName(stale, facts)} is here`);
  return repairNetwork(facts) ?? decideByState(facts);
}

/** The update to files that are not those of the containers; undefined when they are. */
function newerFiles(facts: ServiceFacts): Decision | undefined {
  const { release, changed, remount, lost } = facts;
  if (release && changed.length > 0) {
    const update = change("update", "files-changed", `${join(changed)} changed since it was last ready`);
    return remount || lost.length > 0 ? { ...update, anew: true } : update;
  }
  if (release || !isNewer(facts)) return undefined;
  const text = "its files are newer than its containers: compose decides what changes";
  return change("update", "files-newer", text);
}

const staleContainer = (facts: ServiceFacts): ContainerView | undefined =>
  facts.containers.find((container) => newerImage(container, facts));

/** Whether compose would bring something newer into force, whatever it is called for. */
const isBehind = (facts: ServiceFacts): boolean =>
  newerFiles(facts) !== undefined || staleContainer(facts) !== undefined;

/** What lost its network is repaired, and what is down along with it; all else of the service is left as it is. */
function repairNetwork(facts: ServiceFacts): Decision | undefined {
  const [first] = facts.lost;
  if (!first) return undefined;
  const broken = new Set(facts.lost.map(({ container }) => container.id));
  const services = facts.containers
    .filter((container) => broken.has(container.id) || isDown(container, facts))
    .map(({ service }) => service);
  return { ...change("repair", "network-lost", first.why), only: [...new Set(services)] };
}

/** Ids of the containers that a change starts or replaces. */
export function touches(
  { action, reason, effect, only, anew }: Decision,
  containers: readonly ContainerView[],
): string[] {
  if (effect === "read" || reason.code === "paused") return [];
  const started = action === "start" && !anew;
  return containers
    .filter(({ service, state }) => (only?.includes(service) ?? true) && !(started && state === "running"))
    .map(({ id }) => id);
}

function decideByState(facts: ServiceFacts): Decision {
  const { containers, release, putBack } = facts;
  const allDown = containers.filter((container) => isDown(container, facts));
  const paused = containers.find((container) => container.state === "paused");
  if (paused && allDown.every(({ state }) => state === "paused"))
    return change("repair", "paused", `${paused.name} is paused`);
  const [down] = allDown;
  if (down) {
    const keep = !facts.pinned && containers.every((each) => isKnown(each, release));
    return { ...start(facts, ...downReason(down, facts)), ...(keep && { keep }) };
  }
  const stranger = containers.some(
    (container) => !released(container, release) && !putBack?.has(container.id),
  );
  const troubled = containers.find(
    ({ health, state }) => state === "restarting" || /^(?:un|start)/.test(health),
  );
  if (release && stranger && troubled) {
    // They may be made from files that have been put back since; to wait for them would be to wait for ever.
    const text = `${waitReason(troubled).text}, and not what was last ready: compose decides what changes`;
    return change("update", "replaced", text);
  }
  if (stranger || !release)
    return { action: "adopt", reason: adoptReason(facts), effect: "read", settled: false };
  const waiting = containers.find((container) => !isSettled(container, facts));
  if (waiting) {
    const text = `rolled back, and not seen ready since: ${facts.pinned}`;
    const reason = putBack?.has(waiting.id) ? { code: "rolled-back", text } : waitReason(waiting);
    return { action: "none", reason, effect: "read", settled: false };
  }
  const reason = facts.pinned
    ? { code: "rolled-back", text: `rolled back, and left so: ${facts.pinned}` }
    : { code: "up-to-date", text: "ready and up to date" };
  // Only a try of its own probes can tell whether it is ready.
  return { action: "none", reason, effect: "read", settled: !facts.probed };
}

/** Whether a container is what was last ready, up or merely ended. */
const isKnown = (container: ContainerView, release: Release | undefined): boolean =>
  released(container, release) !== undefined &&
  (container.state === "running" || container.state === "exited");

/** Whether a container has what it needs to be called ready without another look. */
function isSettled(container: ContainerView, facts: ServiceFacts): boolean {
  if (container.state === "exited") return true;
  if (container.state !== "running") return false;
  const known = released(container, facts.release);
  if ((known?.health || container.health !== "none") && container.health !== "healthy") return false;
  // In another life than it was seen ready in, it may be one of many.
  return (
    known !== undefined &&
    container.uptime !== undefined &&
    sameLife(container.uptime, known.startedAt, facts.at)
  );
}

/** Down for no good reason: neither up, nor about to be, nor a one-shot that did its work. */
function isDown(container: ContainerView, facts: ServiceFacts): boolean {
  if (container.state === "running" || container.state === "restarting") return false;
  if (container.state !== "exited" || container.exitCode !== 0) return true;
  return released(container, facts.release)?.kind !== "completed" && !facts.finished.has(container.id);
}

function downReason(container: ContainerView, { troubles }: ServiceFacts): [code: string, text: string] {
  const trouble = troubles?.get(container.id);
  if (trouble === undefined) return ["stopped", `${container.name} is ${stateWords(container)}`];
  return [trouble.code, trouble.text];
}

function start(facts: ServiceFacts, code: string, text: string): Decision {
  const decision = change("start", code, text);
  const services = [...facts.expected.keys()];
  const done = services.filter((service) => {
    const own = ofService(facts.containers, service);
    return (
      own.length > 0 && own.every((container) => container.state === "exited" && !isDown(container, facts))
    );
  });
  if (done.length === 0) return decision;
  return { ...decision, only: services.filter((service) => !done.includes(service)) };
}

/** What was finished stays so; what is not up is started. */
function restart(facts: ServiceFacts): Decision {
  const { action: _, reason: __, ...rest } = start(facts, "", "");
  const up = facts.containers.some(({ state }) => state === "running" || state === "restarting");
  if (!up) return start(facts, "asked", "asked for with `restart`, and it was not up");
  return { ...rest, ...change("restart", "asked", "asked for with `restart`") };
}

function newerImage(container: ContainerView, facts: ServiceFacts): boolean {
  const local = facts.images.get(normalizeImage(imageName(container, facts)));
  return local !== undefined && local !== container.imageId;
}

/** The listing shows a bare id once the tag has moved on; then the release remembers the name. */
function imageName(container: ContainerView, { release }: ServiceFacts): string {
  return container.image.startsWith("sha256:")
    ? (released(container, release)?.image ?? container.image)
    : container.image;
}

/** An image reference as the engine lists tags: with a tag, without the default registry. */
export function normalizeImage(reference: string): string {
  const short = reference.replace(/^(?:docker\.io|index\.docker\.io)\//, "").replace(/^library\//, "");
  if (short.includes("@")) return short;
  return /:[^/]+$/.test(short) ? short : `${short}:latest`;
}

function isNewer({ newestInput, containers }: ServiceFacts): boolean {
  const oldest = Math.min(...containers.map((container) => container.created));
  return newestInput !== undefined && Math.floor(newestInput) > oldest;
}

const released = (container: ContainerView, release: Release | undefined): ReleasedContainer | undefined =>
  release?.containers.find((known) => known.id === container.id);

const ofService = (containers: readonly ContainerView[], service: string): ContainerView[] =>
  containers.filter((container) => container.service === service);

function change(action: Action, code: string, text: string): Decision {
  const decision = { action, reason: { code, text }, effect: "write", settled: false } as const;
  return action === "update" ? { ...decision, updates: true } : decision;
}

function adoptReason({ release, containers }: ServiceFacts): Reason {
  if (release) return { code: "replaced", text: "its containers were made anew outside of homelab" };
  const project = containers[0]?.project ?? "";
  const troubled = containers.find(({ health, state }) => health === "unhealthy" || state === "restarting");
  const but = troubled ? `, but ${waitReason(troubled).text}` : "";
  return { code: "running", text: `it runs already, as project \`${project}\`${but}` };
}

function waitReason(container: ContainerView): Reason {
  if (container.state === "restarting")
    return { code: "restarting", text: `${container.name} keeps restarting` };
  if (container.health === "unhealthy") return { code: "unhealthy", text: `${container.name} is unhealthy` };
  if (container.health === "starting") return { code: "starting", text: `${container.name} is starting` };
  return { code: "restarted", text: `${container.name} was restarted since it was last seen ready` };
}

/** "stopped (exit code 1, 5 minutes ago)" from the engine's "Exited (1) 5 minutes ago". */
export function stateWords(container: ContainerView): string {
  const exited = /^Exited \((\d+)\) (.+)$/.exec(container.status);
  if (exited) return `stopped (exit code ${exited[1]}, ${exited[2]})`;
  return container.state === "created" ? "created but never started" : container.state;
}

function join(items: readonly string[]): string {
  if (items.length <= 3) return items.join(", ");
  return `${items.slice(0, 2).join(", ")} and ${items.length - 2} more`;
}
