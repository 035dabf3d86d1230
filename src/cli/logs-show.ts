import type { Docker } from "../docker/client.ts";
import { justAfter, type LogLine, mergeByTime } from "../docker/logs.ts";
import { HomelabError } from "../errors.ts";
import { labelsOf, logFormatter } from "../report/logs.ts";
import { listenForSignals, StopSwitch } from "../run/stop.ts";
import { type Context, print, printJson } from "./context.ts";
import { containerSource, type Source } from "./logs-sources.ts";

export interface LogFilter {
  /** Epoch seconds. */
  readonly since: string | undefined;
  readonly tail: string;
  readonly grep: RegExp | undefined;
}

export interface LogRequest {
  readonly docker: Docker | undefined;
  readonly sources: readonly Source[];
  readonly filter: LogFilter;
  readonly follow: boolean;
  readonly timestamps: boolean;
}

/** A line with where it comes from. */
interface Entry {
  readonly source: Source;
  readonly line: LogLine;
}

/** Prints what the sources wrote, and goes on where that is asked for. */
export async function showLogs(context: Context, request: LogRequest): Promise<void> {
  const stop = new StopSwitch();
  const disconnect = listenForSignals(stop, () => {});
  try {
    if (context.options.json) await printDocument(request, stop.stop);
    else await printLines(context, request, stop.stop);
  } catch (error) {
    if (!stop.stop.aborted) throw error;
  } finally {
    // What still streams would keep the process.
    stop.press("SIGTERM");
    disconnect();
  }
  if (stop.cause === "SIGINT") context.exitCode = 130;
}

async function printDocument(request: LogRequest, signal: AbortSignal): Promise<void> {
  const lines: unknown[] = [];
  for await (const { source, line } of history(request, signal)) {
    lines.push({ ...source.place, time: line.time, stream: line.stream, text: line.text });
  }
  printJson({ version: 1, lines });
}

async function printLines(context: Context, request: LogRequest, signal: AbortSignal): Promise<void> {
  const { sources, follow, timestamps } = request;
  const labels = labelsOf(sources);
  const format = logFormatter(labels, context.out, { timestamps });
  const write = ({ source, line }: Entry) => print(format(labels.get(source.id) ?? source.recipe, line));
  const last = new Map<string, string>();
  const began = `${Date.now() / 1000}`;
  for await (const entry of history(request, signal)) {
    last.set(entry.source.id, entry.line.time);
    write(entry);
  }
  if (!follow) return;
  const since = (id: string) => (last.has(id) ? justAfter(last.get(id) ?? "") : began);
  await followAll(context, request, { signal, since, write });
}

/** What was written so far, in the order of time. */
async function* history({ sources, filter }: LogRequest, signal: AbortSignal): AsyncGenerator<Entry> {
  const { since, tail } = filter;
  const each = sources.map((source) => linesOf(source, { since, tail, signal }, filter.grep));
  yield* mergeByTime(each);
}

async function* linesOf(
  source: Source,
  options: { since?: string | undefined; tail?: string; follow?: boolean; signal: AbortSignal },
  grep: RegExp | undefined,
): AsyncGenerator<Entry> {
  for await (const line of source.read(options)) {
    const text = source.redact(line.text);
    if (!grep || grep.test(text)) yield { source, line: { ...line, text } };
  }
}

interface Following {
  readonly signal: AbortSignal;
  /** From when on a container's lines are new. */
  readonly since: (id: string) => string;
  readonly write: (entry: Entry) => void;
}

/** Goes on with what is written from now on, also by containers that are made or started meanwhile. */
async function followAll(
  context: Context,
  request: LogRequest,
  { signal, since, write }: Following,
): Promise<void> {
  const { docker, sources, filter } = request;
  const open = new Set<string>();
  const heard = new Map<string, string>();
  const failed = Promise.withResolvers<never>();
  const one = async (source: Source) => {
    if (open.has(source.id)) return;
    open.add(source.id);
    // After a restart the log begins with lines of the life before.
    const last = heard.get(source.id);
    const from = last === undefined ? since(source.id) : justAfter(last);
    try {
      for await (const entry of linesOf(source, { since: from, follow: true, signal }, filter.grep)) {
        heard.set(source.id, entry.line.time);
        write(entry);
      }
      if (!signal.aborted) context.messages.info(`${source.name} ended`);
    } catch (error) {
      if (!signal.aborted) failed.reject(error);
    } finally {
      open.delete(source.id);
    }
  };
  const watch = async (engine: Docker) => {
    for await (const { Action, Actor } of engine.events(signal, () => {})) {
      if (Action !== "start") continue;
      const dir = Actor.Attributes["com.docker.compose.project.working_dir"];
      const like = sources.find((source) => source.dir === dir);
      if (!like) continue;
      const service = Actor.Attributes["com.docker.compose.service"] ?? "";
      const name = Actor.Attributes.name ?? like.name;
      void one(
        containerSource(engine, like.recipe, { id: Actor.ID, service, name, dir: dir ?? "" }, like.redact),
      );
    }
    throw new HomelabError("docker-unavailable", "Docker went away", {
      hint: "see `systemctl status docker`",
    });
  };
  const all = Promise.all(sources.map(one));
  await Promise.race([docker ? watch(docker) : all, failed.promise]);
}
