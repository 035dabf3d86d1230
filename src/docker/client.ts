import { type FetchOptions, ofetch } from "ofetch";
import type { Endpoint } from "./endpoint.ts";
import { type LogLine, readLogLines } from "./logs.ts";
import { explain, isGone, isNotFound, OUR_VERSION, olderVersion, withWords } from "./trouble.ts";
import {
  type ContainerDetails,
  type ContainerSummary,
  type DockerEvent,
  type ImageSummary,
  LABEL,
} from "./types.ts";

const PING_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 600_000;
/** No verdict waits longer than this for the log that illustrates it. */
const LOG_TIMEOUT_MS = 5_000;
/** Nor is a line of it longer than somebody reads. */
const LOG_WIDTH = 1_000;

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

  /** All containers, compose's or not, running or not. */
  everything(): Promise<ContainerSummary[]> {
    return this.get("/containers/json?all=1");
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

  /** Bytes that a container itself has written, without its image and its volumes. */
  async writtenBytes(id: string): Promise<number> {
    const { SizeRw } = await this.get<{ SizeRw?: number }>(
      `/containers/${encodeURIComponent(id)}/json?size=1`,
    );
    return SizeRw ?? 0;
  }

  /** Stops a container, in its own time, and takes it away; its volumes stay. */
  async removeContainer(id: string): Promise<void> {
    // It may take as long as it has been given to end.
    const options = this.options({ method: "POST", responseType: "text", timeout: STOP_TIMEOUT_MS });
    await this.request(() => ofetch(this.url(`/containers/${encodeURIComponent(id)}/stop`), options));
    await this.remove(id);
  }

  unpause(id: string): Promise<void> {
    return this.post(`/containers/${encodeURIComponent(id)}/unpause`);
  }

  rename(id: string, name: string): Promise<void> {
    return this.post(`/containers/${encodeURIComponent(id)}/rename?name=${encodeURIComponent(name)}`);
  }

  /** Removes a container, running or not. Its volumes stay, also those without a name. */
  async remove(id: string): Promise<void> {
    const options = this.options({ method: "DELETE", responseType: "text" });
    await this.request(() => ofetch(this.url(`/containers/${encodeURIComponent(id)}?force=1&v=0`), options));
  }

  /**
   * The last `lines` lines of a container's output, both streams, oldest first. Empty for a container that is
   * being removed. Whoever asks knows already what is wrong, and wants no other error in its place: a log that cannot
   * be read, or does not come, says so in a line of its own.
   */
  async logs(id: string, lines: number, tty: boolean): Promise<string[]> {
    const texts: string[] = [];
    const signal = AbortSignal.timeout(LOG_TIMEOUT_MS);
    try {
      for await (const { text } of this.logLines(id, { tail: String(lines), tty, signal })) {
        if (text !== "") texts.push(text.length > LOG_WIDTH ? `${text.slice(0, LOG_WIDTH)}…` : text);
        if (texts.length > lines) texts.shift();
        // A container that writes without a pause may keep the engine from coming to the end.
        if (signal.aborted) break;
      }
    } catch (error) {
      if (signal.aborted) texts.push(`(its log did not come within ${LOG_TIMEOUT_MS / 1000} s)`);
      else if (!isGone(error)) texts.push(`(its log cannot be read: ${(error as Error).message})`);
    }
    return texts;
  }

  /** Lines that a container wrote, as they come; with `follow` until it ends or `signal` fires. */
  async *logLines(id: string, request: LogRequest): AsyncGenerator<LogLine> {
    const { tail = "all", since, follow = false, tty, signal } = request;
    const query = new URLSearchParams({ stdout: "1", stderr: "1", timestamps: "1", tail });
    if (since !== undefined) query.set("since", since);
    if (follow) query.set("follow", "1");
    const path = `/containers/${encodeURIComponent(id)}/logs?${query}`;
    yield* readLogLines(await this.stream(path, { signal: signal ?? null }), tty);
  }

  /**
   * Events of containers as they happen, from the call of `onOpen` on. Ends when the engine goes away; throws
   * when `signal` fires.
   */
  async *events(signal: AbortSignal, onOpen: () => void): AsyncGenerator<DockerEvent> {
    const filters = encodeURIComponent(JSON.stringify({ type: ["container"] }));
    const stream = await this.stream(`/events?filters=${filters}`, { signal });
    onOpen();
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.trim() !== "") yield JSON.parse(line) as DockerEvent;
    }
  }

  /** One request of the engine's API that is answered by a document. */
  get<T>(path: string, options: Pick<FetchOptions, "method" | "body" | "signal"> = {}): Promise<T> {
    const all = this.options({ ...options, responseType: "json" });
    return this.request(() => ofetch<T, "json">(this.url(path), all));
  }

  /** One that is answered by a stream, for which there is no deadline but `signal`. */
  stream(
    path: string,
    options: Pick<FetchOptions, "method" | "body" | "signal">,
  ): Promise<ReadableStream<Uint8Array>> {
    const all = this.options({ ...options, responseType: "stream", timeout: 0 });
    return this.request(async () => {
      try {
        return await ofetch<ReadableStream<Uint8Array>, "stream">(this.url(path), all);
      } catch (error) {
        throw await withWords(error);
      }
    });
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
