import { type FetchOptions, ofetch } from "ofetch";
import { HomelabError } from "../errors.ts";
import type { Endpoint } from "./endpoint.ts";
import { type LogLine, readLogLines } from "./logs.ts";
import {
  type ContainerDetails,
  type ContainerSummary,
  type DockerEvent,
  type ImageSummary,
  LABEL,
} from "./types.ts";

/** Newest API version whose answers are understood here. */
const OUR_VERSION = "1.51";
const PING_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 30_000;

export interface LogRequest {
  /** How many of the last lines; default all. */
  readonly tail?: string | undefined;
  /** Epoch seconds, with a fraction. */
  readonly since?: string | undefined;
  readonly follow?: boolean | undefined;
  /** The container has a terminal. */
  readonly tty: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The engine's API: a thin client that returns data and knows no recipes. */
export class Docker {
  private prefix = "";

  private constructor(readonly endpoint: Endpoint) {}

  /**
   * Asks the engine whether it is there and which API version both sides speak.
   * Throws `docker-unavailable` or `permission`, saying which it is.
   */
  static async connect(endpoint: Endpoint): Promise<Docker> {
    const docker = new Docker(endpoint);
    await docker.greet();
    return docker;
  }

  /**
   * Asks once more, over a connection of its own: one that is left from before may outlive what listens. The engine
   * that answers may be another one than the last time. Throws as `connect` does.
   */
  async greet(): Promise<void> {
    const options = { responseType: "text", timeout: PING_TIMEOUT_MS, keepalive: false } as const;
    const response = await this.request(() =>
      ofetch.raw(`${this.endpoint.base}/_ping`, this.options(options)),
    );
    const theirs = response.headers.get("api-version") ?? OUR_VERSION;
    this.prefix = `/v${olderVersion(OUR_VERSION, theirs)}`;
  }

  /** All containers that compose made (of one project, if named), running or not. */
  list(project?: string): Promise<ContainerSummary[]> {
    const label = project === undefined ? LABEL.project : `${LABEL.project}=${project}`;
    const filters = JSON.stringify({ label: [label] });
    return this.get(`/containers/json?all=1&filters=${encodeURIComponent(filters)}`);
  }

  inspect(id: string): Promise<ContainerDetails> {
    return this.get(`/containers/${encodeURIComponent(id)}/json`);
  }

  /** Ids of the local images by tag, as `name:tag` without the default registry. */
  async images(): Promise<Map<string, string>> {
    const images = await this.get<{ Id: string; RepoTags: string[] | null }[]>("/images/json");
    return new Map(images.flatMap((image) => (image.RepoTags ?? []).map((tag) => [tag, image.Id] as const)));
  }

  /** Names of all networks and volumes. */
  async places(): Promise<{ networks: Set<string>; volumes: Set<string> }> {
    const [networks, { Volumes }] = await Promise.all([
      this.get<{ Name: string }[]>("/networks"),
      this.get<{ Volumes: { Name: string }[] | null }>("/volumes"),
    ]);
    const names = (all: readonly { Name: string }[]) => new Set(all.map(({ Name }) => Name));
    return { networks: names(networks), volumes: names(Volumes ?? []) };
  }

  /** The engine's version and the time by its clock, in epoch milliseconds. */
  async about(): Promise<{ version: string; time: number; root: string }> {
    const { ServerVersion, SystemTime, DockerRootDir } = await this.get<Record<string, string>>("/info");
    return { version: ServerVersion ?? "?", time: Date.parse(SystemTime ?? ""), root: DockerRootDir ?? "" };
  }

  /** All local images. */
  allImages(): Promise<ImageSummary[]> {
    return this.get("/images/json");
  }

  /** Ids of the images that containers are made from, compose's or not, running or not. */
  async usedImages(): Promise<Set<string>> {
    const all = await this.get<{ ImageID: string }[]>("/containers/json?all=1");
    return new Set(all.map((container) => container.ImageID));
  }

  /** Bytes that all images take on the disk, layers that they share counted once. */
  async imageBytes(): Promise<number> {
    const { LayersSize } = await this.get<{ LayersSize: number }>("/system/df");
    return LayersSize;
  }

  /** Takes a name of an image away, or the image itself by its id; with the last name the image goes. */
  async removeImage(reference: string): Promise<void> {
    const options = this.options({ method: "DELETE", responseType: "json" });
    await this.request(() => ofetch(this.url(`/images/${encodeURIComponent(reference)}`), options));
  }

  /** Whether an image is here. */
  async hasImage(id: string): Promise<boolean> {
    try {
      await this.get(`/images/${encodeURIComponent(id)}/json`);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  unpause(id: string): Promise<void> {
    return this.post(`/containers/${encodeURIComponent(id)}/unpause`);
  }

  /**
   * The last `lines` lines of a container's output, both streams, oldest first. Empty for a container that is
   * being removed: whoever asks knows already what is wrong, and wants no other error in its place.
   */
  async logs(id: string, lines: number, tty: boolean): Promise<string[]> {
    const texts: string[] = [];
    try {
      for await (const { text } of this.logLines(id, { tail: String(lines), tty })) texts.push(text);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
    return texts.filter((line) => line !== "");
  }

  /** Lines that a container wrote, as they come; with `follow` until it ends or `signal` fires. */
  async *logLines(id: string, request: LogRequest): AsyncGenerator<LogLine> {
    const { tail = "all", since, follow = false, tty, signal } = request;
    const query = new URLSearchParams({ stdout: "1", stderr: "1", timestamps: "1", tail });
    if (since !== undefined) query.set("since", since);
    if (follow) query.set("follow", "1");
    const options = { responseType: "stream", timeout: 0, signal: signal ?? null } as const;
    const path = `/containers/${encodeURIComponent(id)}/logs?${query}`;
    const stream = await this.request(() =>
      ofetch<ReadableStream<Uint8Array>, "stream">(this.url(path), this.options(options)),
    );
    yield* readLogLines(stream, tty);
  }

  /**
   * Events of containers as they happen, from the call of `onOpen` on. Ends when the engine goes away; throws
   * when `signal` fires.
   */
  async *events(signal: AbortSignal, onOpen: () => void): AsyncGenerator<DockerEvent> {
    const filters = encodeURIComponent(JSON.stringify({ type: ["container"] }));
    const stream = await this.request(() =>
      ofetch<ReadableStream<Uint8Array>, "stream">(
        this.url(`/events?filters=${filters}`),
        this.options({ responseType: "stream", signal, timeout: 0 }),
      ),
    );
    onOpen();
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.trim() !== "") yield JSON.parse(line) as DockerEvent;
    }
  }

  private get<T>(path: string): Promise<T> {
    return this.request(() => ofetch<T, "json">(this.url(path), this.options({ responseType: "json" })));
  }

  private async post(path: string): Promise<void> {
    await this.request(() => ofetch(this.url(path), this.options({ method: "POST", responseType: "text" })));
  }

  private url(path: string): string {
    return `${this.endpoint.base}${this.prefix}${path}`;
  }

  /** Bun's fetch takes `unix` and `tls`, which the library passes on without knowing them. */
  private options<R extends "json" | "text" | "stream" | "arrayBuffer">(
    options: FetchOptions<R>,
  ): FetchOptions<R> {
    const { unix, tls } = this.endpoint;
    const timeout = options.timeout === 0 ? {} : { timeout: options.timeout ?? REQUEST_TIMEOUT_MS };
    return {
      ...options,
      ...timeout,
      retry: 0,
      ...(unix ? { unix } : {}),
      ...(tls ? { tls } : {}),
    } as FetchOptions<R>;
  }

  private async request<T>(send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      throw explain(error, this.endpoint);
    }
  }
}

/** Whether an error says that the engine gave no answer, rather than one that was not wanted. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof HomelabError) || error.code !== "docker-unavailable") return false;
  return (error.cause as { statusCode?: number } | undefined)?.statusCode === undefined;
}

/** An answer that says that there is no such container. */
export function isNotFound(error: unknown): boolean {
  return error instanceof HomelabError && (error.cause as { statusCode?: number })?.statusCode === 404;
}

/** An answer that says that the container is not there, or is being removed. */
function isGone(error: unknown): boolean {
  const status = error instanceof HomelabError && (error.cause as { statusCode?: number })?.statusCode;
  return status === 404 || status === 409;
}

function explain(error: unknown, endpoint: Endpoint): HomelabError {
  const failure = error as {
    statusCode?: number;
    data?: { message?: string } | string;
    cause?: { code?: string; name?: string };
  };
  if (failure.statusCode !== undefined) {
    const { data } = failure;
    // Engines answer old clients in plain text.
    const said = (typeof data === "string" ? data.trim() : data?.message) || `status ${failure.statusCode}`;
    if (/^client version \S+ is too /.test(said)) {
      return new HomelabError("unsupported", `Docker and homelab do not speak the same version: ${said}`, {
        hint: `update the older of the two; homelab speaks Docker's API up to version ${OUR_VERSION}`,
        cause: error,
      });
    }
    return new HomelabError("docker-unavailable", `Docker refused a request: ${said}`, { cause: error });
  }
  const where = endpoint.unix ?? endpoint.host;
  switch (failure.cause?.code) {
    case "ENOENT":
      return new HomelabError("docker-unavailable", `Docker is not running: there is no socket at ${where}`, {
        hint: "start it with `systemctl start docker`, or point DOCKER_HOST at its socket",
        cause: error,
      });
    case "EACCES":
    case "EPERM":
      return new HomelabError("permission", `no permission to use Docker's socket ${where}`, {
        hint: "run as root, or add this user to the docker group: `sudo usermod -aG docker $USER`, then log in again",
        cause: error,
      });
    case "ECONNREFUSED":
      return new HomelabError("docker-unavailable", `Docker does not answer at ${where}`, {
        hint: "see `systemctl status docker` and `journalctl -u docker`",
        cause: error,
      });
  }
  const text = failure.cause?.name === "TimeoutError" ? "took too long to answer" : "could not be reached";
  return new HomelabError("docker-unavailable", `Docker at ${where} ${text}`, {
    hint: "see `systemctl status docker`; DOCKER_HOST says where it is looked for",
    cause: error,
  });
}

function olderVersion(a: string, b: string): string {
  const minor = (version: string) => Number(version.split(".")[1] ?? 0);
  return minor(a) <= minor(b) ? a : b;
}
