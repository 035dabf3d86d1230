import { posix } from "node:path";
import { bare, commandsOf, isTalk, type ShellCommand, wordsBefore } from "./just-shell.ts";
import { RELATIVE_PATH } from "./schema.ts";

/** A line that starts a compose project, as far as a recipe can say it. */
export interface Start {
  /** Relative to the root; undefined when the line does not tell. */
  readonly dir?: string | undefined;
  readonly project?: string | undefined;
  /** What of the line a recipe cannot say, in words. */
  readonly lost: readonly string[];
}

const STANDARD_FILE = /^(?:docker-)?compose\.ya?ml$/;
/** Options of compose that have a value. */
const VALUED =
  /^(?:-f|--file|-p|--project-name|--project-directory|--profile|--env-file|--ansi|--progress|--parallel|--pull|-t|--timeout|--wait-timeout|--scale)$/;
/** What `ensure` does by itself, or what only changes what is shown. */
const IMPLIED = /^(?:-d|--detach|--wait|--quiet-pull|--no-color|--ansi|--progress|--wait-timeout)$/;

/** What is told in other words, or stands in the recipe. */
const KEPT = /^(?:-f|--file|-p|--project-name|--project-directory|--profile)$/;

/** What a line of an `ensure-*` recipe starts; undefined when it starts no compose project. */
export function startOf(line: string): Start | undefined {
  const commands = commandsOf(line);
  const at = commands.findIndex(isUp);
  const up = commands[at];
  if (!up) return undefined;
  const place = commands.slice(0, at).findLast((each) => bare(each)[0] === "cd");
  const cd = place && unquote(bare(place)[1] ?? "");
  const options = optionsOf(bare(up));
  const others = commands
    .filter((each) => each !== up && each !== place && each.words[0] !== "set" && !isTalkOf(each))
    .map((each) => `\`${line.slice(each.from, each.to)}\` is left out`);
  const before = up.words.slice(0, wordsBefore(up.words));
  const lost = [...others, ...before.map((word) => `\`${word}\` is left out`), ...options.lost];
  const named = options.directory ?? directoryOf(options.files);
  const dir = named === undefined ? cd : posix.join(cd ?? ".", named);
  const clean = dir === undefined ? undefined : posix.normalize(dir).replace(/\/$/, "");
  if (clean !== undefined && !isPlain(clean)) {
    return {
      project: options.project,
      lost: [...lost, `the directory \`${clean}\` cannot stand in a recipe`],
    };
  }
  return { dir: clean, project: options.project, lost };
}

/** Elsewhere, or only known to the shell or to `just`, is no directory of a recipe. */
const isPlain = (dir: string): boolean =>
  RELATIVE_PATH.test(dir) && !/^\/|^~|^\.\.(?:\/|$)|^\.$|[$`{}*?]/.test(dir);

const isTalkOf = ({ words }: ShellCommand): boolean => isTalk(words.join(" "));

function isUp(command: ShellCommand): boolean {
  const words = bare(command);
  if (words[0] === "docker-compose") return subcommand(words, 1) === "up";
  return words[0] === "docker" && words[1] === "compose" && subcommand(words, 2) === "up";
}

function subcommand(words: readonly string[], from: number): string | undefined {
  for (let at = from; at < words.length; at++) {
    const word = words[at] ?? "";
    if (!word.startsWith("-")) return word;
    if (VALUED.test(word)) at++;
  }
  return undefined;
}

interface Options {
  readonly files: readonly string[];
  readonly directory?: string | undefined;
  readonly project?: string | undefined;
  readonly lost: readonly string[];
}

/** Options with their values, and other words without one. */
function* read(words: readonly string[]): Generator<{ word: string; value?: string }> {
  for (let at = 0; at < words.length; at++) {
    const [word = "", attached] = (words[at] ?? "").split(/=(.*)/s);
    if (VALUED.test(word)) yield { word, value: unquote(attached ?? words[++at] ?? "") };
    else yield { word: words[at] ?? "" };
  }
}

function optionsOf(words: readonly string[]): Options {
  const all = [...read(words.slice(words[0] === "docker" ? 2 : 1))];
  const values = (pattern: RegExp) =>
    all.flatMap(({ word, value }) => (pattern.test(word) ? (value ?? []) : []));
  const files = values(/^(?:-f|--file)$/);
  const profiles = values(/^--profile$/);
  const services = all.filter(({ word }) => !word.startsWith("-")).slice(1);
  const lost = all
    .filter(({ word }) => word.startsWith("-") && !IMPLIED.test(word) && !KEPT.test(word))
    .map(({ word, value }) => `\`${[word, value].filter(Boolean).join(" ")}\` is left out`);
  if (profiles.length > 0)
    lost.push(`\`--profile\` is left out: write COMPOSE_PROFILES=${profiles.join(",")} into its \`.env\``);
  if (services.length > 0) {
    const names = services.map(({ word }) => `\`${word}\``).join(", ");
    lost.push(`it starts ${names} alone, \`ensure\` all that its compose file has`);
  }
  const [file = ""] = files;
  if (files.length > 1 || (files.length === 1 && !STANDARD_FILE.test(posix.basename(file)))) {
    const names = files.map((each) => posix.relative(posix.dirname(file), each)).join(":");
    lost.push(`\`-f\` is left out: write COMPOSE_FILE=${names} into its \`.env\``);
  }
  const directory = values(/^--project-directory$/).at(-1);
  return { files, directory, project: values(/^(?:-p|--project-name)$/).at(-1), lost };
}

const directoryOf = ([file]: readonly string[]): string | undefined =>
  file === undefined ? undefined : posix.dirname(file);

const unquote = (word: string): string => word.replace(/^(["'])(.*)\1$/s, "$2");
