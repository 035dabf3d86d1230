import * as v from "valibot";
import { DURATION } from "./duration.ts";

/** Predicates complete the sentence "`needs` of service `plex` …". */
export const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
export const NAME_RULE =
  "names have lower-case letters, digits and hyphens, begin with a letter or digit, and are at most 63 long";

/** `all` is a target; the others are names that a JavaScript object cannot be trusted with. */
export const RESERVED = new Set(["all", "constructor", "prototype", "__proto__"]);

const PLAIN_WORDS = /^[^"'`$\\|&;<>()*?[\]{}~#!\s]+(?: +[^"'`$\\|&;<>()*?[\]{}~#!\s]+)*$/;
const HTTP_URL = /^https?:\/\/[^\s/?#]+\S*$/;
const HOST_PORT = /^(?:[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\]):\d{1,5}$/;
const ADDRESS = /^(?:[A-Za-z0-9][A-Za-z0-9._-]*|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+)$/;
/** A host recipe's name, or `[user@]host[:port]`. */
const DESTINATION =
  /^(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?(?:[A-Za-z0-9][A-Za-z0-9._-]*(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+)$/;
/** What ssh's own settings would read as something else in a path is left out. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const KEY_PATH = /^(?!~(?!\/))[^\u0000-\u001f"$]+$/;
const USER = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const UNIT =
  /^[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]*\.(?:service|socket|target|timer|mount|automount|path|slice|scope|swap|device)$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
export const RELATIVE_PATH = /^[^/\u0000-\u001f][^\u0000-\u001f]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const ABSOLUTE_PATH = /^\/[^\u0000-\u001f]*$/;

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

const described = <const T extends v.GenericSchema>(schema: T, text: string) =>
  v.optional(v.pipe(schema, v.description(text)));
const text = (predicate = "must be text") => v.pipe(v.string(predicate), v.minLength(1, predicate));
const matching = (pattern: RegExp, predicate: string) =>
  v.pipe(v.string(predicate), v.regex(pattern, predicate));

/** Valibot takes a list for an object; in a recipe file that is a mistake. */
function noList<const T extends v.GenericSchema>(schema: T): T {
  return {
    ...schema,
    "~run"(dataset: v.UnknownDataset, config: v.Config<v.BaseIssue<unknown>>) {
      return schema["~run"](Array.isArray(dataset.value) ? { value: "a list" } : dataset, config);
    },
  };
}
const mapping = <const T extends v.ObjectEntries>(entries: T) =>
  noList(v.strictObject(entries, "must be a mapping"));

const name = matching(NAME, "must be a name");
const names = v.array(name, "must be a list of names");
const duration = matching(DURATION, "must be a duration such as `90s` or `1h30m`");
const unitName = matching(UNIT, "must be the full name of a systemd unit, such as `nginx.service`");
const lines = v.union(
  [
    text("must be a shell line"),
    v.pipe(v.array(text("must be a shell line"), "must be a list"), v.minLength(1, "must have a line")),
  ],
  "must be a shell line or a list of shell lines",
);

const hostPort = v.pipe(
  matching(HOST_PORT, "must be `host:port`"),
  v.check((value) => {
    const port = Number(value.slice(value.lastIndexOf(":") + 1));
    return port >= 1 && port <= 65_535;
  }, "must have a port between 1 and 65535"),
);

export const need = mapping({
  name: v.pipe(name, v.description("The recipe that is needed")),
  when: described(
    v.picklist(["healthy", "started", "completed"], "must be `healthy`, `started` or `completed`"),
    "healthy (default): seen to work; started: its containers run; completed: it ran to its end with success",
  ),
});

const needs = described(
  v.array(v.union([name, need], "must be a name or `{ name, when }`"), "must be a list of names"),
  "Recipes that must be ready first",
);
const after = described(names, "Soft order: recipes that come first when they are in the plan as well");
const description = described(text(), "One line that says what this is");

const commandLine = v.union(
  [
    matching(PLAIN_WORDS, "must be a list of arguments when it has quotes or shell characters"),
    v.pipe(v.array(text("must be text"), "must be a list"), v.minLength(1, "must have a program")),
  ],
  "must be a list of arguments or one line of plain words",
);

export const ready = mapping({
  http: described(
    matching(HTTP_URL, "must be an http or https URL"),
    "URL that answers with a status below 400",
  ),
  tcp: described(hostPort, "`host:port` that accepts a connection"),
  command: described(commandLine, "Program and arguments, run without a shell; exit status 0 is ready"),
  within: described(duration, "How long it may take; without it, the containers' health checks decide"),
  stable: described(duration, "How long a container without health check must stay up"),
});
const readiness = described(ready, "Probes beside the containers' own health checks");

export const readyExec = mapping({
  service: v.pipe(
    matching(/^[a-zA-Z0-9][a-zA-Z0-9._-]*$/, "must be the name of a service of the compose file"),
    v.description("Service of the compose file, in whose container it runs"),
  ),
  command: v.pipe(
    commandLine,
    v.description("Program and arguments, run without a shell; exit status 0 is ready"),
  ),
});

/** What only containers can be asked. */
export const serviceReady = mapping({
  ...ready.entries,
  exec: described(
    readyExec,
    "Command that is tried inside of a running container, such as whether a VPN gets through; 10 s at most",
  ),
});

const address = described(matching(ADDRESS, "must be a host name or IP address"), "Host name or IP address");
const user = described(matching(USER, "must be a user name"), "User to log in as over ssh");

const identity = described(
  matching(KEY_PATH, "must be the path of a private key"),
  "Private key to log in with: `~/…`, or relative to the root; default: the keys of ssh's agent and settings",
);

/** Also read from a compose file, as `x-homelab: { env: { optional: [NAME] } }`. */
export const environment = mapping({
  optional: described(
    v.array(matching(VARIABLE, "must be a variable name"), "must be a list of variable names"),
    "Variables that may stay without value: without it, a key of `.env.example` that `.env` lacks, and a variable of the compose file without value and default, are refused before containers are made. The same may stand in the compose file: `x-homelab: { env: { optional: [NAME] } }`",
  ),
});

export const service = mapping({
  description,
  dir: described(
    matching(RELATIVE_PATH, "must be a path relative to the root"),
    "Directory of the compose file, relative to the root; default: services/<name>, else services/<family>/<instance>",
  ),
  project: described(
    matching(/^[a-z0-9][a-z0-9_-]*$/, "must be a compose project name (`[a-z0-9][a-z0-9_-]*`)"),
    "Name of the compose project; default: what the compose file or the running containers say, else the recipe's name",
  ),
  needs,
  after,
  ready: described(serviceReady, "Probes beside the containers' own health checks"),
  mounts: described(
    v.array(matching(ABSOLUTE_PATH, "must be an absolute path"), "must be a list of absolute paths"),
    "Directories that must be mounted, else the service is not started: an unmounted disk looks like an empty library",
  ),
  before_update: described(
    name,
    "Task that runs before an update, such as a snapshot of the service's data; when it fails, nothing is touched",
  ),
  rollback: described(
    v.picklist(["auto", "manual", "never"], "must be `auto`, `manual` or `never`"),
    "What happens after a failed change: auto goes back to the last release that was ready; manual (default): nothing; never: `homelab rollback` is refused as well",
  ),
  env: described(environment, "Its environment files"),
});

export const unit = mapping({
  description,
  unit: v.pipe(unitName, v.description("The systemd unit, with its suffix")),
  needs,
  after,
  ready: readiness,
});

export const microvm = mapping({
  description,
  address,
  user,
  identity,
  host: described(
    matching(DESTINATION, "must be a host recipe or `user@host:port`"),
    "Host that runs it, as a recipe of `hosts` or as ssh is told it; default: this one",
  ),
  flake: described(
    matching(/^[^\s-]\S*$/, "must be a flake reference such as `git+file:///etc/nixos`"),
    "Flake that it is built from when it is not there yet; default: the repository, where it is one",
  ),
  needs,
  after,
  ready: readiness,
});

export const host = mapping({
  description,
  address,
  user,
  identity,
  stage: described(
    text(),
    "Hosts of one stage are deployed together: development, test, staging, others, canary, production; default: production",
  ),
  build: described(
    text(),
    "Where its system is built: `here`, `there`, or a recipe of `hosts`; default: here, where this machine can",
  ),
  critical: described(
    v.array(unitName, "must be a list of systemd units"),
    "Units that must run after a deploy",
  ),
  ready: described(ready, "Probes that must answer after a deploy; `stable`: how long it is watched"),
});

export const task = mapping({
  description,
  params: described(
    v.array(
      matching(/^[a-zA-Z_][a-zA-Z0-9_]*$/, "must be a parameter name (`[a-zA-Z_][a-zA-Z0-9_]*`)"),
      "must be a list of parameter names",
    ),
    "Names of the parameters; they reach the shell as environment variables",
  ),
  confirm: described(text(), "Question to be answered with yes first; {{param}} stands for a parameter"),
  needs,
  run: v.pipe(lines, v.description("Shell line, or a list of them, run in order until one fails")),
  finally: described(lines, "Shell lines that run at the end, also after a failure"),
});

const section = <const T extends v.GenericSchema>(value: T, about: string) =>
  described(v.nullable(noList(v.record(name, value, "must be a mapping of names"))), about);

export const recipeFile = mapping({
  include: described(
    v.array(
      matching(/^builtin:[a-z0-9-]+$/, "must be a shipped file such as `builtin:media`"),
      "must be a list such as `[builtin:media]`",
    ),
    "Shipped recipe files to take in",
  ),
  services: section(v.nullable(service), "Compose projects"),
  units: section(unit, "systemd units"),
  microvms: section(v.nullable(microvm), "MicroVMs of microvm.nix"),
  hosts: section(v.nullable(host), "NixOS hosts"),
  tasks: section(task, "Commands of your own"),
  groups: section(names, "Names for several recipes at once"),
});

export type RecipeFile = v.InferOutput<typeof recipeFile>;
export type RawService = NonNullable<v.InferOutput<typeof service>>;
export type RawNeeds = RawService["needs"];
/** As a service has it, which is all that there is. */
export type RawReady = NonNullable<RawService["ready"]>;

/** What one entry of a section is called, and its schema's keys. */
export const SECTIONS = {
  services: { noun: "service", entries: service.entries },
  units: { noun: "unit", entries: unit.entries },
  microvms: { noun: "microvm", entries: microvm.entries },
  hosts: { noun: "host", entries: host.entries },
  tasks: { noun: "task", entries: task.entries },
  groups: { noun: "group", entries: {} },
} as const;

export type Section = keyof typeof SECTIONS;

export function isSection(key: unknown): key is Section {
  return typeof key === "string" && Object.hasOwn(SECTIONS, key);
}
