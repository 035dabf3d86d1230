import type { ServiceRecipe } from "../../book/types.ts";
import type { Listener } from "../../os/listeners.ts";
import { type Clash, numbers, overlap, type ResolvedProject } from "./clashes.ts";

/** A container of this machine, whoever made it, as it stands in the way of others. */
export interface Occupant {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  /** The recipe from whose directory it was made. */
  readonly recipe?: Pick<ServiceRecipe, "name" | "dir"> | undefined;
  /** Set when compose made it. */
  readonly compose?: { readonly project: string; readonly service: string; readonly dir: string } | undefined;
  /** It belongs to the service that asks, and gives up what it has when that is made anew. */
  readonly mine: boolean;
  /** From the same directory, of a compose service that the file no longer has. */
  readonly leftover: boolean;
  readonly hostNetwork: boolean;
  readonly ports: readonly HostPort[];
}

export interface HostPort {
  readonly port: number;
  readonly protocol: string;
  readonly ip: string;
}

/** Where one service, which is going to be changed, meets somebody else. */
export interface Meeting<What> {
  readonly what: What;
  readonly by: Occupant;
}

/** Container names that the services of a project are to have. Without one of its own it is made from the project's. */
export function wantedNames(
  { services = {} }: ResolvedProject,
  project: string,
  expected: ReadonlyMap<string, number>,
  occupants: readonly Occupant[],
): string[] {
  const made = new Set(occupants.flatMap(({ mine, compose }) => (mine && compose ? [compose.service] : [])));
  return Object.entries(services).flatMap(([service, { container_name: name }]) => {
    if (name !== undefined) return [name];
    // Compose takes the next number that is free beside those that are there.
    if (made.has(service)) return [];
    return Array.from(
      { length: expected.get(service) ?? 1 },
      (_, index) => `${project}-${service}-${index + 1}`,
    );
  });
}

export function nameMeetings(names: readonly string[], occupants: readonly Occupant[]): Meeting<string>[] {
  return names.flatMap((what) => {
    const by = occupants.find((each) => each.name === what);
    return by && !by.mine ? [{ what, by }] : [];
  });
}

/** Ports of the host that a project is to publish. */
export function wantedPorts({ services = {} }: ResolvedProject): HostPort[] {
  return Object.values(services).flatMap(({ ports = [], network_mode: mode }) =>
    (mode === "host" ? [] : ports).flatMap(({ published, protocol = "tcp", host_ip: ip = "" }) =>
      // Of a range the engine takes any that is free.
      published?.includes("-") ? [] : numbers(published).map((port) => ({ port, protocol, ip })),
    ),
  );
}

const meets = (one: HostPort, other: HostPort): boolean =>
  one.port === other.port && one.protocol === other.protocol && overlap(one.ip, other.ip);

/** What is published by containers, and what processes listen at beside that. */
export function portMeetings(
  wanted: readonly HostPort[],
  occupants: readonly Occupant[],
  listeners: readonly Listener[],
): { containers: Meeting<HostPort>[]; processes: { what: HostPort; by: Listener }[] } {
  const containers: Meeting<HostPort>[] = [];
  const processes: { what: HostPort; by: Listener }[] = [];
  for (const what of wanted) {
    const by = occupants.filter(({ ports }) => ports.some((port) => meets(what, port)));
    const other = by.find(({ mine }) => !mine);
    if (other) containers.push({ what, by: other });
    // The engine's own listener for a container that was looked at already.
    if (by.length > 0) continue;
    // Whether one at all addresses of IPv6 has those of IPv4 as well is its own choice, and not to be seen.
    const listener = listeners.find((each) => meets(what, each));
    if (listener) processes.push({ what, by: listener });
  }
  return { containers, processes };
}

/** Whose a container is, in words; `subject` is what it is called itself. */
function describe({ id, image, recipe, compose, leftover }: Occupant, subject: string): string {
  if (leftover && compose)
    return `${subject} that is left of its service \`${compose.service}\`, which its compose file no longer has`;
  if (recipe !== undefined) return `${subject} of \`${recipe.name}\` in ${recipe.dir}`;
  if (compose) return `${subject} of the project \`${compose.project}\` in ${compose.dir}`;
  return `${subject} (${id.slice(0, 12)}, image ${image}), which compose did not make`;
}

function removal(by: Occupant): string {
  if (by.leftover) return "`homelab cleanup --orphans` shows and removes what is left of earlier services";
  if (by.recipe !== undefined) return `\`homelab stop ${by.recipe.name}\` stops it`;
  if (by.compose) return `\`docker compose -p ${by.compose.project} stop\` stops it, and keeps its data`;
  return `\`docker stop ${by.name}\` stops it, when nobody needs it`;
}

export function nameClash(recipe: ServiceRecipe, { what, by }: Meeting<string>): Clash {
  const give = "give one of the two another `container_name`";
  const rid = `${give}; when nobody needs that one any more, \`docker rm ${by.name}\` removes it once it is stopped`;
  return {
    recipe,
    needle: what,
    severity: "error",
    text: `\`${recipe.name}\` cannot have the container name \`${what}\`: it belongs to ${describe(by, "a container")}`,
    hint: by.leftover ? removal(by) : by.recipe === undefined ? rid : give,
  };
}

export function portClash(
  recipe: ServiceRecipe,
  { port, protocol, ip }: HostPort,
  owner: { readonly text: string; readonly hint: string },
): Clash {
  const at = ip === "" ? "" : ` at ${ip}`;
  return {
    recipe,
    needle: String(port),
    severity: "error",
    text: `\`${recipe.name}\` cannot have port ${port}/${protocol}${at}: it is taken by ${owner.text}`,
    hint: `${owner.hint}; or publish another port in the compose file`,
  };
}

export const occupantOwner = (by: Occupant) => ({
  text: describe(by, `the container \`${by.name}\``),
  hint: removal(by),
});

/** Whoever holds a port and is no container. */
export function processOwner(
  { uid }: Pick<Listener, "uid">,
  process: { readonly pid: number; readonly name: string } | undefined,
  { port, protocol }: HostPort,
): { text: string; hint: string } {
  const flag = protocol === "udp" ? "-lnup" : "-lntp";
  if (!process) {
    const text = `a process of this machine (user id ${uid})`;
    return { text, hint: `\`sudo ss ${flag} 'sport = :${port}'\` shows which, to be stopped` };
  }
  const text = `the process \`${process.name}\` (pid ${process.pid}) of this machine`;
  return { text, hint: `stop it: \`systemctl status ${process.pid}\` shows what it belongs to` };
}
