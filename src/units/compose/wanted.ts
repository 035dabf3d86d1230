import { join } from "node:path";
import type { ResolvedPlace, ResolvedProject, ResolvedService } from "./clashes.ts";
import type { ComposeDocument } from "./file.ts";
import { interpolate } from "./interpolate.ts";

type Json = Readonly<Record<string, unknown>>;
type Lookup = (name: string) => string | undefined;
type Port = NonNullable<ResolvedService["ports"]>[number];
type Mount = NonNullable<ResolvedService["volumes"]>[number];

export interface WantedQuestion {
  readonly documents: readonly ComposeDocument[];
  readonly lookup: Lookup;
  /** Directory at which relative paths start, absolute. */
  readonly dir: string;
  readonly project: string;
  /** The compose services that are to have containers. */
  readonly services: { has(service: string): boolean };
}

/**
 * What a project wants of the machine, in the form in which `docker compose config` says it, without a process:
 * container names, host ports, mounts, and the networks and volumes that its services use. Undefined where several
 * files are put together (overrides, `include`, `extends`): how that is done only compose knows.
 */
export function wantedOf(question: WantedQuestion): ResolvedProject | undefined {
  const [document, ...others] = question.documents;
  if (!document || others.length > 0 || document.data.include !== undefined) return undefined;
  const written = entries(document.data.services).filter(([name]) => question.services.has(name));
  if (written.some(([, service]) => isRecord(service) && service.extends !== undefined)) return undefined;
  const services = Object.fromEntries(
    written.map(([name, service]) => [name, serviceOf(isRecord(service) ? service : {}, question)]),
  );
  const used = (section: "networks" | "volumes") => {
    const keys = new Set(written.flatMap(([, service]) => keysOf(service, section, question.lookup)));
    const declared = isRecord(document.data[section]) ? document.data[section] : {};
    return Object.fromEntries([...keys].map((key) => [key, placeOf(key, declared[key], question)]));
  };
  return { services, networks: used("networks"), volumes: used("volumes") };
}

function serviceOf(service: Json, question: WantedQuestion): ResolvedService {
  const { lookup } = question;
  const name = text(service.container_name, lookup);
  const mode = text(service.network_mode, lookup);
  // On the host's own network there is nothing to be published.
  const ports = mode === "host" ? [] : list(service.ports).flatMap((port) => portsOf(port, lookup));
  return {
    ...(name === undefined ? {} : { container_name: name }),
    ...(mode === undefined ? {} : { network_mode: mode }),
    ports,
    volumes: list(service.volumes).flatMap((mount) => mountOf(mount, question)),
  };
}

const SHORT_PORT =
  /^(?:(?:\[([^\]]+)\]|(\d+(?:\.\d+){3}|[0-9a-fA-F:]*::[0-9a-fA-F:]*)):)?(?:(\d+(?:-\d+)?)?:)?(\d+(?:-\d+)?)(?:\/(\w+))?$/;

/** Ports of the host. Of a range for one port of the container the engine takes any: nothing can be said of it. */
function portsOf(port: unknown, lookup: Lookup): Port[] {
  if (isRecord(port)) {
    const published = text(port.published, lookup);
    if (published === undefined || published.includes("-")) return [];
    return [
      {
        published,
        protocol: text(port.protocol, lookup) ?? "tcp",
        host_ip: text(port.host_ip, lookup) ?? "",
      },
    ];
  }
  const match = SHORT_PORT.exec(text(port, lookup) ?? "");
  if (!match) return [];
  const [, bracketed, plain, published, target = "", protocol = "tcp"] = match;
  const numbers = range(published);
  if (numbers.length !== 1 && numbers.length !== range(target).length) return [];
  return numbers.map((number) => ({
    published: String(number),
    protocol,
    host_ip: bracketed ?? plain ?? "",
  }));
}

function range(text: string | undefined): number[] {
  if (text === undefined) return [];
  const [first = 0, last = first] = text.split("-").map(Number);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

function mountOf(mount: unknown, { lookup, dir }: WantedQuestion): Mount[] {
  if (isRecord(mount)) {
    const source = text(mount.source, lookup);
    const type = text(mount.type, lookup) ?? "volume";
    if (type !== "bind" || source === undefined) return [];
    const make = isRecord(mount.bind) && String(mount.bind.create_host_path) === "true";
    const path = absolute(source, dir, lookup);
    return [{ type, source: path, written: String(mount.source), bind: { create_host_path: make } }];
  }
  const written = typeof mount === "string" ? mount : "";
  const source = sourceOf(interpolate(written, lookup));
  if (source === undefined || !isPath(source)) return [];
  return [{ type: "bind", source: absolute(source, dir, lookup), written: writtenSource(written) }];
}

/** The part before the first colon; a mount without one is an anonymous volume. */
const sourceOf = (mount: string): string | undefined =>
  mount.includes(":") ? mount.slice(0, mount.indexOf(":")) : undefined;

/** The same of a text with variables in it, which may have colons of their own. */
const writtenSource = (mount: string): string => /^(?:\$\{[^}]*\}|[^:])*/.exec(mount)?.[0] ?? mount;

const isPath = (source: string): boolean => /^[./~]/.test(source);

function absolute(source: string, dir: string, lookup: Lookup): string {
  if (source === "~" || source.startsWith("~/")) return join(lookup("HOME") ?? "/root", source.slice(1));
  return source.startsWith("/") ? join(source) : join(dir, source);
}

/** Networks or volumes that a service uses, by their keys in the file. */
function keysOf(service: unknown, section: "networks" | "volumes", lookup: Lookup): string[] {
  const written = isRecord(service) ? service : {};
  if (section === "networks") {
    if (written.network_mode !== undefined) return [];
    if (written.networks === undefined || written.networks === null) return ["default"];
    return isRecord(written.networks) ? Object.keys(written.networks) : list(written.networks).map(String);
  }
  return list(written.volumes).flatMap((mount) => {
    if (isRecord(mount)) {
      const source = text(mount.source, lookup);
      return (text(mount.type, lookup) ?? "volume") === "volume" && source !== undefined ? [source] : [];
    }
    const source = sourceOf(text(mount, lookup) ?? "");
    return source === undefined || source === "" || isPath(source) ? [] : [source];
  });
}

function placeOf(key: string, value: unknown, { lookup, project }: WantedQuestion): ResolvedPlace {
  const declared = isRecord(value) ? value : {};
  const { external } = declared;
  // The old form has the name inside.
  const inside = isRecord(external) ? text(external.name, lookup) : undefined;
  const isExternal = isRecord(external) || text(external, lookup) === "true";
  const name = text(declared.name, lookup) ?? inside ?? (isExternal ? key : `${project}_${key}`);
  return { name, external: isExternal };
}

/** Targets of the mounts that say by themselves that their source may be made: `create_host_path: true`. */
export function makesSource(documents: readonly ComposeDocument[]): Set<string> {
  const mounts = documents.flatMap(({ data }) =>
    entries(data.services).flatMap(([, service]) => (isRecord(service) ? list(service.volumes) : [])),
  );
  const made = mounts.filter(
    (mount): mount is Json =>
      isRecord(mount) && isRecord(mount.bind) && String(mount.bind.create_host_path) === "true",
  );
  return new Set(made.map((mount) => String(mount.target)));
}

/** A scalar as text, its variables replaced; undefined for nothing, and for what is no scalar. */
function text(value: unknown, lookup: Lookup): string | undefined {
  if (typeof value === "string") return interpolate(value, lookup);
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const entries = (value: unknown): [string, unknown][] => (isRecord(value) ? Object.entries(value) : []);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
