import type { ArgsDef } from "citty";
import type { Book } from "../book/types.ts";
import { families, targetNames } from "../graph/targets.ts";
import type { Command } from "./command.ts";
import type { CommandEntry } from "./commands.ts";

export interface CompletionQuestion {
  /** The words behind the program's name, up to the one that is being typed. */
  readonly words: readonly string[];
  readonly commands: Readonly<Record<string, CommandEntry>>;
  /** The command of the line, where it is known by then. */
  readonly command?: Command | undefined;
  readonly commandName?: string | undefined;
  /** Undefined where there is no homelab, or its recipes are broken. */
  readonly book: Book | undefined;
  /** MicroVMs of this machine, where the command is about them. */
  readonly vms?: readonly string[] | undefined;
  /** Options of every command, with whether they take a value. */
  readonly globals: ReadonlyMap<string, boolean>;
  readonly topics: readonly string[];
}

const VM_VERBS = [
  ...["list", "build", "update", "start", "restart", "stop", "run"],
  ...["logs", "ssh", "network", "orphans", "rollback", "prune"],
];
/** `vm -Ru`: the letter stands for the verb. */
const VM_LETTER = /^-[A-Za-z]*[ulrs]/;
/** Words that a command takes and that are no targets. */
const OWN_WORDS: Readonly<Record<string, readonly string[]>> = {
  completions: ["bash", "zsh", "fish"],
  env: ["check", "init"],
  host: [
    ...["list", "status", "generations", "ssh", "logs"],
    ...["check", "build", "diff", "dry-activate", "test", "deploy", "rollback", "attach", "setup"],
  ],
  import: ["Justfile"],
  lock: ["status"],
  notify: ["test"],
  timers: ["install", "status"],
  update: ["preview", "flake", "system", "smart"],
  vm: VM_VERBS,
};
const NO_TARGETS = new Set([
  "list",
  "schema",
  "completions",
  "doctor",
  "lock",
  "notify",
  "man",
  "import",
  "init",
  "add",
  "fmt",
  "lint",
  "flake-check",
  "pre-commit-run",
]);

const OF_HOSTS = new Set(["host", "build", "diff", "dry-activate", "test", "deploy-debug", "gc"]);

/** What the last word may become. Pure; directories are left to the shell. */
export function candidates(question: CompletionQuestion): string[] {
  const { words, book, command, commandName } = question;
  const typed = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const all = typed.startsWith("-") ? optionsFor(question, typed) : plainWords(question, before, typed);
  const value = command && choicesOf(command.args, before.at(-1) ?? "");
  const found = value ?? (commandName === undefined ? [...all, ...tasksOf(book)] : all);
  return [...new Set(found)].filter((word) => word.startsWith(typed)).sort();
}

function plainWords(
  { commands, commandName, book, vms = [], topics }: CompletionQuestion,
  before: readonly string[],
  typed: string,
): string[] {
  if (commandName === undefined) {
    const names = Object.keys(commands);
    const verb = names.find((name) => commands[name]?.verb && typed.startsWith(`${name}-`));
    return verb && book ? [...names, ...targetNames(book).map((name) => `${verb}-${name}`)] : names;
  }
  if (!(commandName in commands)) return [];
  if (commandName === "help") return [...Object.keys(commands), ...topics, ...tasksOf(book)];
  const own = OWN_WORDS[commandName];
  const isFirst = before.filter((word) => !word.startsWith("-")).length <= 1;
  const implied = commandName === "vm" && before.some((word) => VM_LETTER.test(word));
  if (own && isFirst && !implied) return [...own];
  if (commandName === "vm") return vmsOf(book, vms, before);
  if (OF_HOSTS.has(commandName)) return hostsOf(book);
  if (!book || NO_TARGETS.has(commandName)) return [];
  return [...instancesAfter(book, before.at(-1) ?? ""), ...targetNames(book)];
}

/** MicroVMs, and groups that have some; behind `--` stands what runs in one of them. */
function vmsOf(book: Book | undefined, vms: readonly string[], before: readonly string[]): string[] {
  if (before.includes("--") || before.includes("orphans")) return [];
  const isVm = (name: string) => book?.recipes.get(name)?.kind === "microvm";
  const having = [...(book?.groups.values() ?? [])].filter(({ members }) => members.some(isVm));
  return [...[...(book?.recipes.keys() ?? [])].filter(isVm), ...vms, ...having.map(({ name }) => name)];
}

/** Hosts, and their stages. */
function hostsOf(book: Book | undefined): string[] {
  const hosts = [...(book?.recipes.values() ?? [])].filter((recipe) => recipe.kind === "host");
  return hosts.flatMap(({ name, stage }) => (stage === undefined ? [name] : [name, stage]));
}

/** Behind a family its instances come first: `sonarr shows`. */
function instancesAfter(book: Book, word: string): string[] {
  const family = word.replace(/^[a-z]+-/, "");
  const members = families(book).get(word) ?? families(book).get(family) ?? [];
  return members.flatMap((name) => {
    const instance = [word, family].map((head) => `${head}-`).find((head) => name.startsWith(head));
    return instance ? [name.slice(instance.length)] : [];
  });
}

const tasksOf = (book: Book | undefined): string[] =>
  [...(book?.recipes.values() ?? [])].filter((recipe) => recipe.kind === "task").map((recipe) => recipe.name);

function optionsFor({ command, globals }: CompletionQuestion, typed: string): string[] {
  const [name = "", value] = typed.split("=");
  if (value !== undefined) {
    return (choicesOf(command?.args ?? {}, name) ?? []).map((each) => `${name}=${each}`);
  }
  const own = Object.entries(command?.args ?? {}).map(([option, { default: on }]) =>
    on === true ? `--no-${option}` : `--${option}`,
  );
  return [...own, ...[...globals.keys()].map((option) => `--${option}`)];
}

/** The values of an option that has a choice of them. */
function choicesOf(args: ArgsDef, option: string): string[] | undefined {
  const spec = option.startsWith("--") ? args[option.slice(2)] : undefined;
  return spec?.type === "enum" ? [...(spec.options ?? [])] : undefined;
}
