import { parseDuration } from "../book/duration.ts";
import type { Docker } from "../docker/client.ts";
import { justAfter, type LogLine, mergeByTime } from "../docker/logs.ts";
import { HomelabError } from "../errors.ts";
import { isTerminal } from "../os/libc.ts";
import { labelsOf, logFormatter } from "../report/logs.ts";
import { listenForSignals, StopSwitch } from "../run/stop.ts";
import { Store } from "../store/store.ts";
import type { ContainerView } from "../units/compose/observe.ts";
import { SecretFinder } from "../units/compose/secret-files.ts";
import { openBook, targetsOf } from "./book.ts";
import { makeCommand } from "./command.ts";
import { type Context, print, printJson } from "./context.ts";
import { connect } from "./engine.ts";
import { invalidValue } from "./options.ts";

const DEFAULT_TAIL = "100";

export default makeCommand({
  name: "logs",
  description:
    "Shows what the containers of the targets wrote, those of several in the order of time. On a terminal it goes on as they write, until Ctrl-C. Values of `.env` and of env files are masked.",
  usage: "TARGET…",
  words: { min: 1, max: Number.POSITIVE_INFINITY, label: "a target: a service, family or group, or `all`" },
  args: {
    follow: { type: "boolean", alias: "f", description: "go on as they write (default on a terminal)" },
    "no-follow": { type: "boolean", description: "end with what is there" },
    since: { type: "string", valueHint: "WHEN", description: "from then on: 10m, 2h, 2026-11-21T03:00:00" },
    tail: {
      type: "string",
      valueHint: "N",
      description: `the last N lines of each, or \`all\` (default ${DEFAULT_TAIL}; with --since or --grep all)`,
    },
    grep: { type: "string", valueHint: "PATTERN", description: "only lines that match a regular expression" },
    timestamps: { type: "boolean", description: "the time in front of each line" },
  },
  examples: [
    ["homelab logs plex", "the last lines, and what follows"],
    ["homelab logs sonarr shows", "an instance; `homelab logs-sonarr shows` is the same"],
    ["homelab logs media --since 1h --grep 'error|warn'", "several at once"],
    ["homelab logs plex --no-follow --json", "as data"],
  ],
  async run(context, words, args) {
    const follow = args.follow ?? (!args["no-follow"] && isTerminal(1) && !context.options.json);
    if (follow && context.options.json) {
      throw new HomelabError("usage", "`--json` is one document, and following has no end", {
        hint: "leave `--follow` out",
      });
    }
    // Who asks for a time or a word wants all of it, and not what happens to be among the last lines.
    const chosen = args.since !== undefined || args.grep !== undefined;
    const tail = tailOf(args.tail ?? (chosen ? "all" : DEFAULT_TAIL));
    const filter = { since: sinceOf(args.since), tail, grep: patternOf(args.grep) };
    const book = await openBook(context);
    const targets = targetsOf(book, words);
    const store = Store.openReadonly(context.env, (text) => context.messages.warn(text));
    const engine = await connect(context, book, store, targets);
    const secrets = new SecretFinder(book, store, context.env);
    store.close();
    const { compose, docker } = engine;
    if (!compose || !docker) throw new HomelabError("unsupported", "only services have logs in this version");
    const recipes = targets.flatMap((name) => book.recipes.get(name) ?? []);
    await compose.observe(recipes);
    const sources: Source[] = [];
    for (const recipe of recipes) {
      const views = compose.containersOf(recipe.name);
      if (recipe.kind !== "service" || views.length === 0) continue;
      const redact = await secrets.service(recipe);
      sources.push(...views.map((view) => sourceOf(recipe.name, view, redact)));
    }
    if (sources.length === 0) {
      throw new HomelabError("step-failed", `no containers of ${targets.join(", ")} are there`, {
        hint: `\`homelab why ${targets[0]}\` says why`,
      });
    }
    await show(context, { docker, sources, filter, follow, timestamps: args.timestamps === true });
  },
});

/** A container whose lines are shown. */
interface Source {
  readonly id: string;
  readonly recipe: string;
  readonly service: string;
  readonly name: string;
  readonly dir: string;
  readonly redact: (text: string) => string;
}

interface Filter {
  readonly since: string | undefined;
  readonly tail: string;
  readonly grep: RegExp | undefined;
}

interface Request {
  readonly docker: Docker;
  readonly sources: readonly Source[];
  readonly filter: Filter;
  readonly follow: boolean;
  readonly timestamps: boolean;
}

const sourceOf = (
  recipe: string,
  { id, service, name, dir }: ContainerView,
  redact: Source["redact"],
): Source => ({ id, recipe, service, name, dir, redact });

/** A line with where it comes from. */
interface Entry {
  readonly source: Source;
  readonly line: LogLine;
}

async function show(context: Context, request: Request): Promise<void> {
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

async function printDocument(request: Request, signal: AbortSignal): Promise<void> {
  const lines: unknown[] = [];
  for await (const { source, line } of history(request, signal)) {
    const { recipe: id, service, name: container } = source;
    lines.push({ id, service, container, time: line.time, stream: line.stream, text: line.text });
  }
  printJson({ version: 1, lines });
}

async function printLines(context: Context, request: Request, signal: AbortSignal): Promise<void> {
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
async function* history({ docker, sources, filter }: Request, signal: AbortSignal): AsyncGenerator<Entry> {
  const { since, tail } = filter;
  const each = sources.map((source) => linesOf(docker, source, { since, tail, signal }, filter.grep));
  yield* mergeByTime(each);
}

async function* linesOf(
  docker: Docker,
  source: Source,
  options: { since?: string | undefined; tail?: string; follow?: boolean; signal: AbortSignal },
  grep: RegExp | undefined,
): AsyncGenerator<Entry> {
  const { Config } = await docker.inspect(source.id);
  for await (const line of docker.logLines(source.id, { ...options, tty: Config.Tty })) {
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
  request: Request,
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
      for await (const entry of linesOf(docker, source, { since: from, follow: true, signal }, filter.grep)) {
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
  const watch = async () => {
    for await (const { Action, Actor } of docker.events(signal, () => {})) {
      if (Action !== "start") continue;
      const dir = Actor.Attributes["com.docker.compose.project.working_dir"];
      const like = sources.find((source) => source.dir === dir);
      if (!like) continue;
      const service = Actor.Attributes["com.docker.compose.service"] ?? "";
      const name = Actor.Attributes.name ?? like.name;
      void one({ ...like, id: Actor.ID, service, name });
    }
    throw new HomelabError("docker-unavailable", "Docker went away", {
      hint: "see `systemctl status docker`",
    });
  };
  for (const source of sources) void one(source);
  await Promise.race([watch(), failed.promise]);
}

function sinceOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const ago = parseDuration(text);
  const at = ago === undefined ? Date.parse(text) : Date.now() - ago;
  if (Number.isNaN(at))
    throw invalidValue("--since", text, "a duration such as 10m, or a time such as 2026-11-21T03:00:00");
  return String(at / 1000);
}

function tailOf(text: string): string {
  if (text === "all" || /^\d{1,9}$/.test(text)) return text;
  throw invalidValue("--tail", text, "a number of lines or `all`");
}

function patternOf(text: string | undefined): RegExp | undefined {
  if (text === undefined) return undefined;
  try {
    return new RegExp(text, "u");
  } catch (error) {
    const why =
      error instanceof Error ? error.message.replace(/^Invalid regular expression: /, "") : String(error);
    throw new HomelabError("usage", `\`--grep\` takes a regular expression, and \`${text}\` is none: ${why}`);
  }
}
