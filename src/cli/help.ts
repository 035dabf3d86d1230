import { nearest } from "../book/nearest.ts";
import type { TaskRecipe } from "../book/types.ts";
import { EXIT_CODES, HomelabError } from "../errors.ts";
import { type Command, makeCommand } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { type Context, print } from "./context.ts";
import { GLOBAL_OPTIONS } from "./options.ts";

const WIDTH = 100;

/** Texts that belong to no command. */
export const TOPICS: Readonly<Record<string, () => string>> = Object.assign(Object.create(null), {
  cron,
  "exit-codes": exitCodes,
  environment,
  json,
  notifications,
  options,
  recipes,
});

export default makeCommand({
  name: "help",
  description: "Explains a command or a topic.",
  usage: "[COMMAND | TOPIC]",
  words: { min: 0, max: 1, label: "" },
  args: {},
  examples: [
    ["homelab help ensure", "the same as `homelab ensure --help`"],
    ["homelab help exit-codes", "what the exit codes mean"],
  ],
  async run(context, words) {
    const task = await taskNamed(context, words[0]);
    if (task) print((await import("./task.ts")).taskHelp(task));
    else context.exitCode = await showHelp(words);
  },
});

/** A task of the book at hand, unless a topic has the name, or a command that does not yield to tasks. */
async function taskNamed(context: Context, name: string | undefined): Promise<TaskRecipe | undefined> {
  if (name === undefined || name in TOPICS) return undefined;
  if (name in COMMANDS && !COMMANDS[name]?.yields) return undefined;
  const { bookIfAny } = await import("./book.ts");
  const recipe = (await bookIfAny(context))?.recipes.get(name);
  return recipe?.kind === "task" ? recipe : undefined;
}

/** Prints the help of a command, a topic, or all of it. Returns the exit code. */
export async function showHelp([topic]: readonly string[]): Promise<number> {
  if (topic === undefined) print(overview());
  else if (topic in TOPICS) print((TOPICS[topic] as () => string)());
  else if (topic in COMMANDS) print(commandHelp(topic, (await COMMANDS[topic]?.load())?.default as Command));
  else {
    const close = nearest(topic, [...Object.keys(COMMANDS), ...Object.keys(TOPICS)]);
    throw new HomelabError("usage", `there is no help on \`${topic}\``, {
      hint: close ? `did you mean \`homelab help ${close}\`?` : "`homelab help` shows what there is",
    });
  }
  return 0;
}

function overview(): string {
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary] as const);
  return `Runs a home server as one dependency graph of recipes.

Usage: homelab [OPTIONS] COMMAND [TARGET…]

Commands:
${columns(commands)}
A target is a service, a family (\`sonarr\`), an instance (\`sonarr shows\`), a group, or \`all\`.
\`homelab ensure-plex\` is the same as \`homelab ensure plex\`.

Options, before or after the command:
${columns(globalRows())}
Topics: ${Object.keys(TOPICS).join(", ")}. \`homelab help COMMAND\` explains a command or a topic.
`;
}

function commandHelp(name: string, command: Command): string {
  const own = ownRows(command);
  const examples = command.examples.map(([line, what]) => [line, what] as const);
  return `${wrap(command.description)}
Usage: homelab ${name}${own.length > 0 ? " [OPTIONS]" : ""}${command.usage ? ` ${command.usage}` : ""}

${command.verbs ? `Verbs:\n${columns(command.verbs)}\n` : ""}${own.length > 0 ? `Options:\n${columns(own)}\n` : ""}\`homelab help options\` shows the options of every command, such as --json, --quiet and --dry-run.

Examples:
${columns(examples)}`;
}

/** A command's own options, with what they do. */
export function ownRows(command: Command): (readonly [string, string])[] {
  return Object.entries(command.args).map(([option, spec]) => {
    const switchedOff = spec.default === true;
    const value =
      spec.type === "enum"
        ? ` ${spec.options?.join("|")}`
        : spec.type === "string"
          ? ` ${spec.valueHint ?? "VALUE"}`
          : "";
    const text = switchedOff
      ? (spec as { negativeDescription?: string }).negativeDescription
      : spec.description;
    const short = "alias" in spec && spec.alias ? `-${spec.alias}, ` : "    ";
    return [`${short}--${switchedOff ? "no-" : ""}${option}${value}`, text ?? ""] as const;
  });
}

/** The options of every command. */
export function globalRows(): (readonly [string, string])[] {
  const rows = Object.entries(GLOBAL_OPTIONS).map(([name, { short, value, help }]) => {
    const value_ = value ? ` ${value}` : "";
    return [`${short ? `-${short}, ` : "    "}--${name}${value_}`, help] as const;
  });
  return [...rows, ["    --version", "print version and revision"]];
}

function cron(): string {
  return `A run that changes nothing prints nothing, so that cron sends no mail. One that changes something or fails prints
what, and exits with 1 or more when it failed; \`homelab report\` tells it again later. Nobody is asked anything:
\`--yes\` says yes in advance. A second run waits with \`--lock-wait\`, or exits with 75.

  # /etc/cron.d/homelab
  PATH=/usr/local/bin:/usr/bin:/bin
  0 4 * * *  root  homelab -C /opt/homelab deploy-media --lock-wait 10m
  0 5 * * 0  root  homelab -C /opt/homelab pull-images && homelab -C /opt/homelab update-services
  0 6 1 * *  root  homelab -C /opt/homelab cleanup --yes
  @reboot    root  homelab -C /opt/homelab ensure all --docker-wait 5m

\`homelab timers install\` lets systemd deploy instead, and bring services up at boot.
\`homelab help notifications\` says how to be told of failures otherwise than by mail from cron.
`;
}

function json(): string {
  return `With --json a command prints one document on standard output, errors included; all else stays away from there.
Fields are added from version to version and never changed; \`version\` is 1.

${columns([
  ["plan", "root, targets, steps (id, kind, action, reason, effect, needs), summary"],
  [
    "ensure and its kin",
    "run, outcome, steps (id, kind, action, result, reason, durationMs, detail), changed, failed",
  ],
  ["status", "recipes (id, kind, state, detail, containers)"],
  ["history, report", "runs, one run with its steps"],
  ["validate", "valid, problems, warnings (code, message, hint, position)"],
  ["exec", "id, container, command, exitCode, stdout, stderr"],
  ["an error", "error (code, exit, message, hint, position)"],
])}`;
}

function options(): string {
  return `Options of every command, before or after its name:\n${columns(globalRows())}`;
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join("");
}

function wrap(text: string): string {
  return `${Bun.wrapAnsi(text, WIDTH)}\n`;
}

function exitCodes(): string {
  const words: Readonly<Record<number, string>> = {
    0: "done, or nothing to do",
    1: "a step failed",
    2: "usage: an unknown command, option or target",
    3: "status: not everything is ready; plan --exit-code: changes are pending",
    5: "refused, or a confirmation is needed and nobody can be asked",
    69: "Docker, systemd, Nix or the network is not available",
    75: "another run holds the lock",
    77: "no permission",
    78: "recipes or configuration are invalid",
    124: "out of time (--timeout)",
    130: "interrupted (Ctrl-C)",
    143: "terminated",
  };
  const used = new Set<number>([0, ...Object.values(EXIT_CODES)]);
  const rows = Object.entries(words).filter(([code]) => used.has(Number(code)));
  return `Exit codes:\n${columns(rows)}`;
}

function environment(): string {
  return `Environment:
${columns([
  ["HOMELAB_ROOT", "the homelab to work on, as with --root"],
  ["HOMELAB_STATE_DIR", "where releases and history are kept (default: /var/lib/homelab if it is writable,"],
  ["", "else $XDG_STATE_HOME/homelab, else ~/.local/state/homelab)"],
  ["DOCKER_HOST, DOCKER_CONTEXT", "the engine to talk to, as with the docker command"],
  ["DOCKER_CONFIG", "where Docker's settings and plugins are (default: ~/.docker)"],
  ["HOMELAB_MIN_FREE", "space that must be free before something is pulled or made (default: 200MB)"],
  ["HOMELAB_DOCKER_WAIT", "how long to wait for Docker to come up, as with --docker-wait: for units at boot"],
  ["HOMELAB_SSH_CONFIG", "settings of ssh for other machines (default: ~/.ssh/config)"],
  ["HOMELAB_NOTIFY_FILE", "where notifications are configured: `homelab help notifications`"],
  ["HOMELAB_NOTIFY", "`never`: no notifications; `always`: also when somebody watches the run"],
  [
    "HTTPS_PROXY, HTTP_PROXY",
    "the proxy for notifications, but not for hosts in NO_PROXY; git and nixos-rebuild",
  ],
  ["", "have it too, `ready` probes and Docker's socket never go through it"],
  ["NO_COLOR, FORCE_COLOR", "colours never, colours always (also HOMELAB_NO_COLOR)"],
])}
Time limits:
${columns([
  ["--timeout DURATION", "the whole run (default 1h)"],
  ["--lock-wait DURATION", "for another run to end (default: not at all)"],
  [
    "ready: { within: DURATION }",
    "in a recipe: until the service is ready (default: what its health check allows)",
  ],
  ["a try of a probe", "5s, repeated until that time is over"],
  ["a notification", "10s, sent once; what could not be delivered is told by the next run"],
  ["git, Docker's API", "5m for what goes over the network, 30s for a request"],
])}`;
}

function notifications(): string {
  return `A run that nobody watches (cron, a timer) tells of failures: when something fails, when it fails in another
way, and when it works again. The same failure is told once. Channels are configured in the first of

  $HOMELAB_NOTIFY_FILE
  $CREDENTIALS_DIRECTORY/homelab-notify    (systemd: LoadCredential=homelab-notify:PATH)
  /etc/homelab/notify.env
  $XDG_CONFIG_HOME/homelab/notify.env      (default: ~/.config)

which has to have mode 600 and to lie outside of the repository. Its lines, each of them optional:

${columns([
  ["SLACK_WEBHOOK=https://…", "incoming webhook of Slack, Mattermost"],
  ["DISCORD_WEBHOOK=https://…", "webhook of a Discord channel"],
  ["NTFY_URL=https://ntfy.sh/TOPIC", "and NTFY_TOKEN, where the topic is protected"],
  ["GOTIFY_URL=https://…", "and GOTIFY_TOKEN, of an application"],
  ["WEBHOOK_URL=https://…", "gets a JSON document by POST; WEBHOOK_TOKEN is sent as bearer token"],
  ["MAIL_TO=you@example.org", "by the program `sendmail`; MAIL_FROM is the sender"],
  ["ON=change", "tell of changes as well (default: failure)"],
])}
\`homelab notify test\` tries them out.
`;
}

function recipes(): string {
  return `Recipes are written in homelab.yml and recipes/*.yml at the root of the repository:

  services:
    prowlarr:
      needs: [gluetun]
    sonarr-shows:
      dir: services/sonarr/shows
      needs: [prowlarr, { name: tdarr, when: started }]
      ready: { http: http://127.0.0.1:8989/ping, within: 2m }
  units:
    jellyfin: { unit: jellyfin.service, needs: [sonarr-shows] }
  microvms:
    vm1: { address: 10.1.0.2, user: admin, host: p620 }
  hosts:
    p620: { address: p620.lan, user: root }
  groups:
    media: [sonarr-shows, jellyfin]

Directories under services/ with a compose file are services without being named. Without any recipe
file the shipped recipes are in force: see \`homelab list\`. \`homelab schema\` prints the JSON Schema.
`;
}

/** The topics, for completions. */
export const TOPIC_NAMES: readonly string[] = Object.keys(TOPICS);
