import { readFileSync } from "node:fs";
import { HomelabError, type Position } from "../../errors.ts";

/** Names that compose looks for, in its order. The first that is there is the project's file. */
export const COMPOSE_FILES = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
/** Merged over the project's file when there; the first wins. */
export const OVERRIDE_FILES = [
  "compose.override.yml",
  "compose.override.yaml",
  "docker-compose.override.yml",
  "docker-compose.override.yaml",
];

const YAML_NAME = /\.(?:ya?ml|json)$/i;

type Json = Readonly<Record<string, unknown>>;

/** One compose file as data. Keys and types are not checked: compose does that itself. */
export interface ComposeDocument {
  /** Absolute path. */
  readonly path: string;
  readonly data: Json;
}

/**
 * Parses the text of a compose file. Throws `compose-invalid` with line and column for malformed YAML or a
 * document that is no mapping. `shown` is the path as the person knows it.
 */
export async function parseCompose(
  path: string,
  text: string,
  shown: () => string,
): Promise<ComposeDocument> {
  let data: unknown;
  try {
    data = Bun.YAML.parse(text);
  } catch {
    // The fast parser gives no positions and knows no compose tags (`!reset`): the other one decides.
    data = await parseWithPositions(text, shown());
  }
  if (!isRecord(data)) {
    throw new HomelabError("compose-invalid", `${shown()} is not a mapping`, {
      hint: "a compose file begins with `services:`",
    });
  }
  return { path, data };
}

async function parseWithPositions(text: string, shown: string): Promise<unknown> {
  const [{ mark }, { contentOf, syntaxFaults }] = await Promise.all([
    import("../../book/locate.ts"),
    import("../../book/syntax.ts"),
  ]);
  const marked = mark(shown, text);
  const [found] = syntaxFaults(marked);
  const content = found ? { fault: found } : contentOf(marked);
  if ("data" in content) return content.data;
  const { message, hint, position } = content.fault;
  // Taken for a compose file by mistake, an environment file must not be shown.
  const excerpt = YAML_NAME.test(shown) ? position?.excerpt : "";
  throw new HomelabError("compose-invalid", `malformed YAML in ${shown}: ${message}`, {
    position: position && { ...position, excerpt: excerpt ?? "" },
    hint,
  });
}

/** Where the first occurrence of `needle` stands in a file, for messages about a text in it. */
export function positionOf(path: string, shown: string, needle: string): Position | undefined {
  const text = readFileSync(path, "utf8").replace(/^\ufeff/, "");
  const at = text.indexOf(needle);
  if (at < 0) return undefined;
  const before = text.slice(0, at).split("\n");
  return positionAt(text, shown, before.length, (before.at(-1)?.length ?? 0) + 1, needle.length);
}

function positionAt(text: string, file: string, line: number, column: number, length = 1): Position {
  return { file, line, column, length, excerpt: (text.split("\n")[line - 1] ?? "").replace(/\r$/, "") };
}

/** What the rest of the program reads from a service's compose files, merged in their order. */
export interface ComposeSummary {
  /** The file's own `name:`, not yet interpolated. */
  readonly name?: string | undefined;
  /** Services that run without asking for a profile. */
  readonly services: ReadonlyMap<string, ComposeService>;
}

export interface ComposeService {
  readonly profiles: readonly string[];
  /** As written: a number, or a text with variables. */
  readonly replicas: number | string;
  /** As written. */
  readonly image?: string | undefined;
  /** It is built here, whether or not it has an image name as well. */
  readonly built: boolean;
  /** Its image must not be pulled. */
  readonly local: boolean;
  /** As written. */
  readonly containerName?: string | undefined;
  /** As written. */
  readonly networkMode?: string | undefined;
  /** It names the platform that it wants its image for. */
  readonly foreign: boolean;
}

export function summarize(documents: readonly ComposeDocument[]): ComposeSummary {
  let name: string | undefined;
  const services = new Map<string, ComposeService>();
  for (const { data } of documents) {
    if (typeof data.name === "string") name = data.name;
    for (const [service, value] of entries(data.services)) {
      const written = isRecord(value) ? value : {};
      const earlier = services.get(service);
      services.set(service, {
        profiles: [...(earlier?.profiles ?? []), ...strings(written.profiles)],
        replicas: replicasOf(written) ?? earlier?.replicas ?? 1,
        image: text(written.image) ?? earlier?.image,
        built: written.build !== undefined || earlier?.built === true,
        foreign: written.platform !== undefined || earlier?.foreign === true,
        local:
          written.pull_policy === undefined
            ? earlier?.local === true
            : ["never", "build"].includes(String(written.pull_policy)),
        containerName: text(written.container_name) ?? earlier?.containerName,
        networkMode: text(written.network_mode) ?? earlier?.networkMode,
      });
    }
  }
  return { name, services };
}

function replicasOf({ scale, deploy }: Json): number | string | undefined {
  const count = scale ?? (isRecord(deploy) ? deploy.replicas : undefined);
  return typeof count === "number" || typeof count === "string" ? count : undefined;
}

/** A file that a compose file names: its path as written, and whether it may be missing. */
export interface FileReference {
  readonly path: string;
  readonly required: boolean;
  /** It is itself a compose file whose references count. */
  readonly compose: boolean;
  /** How the message calls it. */
  readonly role: "env_file" | "config" | "secret" | "include" | "extends" | "label_file";
}

/** Files whose content reaches the containers through a compose file. Bind mounts are not among them. */
export function references(data: Json): FileReference[] {
  const services = records(data.services);
  const includes = list(data.include);
  return [
    ...services.flatMap((service) => list(service.env_file).flatMap(envFile).map(unlessProfiled(service))),
    ...services.flatMap((service) => list(service.label_file)).flatMap(reference("label_file")),
    ...services.flatMap(({ extends: base }) => (isRecord(base) ? reference("extends", true)(base.file) : [])),
    ...mountedFiles(data, "configs", "config"),
    ...mountedFiles(data, "secrets", "secret"),
    ...includes
      .flatMap((include) => list(isRecord(include) ? include.path : include))
      .flatMap(reference("include", true)),
    ...includes.flatMap((include) => (isRecord(include) ? list(include.env_file) : [])).flatMap(envFile),
  ];
}

/** Files of configs or secrets. One that no service mounts may be missing: compose does not ask for it. */
function mountedFiles(
  data: Json,
  section: "configs" | "secrets",
  role: "config" | "secret",
): FileReference[] {
  const mounted = new Set(
    records(data.services)
      .filter((service) => strings(service.profiles).length === 0)
      .flatMap((service) => list(service[section]))
      .map((mount) => (isRecord(mount) ? mount.source : mount)),
  );
  return entries(data[section]).flatMap(([name, value]) =>
    reference(role)(isRecord(value) ? value.file : undefined).map((found) => ({
      ...found,
      required: mounted.has(name),
    })),
  );
}

const reference =
  (role: FileReference["role"], compose = false) =>
  (path: unknown): FileReference[] =>
    typeof path === "string" && !isRemote(path) ? [{ path, required: true, compose, role }] : [];

/** Either a path, or `{ path, required }`. */
function envFile(file: unknown): FileReference[] {
  if (!isRecord(file)) return reference("env_file")(file);
  return reference("env_file")(file.path).map((found) => ({ ...found, required: file.required !== false }));
}

/** A service that has to be asked for by a profile may lack its files as long as nobody asks for it. */
const unlessProfiled =
  (service: Json) =>
  (found: FileReference): FileReference =>
    strings(service.profiles).length > 0 ? { ...found, required: false } : found;

/**
 * Every text in the document in which compose replaces variables; what aliases stand for once. Aliases may stand
 * for more and more, or for what they are in, and nothing limits how deep a document is: so no recursion.
 */
export function* texts(document: unknown): Generator<string> {
  const seen = new Set<unknown>();
  const stack = [document];
  while (stack.length > 0) {
    const value = stack.pop();
    if (typeof value === "string") yield value;
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    seen.add(value);
    for (const item of Object.values(value).reverse()) stack.push(item);
  }
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const isRemote = (path: string): boolean => /^(?:[a-z]+:\/\/|git@|oci:)/.test(path);
const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const entries = (value: unknown): [string, unknown][] => (isRecord(value) ? Object.entries(value) : []);
const records = (value: unknown): Json[] =>
  entries(value).flatMap(([, item]) => (isRecord(item) ? [item] : []));
const list = (value: unknown): unknown[] =>
  value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
const strings = (value: unknown): string[] =>
  list(value).filter((item): item is string => typeof item === "string");
