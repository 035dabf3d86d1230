import { parseDuration } from "../book/duration.ts";
import { HomelabError } from "../errors.ts";
import { isTerminal } from "../os/libc.ts";
import { Store } from "../store/store.ts";
import { openBook, targetsOf } from "./book.ts";
import { makeCommand } from "./command.ts";
import type { Context } from "./context.ts";
import { connect } from "./engine.ts";
import { type LogFilter, showLogs } from "./logs-show.ts";
import { sourcesOf } from "./logs-sources.ts";
import { invalidValue } from "./options.ts";

const DEFAULT_TAIL = "100";

export default makeCommand({
  name: "logs",
  description:
    "Shows what the containers of the targets wrote, and what the journal has of units, MicroVMs and hosts, in the order of time. On a terminal it goes on as they write, until Ctrl-C. Values of `.env` and of env files are masked.",
  usage: "TARGET…",
  words: {
    min: 1,
    max: Number.POSITIVE_INFINITY,
    label: "a target: a service, unit, MicroVM, host, family or group, or `all`",
  },
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
  run: runLogs,
});

interface LogWords {
  readonly follow?: boolean | undefined;
  readonly "no-follow"?: boolean | undefined;
  readonly since?: string | undefined;
  readonly tail?: string | undefined;
  readonly grep?: string | undefined;
  readonly timestamps?: boolean | undefined;
}

/** What the options of a command that shows lines mean. Throws `usage`. */
export function readLogWords(context: Context, args: LogWords): { follow: boolean; filter: LogFilter } {
  const follow = args.follow ?? (!args["no-follow"] && isTerminal(1) && !context.options.json);
  if (follow && context.options.json) {
    throw new HomelabError("usage", "`--json` is one document, and following has no end", {
      hint: "leave `--follow` out",
    });
  }
  // Who asks for a time or a word wants all of it, and not what happens to be among the last lines.
  const chosen = args.since !== undefined || args.grep !== undefined;
  const tail = tailOf(args.tail ?? (chosen ? "all" : DEFAULT_TAIL));
  return { follow, filter: { since: sinceOf(args.since), tail, grep: patternOf(args.grep) } };
}

/** Shows what targets say. */
export async function runLogs(context: Context, words: readonly string[], args: LogWords): Promise<void> {
  const { follow, filter } = readLogWords(context, args);
  const book = await openBook(context);
  const targets = targetsOf(book, words);
  const store = Store.openReadonly(context.env, (text) => context.messages.warn(text));
  const engine = await connect(context, book, store, targets);
  const recipes = targets.flatMap((name) => book.recipes.get(name) ?? []);
  const sources = await sourcesOf(context, book, { engine, store, recipes });
  store.close();
  if (sources.length === 0) {
    throw new HomelabError(
      "step-failed",
      `nothing of ${targets.join(", ")} is there that could say something`,
      {
        hint: `\`homelab why ${targets[0]}\` says why`,
      },
    );
  }
  await showLogs(context, {
    docker: engine.docker,
    sources,
    filter,
    follow,
    timestamps: args.timestamps === true,
  });
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
