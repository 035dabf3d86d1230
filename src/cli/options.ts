import type { ArgsDef } from "citty";
import { parseDuration } from "../book/duration.ts";
import { nearest } from "../book/nearest.ts";
import { HomelabError } from "../errors.ts";

/** Options that every command takes, before or after its name. */
export interface GlobalOptions {
  root?: string;
  json: boolean;
  quiet: boolean;
  verbose: boolean;
  noColor: boolean;
  yes: boolean;
  dryRun: boolean;
  help: boolean;
  jobs?: number;
  /** Milliseconds. */
  lockWait?: number;
  /** Milliseconds. */
  timeout?: number;
  /** Milliseconds. */
  dockerWait?: number;
}

interface OptionSpec {
  readonly short?: string;
  /** Name of the value in help texts; without one it is a switch. */
  readonly value?: string;
  readonly help: string;
  readonly apply: (globals: GlobalOptions, value: string) => void;
}

export const GLOBAL_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  root: {
    short: "C",
    value: "DIR",
    help: "work on the homelab in DIR",
    apply: (globals, value) => {
      globals.root = value;
    },
  },
  json: {
    help: "print one JSON document on standard output",
    apply: (globals) => {
      globals.json = true;
    },
  },
  quiet: {
    short: "q",
    help: "say nothing but what went wrong",
    apply: (globals) => {
      globals.quiet = true;
    },
  },
  verbose: {
    short: "v",
    help: "say more, also about what is left as it is",
    apply: (globals) => {
      globals.verbose = true;
    },
  },
  "no-color": {
    help: "no colours (also NO_COLOR=1)",
    apply: (globals) => {
      globals.noColor = true;
    },
  },
  yes: {
    short: "y",
    help: "answer every question with yes",
    apply: (globals) => {
      globals.yes = true;
    },
  },
  "dry-run": {
    short: "n",
    help: "show what would be done, and do nothing",
    apply: (globals) => {
      globals.dryRun = true;
    },
  },
  jobs: {
    short: "j",
    value: "N",
    help: "change at most N things at once",
    apply: (globals, value) => {
      if (!/^[1-9]\d{0,2}$/.test(value)) throw invalidValue("--jobs", value, "a number from 1 to 999");
      globals.jobs = Number(value);
    },
  },
  "lock-wait": {
    value: "DURATION",
    help: "wait this long for another run to end (30s, 10m)",
    apply: (globals, value) => {
      globals.lockWait = duration("--lock-wait", value);
    },
  },
  "docker-wait": {
    value: "DURATION",
    help: "wait this long for Docker to come up, as after a boot",
    apply: (globals, value) => {
      globals.dockerWait = duration("--docker-wait", value);
    },
  },
  timeout: {
    value: "DURATION",
    help: "break the run off after this long",
    apply: (globals, value) => {
      globals.timeout = duration("--timeout", value);
    },
  },
  help: {
    short: "h",
    help: "explain the command",
    apply: (globals) => {
      globals.help = true;
    },
  },
};

export interface SplitWords {
  readonly globals: GlobalOptions;
  /** All words that are not global options, in order; options among them still to be checked. */
  readonly rest: readonly string[];
}

/**
 * Takes the global options out of the words of a command line, wherever they stand before a `--`.
 * Throws `usage` for a missing or malformed value.
 */
export function takeGlobals(words: readonly string[]): SplitWords {
  const globals: GlobalOptions = {
    json: false,
    quiet: false,
    verbose: false,
    noColor: false,
    yes: false,
    dryRun: false,
    help: false,
  };
  const rest: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (word === "--") return { globals, rest: [...rest, ...words.slice(i)] };
    if (/^-[A-Za-z]./.test(word)) i += bundle(word, words[i + 1], globals, rest);
    else if (!takeOne(word, words[i + 1], globals, () => i++)) rest.push(word);
  }
  return { globals, rest };
}

/** Applies one word if it is a global option; `useNext` is called when its value was the next word. */
function takeOne(
  word: string,
  next: string | undefined,
  globals: GlobalOptions,
  useNext: () => void,
): boolean {
  const [name, attached] = splitOption(word);
  const spec = name === undefined ? undefined : lookup(name);
  if (!spec) return false;
  const needsNext = spec.value !== undefined && attached === undefined;
  spec.apply(globals, optionValue(word, spec, attached, needsNext ? next : undefined));
  if (needsNext) useNext();
  return true;
}

/** Short options in one word: `-qn`, `-j4`. Returns how many further words were used. */
function bundle(word: string, next: string | undefined, globals: GlobalOptions, rest: string[]): number {
  for (let at = 1; at < word.length; at++) {
    const spec = lookup(`-${word[at]}`);
    if (!spec) {
      rest.push(`-${word.slice(at)}`);
      return 0;
    }
    if (spec.value === undefined) {
      spec.apply(globals, "");
      continue;
    }
    const attached = word.slice(at + 1).replace(/^=/, "");
    spec.apply(globals, optionValue(`-${word[at]}`, spec, attached || undefined, next));
    return attached ? 0 : 1;
  }
  return 0;
}

function lookup(name: string): OptionSpec | undefined {
  if (name.startsWith("--"))
    return Object.hasOwn(GLOBAL_OPTIONS, name.slice(2)) ? GLOBAL_OPTIONS[name.slice(2)] : undefined;
  return Object.values(GLOBAL_OPTIONS).find((spec) => spec.short !== undefined && `-${spec.short}` === name);
}

/** `--name=value` as its two parts; no name for a word that is no option. */
export function splitOption(word: string): [name: string | undefined, value: string | undefined] {
  if (!word.startsWith("-") || word === "-") return [undefined, undefined];
  const equals = word.indexOf("=");
  return equals < 0 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)];
}

function optionValue(
  word: string,
  spec: OptionSpec,
  attached: string | undefined,
  next: string | undefined,
): string {
  if (spec.value === undefined) {
    if (attached === undefined) return "";
    throw new HomelabError("usage", `\`${word.split("=")[0]}\` takes no value`);
  }
  const value = attached ?? next;
  if (value === undefined || value === "" || (attached === undefined && /^-./.test(value))) {
    throw new HomelabError("usage", `\`${word.split("=")[0]}\` needs a value`, {
      hint: `write \`${word.split("=")[0]} ${spec.value}\``,
    });
  }
  return value;
}

/** The error for an option that nothing takes, with the nearest one that the command does. */
export function unknownOption(command: string | undefined, name: string, args: ArgsDef = {}): HomelabError {
  const known = [
    ...Object.keys(GLOBAL_OPTIONS).map((option) => `--${option}`),
    ...Object.entries(args)
      .filter(([, spec]) => spec.type !== "positional")
      .map(([option, spec]) => (spec.default === true ? `--no-${option}` : `--${option}`)),
  ];
  const close = nearest(name, known);
  return new HomelabError("usage", `unknown option \`${name}\``, {
    hint: close ? `did you mean \`${close}\`?` : `see \`homelab ${command ? `${command} ` : ""}--help\``,
  });
}

/** What a timer can hold: longer ones (25 days) would fire at once. */
export const MAX_DURATION = 2 ** 31 - 1;

/** How long to wait for Docker, in milliseconds: --docker-wait, else $HOMELAB_DOCKER_WAIT; undefined for neither. */
export function dockerPatience(
  { dockerWait }: GlobalOptions,
  env: Readonly<Record<string, string | undefined>>,
): number | undefined {
  const written = env.HOMELAB_DOCKER_WAIT;
  return dockerWait ?? (written ? duration("HOMELAB_DOCKER_WAIT", written) : undefined);
}

function duration(option: string, value: string): number {
  const milliseconds = parseDuration(value);
  if (milliseconds === undefined) throw invalidValue(option, value, "a duration such as 30s, 10m or 1h30m");
  return Math.min(milliseconds, MAX_DURATION);
}

/** The error for a value of the wrong form. */
export function invalidValue(option: string, value: string, expected: string, close?: string): HomelabError {
  return new HomelabError("usage", `\`${option}\` takes ${expected}, not \`${value}\``, {
    hint: close && `did you mean \`${close}\`?`,
  });
}
