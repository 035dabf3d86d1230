import { runCommand } from "citty";
import { nearest } from "../book/nearest.ts";
import type { Book, TaskRecipe } from "../book/types.ts";
import { HomelabError } from "../errors.ts";
import { expandTarget } from "../graph/targets.ts";
import { isInsideTask } from "../process/task-variable.ts";
import { REVISION, VERSION, versionLine } from "../version.ts";
import type { Command } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { isTold, makeContext, print, printJson } from "./context.ts";
import { type GlobalOptions, takeGlobals, unknownOption } from "./options.ts";
import { checkWords } from "./words.ts";

/** What the completion scripts of the shells call: no command for people. */
const COMPLETE = "__complete";

/**
 * Runs one command line. Returns the exit code; throws HomelabError. `late` gets what is left to be done when the
 * error has been shown.
 */
export async function dispatch(argv: readonly string[], late: (() => Promise<void>)[]): Promise<number> {
  const first = takeGlobals(argv);
  const [word, ...rest] = first.rest;
  if (word === "--version" || word === "-V") return version(rest, first.globals);
  if (word?.startsWith("-")) throw unknownOption(undefined, word.split("=")[0] ?? word);
  if (word === COMPLETE) return (await import("./complete.ts")).complete(rest);
  if (word === undefined && first.globals.help) return help([]);
  const found = await findCommand(word ?? "list", rest, first.globals);
  if ("task" in found) return runTask(found, first.globals);
  const { name, words } = found;
  if (first.globals.help) return help([name]);
  const entry = COMMANDS[name] as (typeof COMMANDS)[string];
  const { default: command } = await entry.load();
  const context = makeContext(first.globals, [name, ...words].join(" "));
  try {
    await execute(name, command, words, context);
  } catch (error) {
    if (entry.runs && isTold(context)) {
      late.push(async () => (await import("./tell.ts")).tellError(context, error));
    }
    throw error;
  }
  return context.exitCode;
}

function version([surplus]: readonly string[], { json }: GlobalOptions): number {
  if (surplus !== undefined)
    throw new HomelabError("usage", `unexpected word \`${surplus}\` after \`--version\``);
  if (json) printJson({ version: 1, homelab: VERSION, revision: REVISION, bun: Bun.version });
  else print(`${versionLine()}\n`);
  return 0;
}

async function execute(
  name: string,
  command: Command,
  words: readonly string[],
  context: ReturnType<typeof makeContext>,
): Promise<void> {
  const rawArgs = checkWords(name, command, words);
  await runCommand(command.definition, { rawArgs, data: context });
}

async function help(topics: readonly string[]): Promise<number> {
  const { showHelp } = await import("./help.ts");
  return showHelp(topics);
}

interface FoundCommand {
  readonly name: string;
  readonly words: string[];
}

interface FoundTask {
  readonly task: TaskRecipe;
  readonly book: Book;
  readonly words: readonly string[];
}

async function runTask({ task, book, words }: FoundTask, globals: GlobalOptions): Promise<number> {
  const { callTask, taskHelp } = await import("./task.ts");
  const context = makeContext(globals, task.name);
  if (globals.help) print(taskHelp(task));
  else await callTask(context, book, task, words);
  return context.exitCode;
}

/**
 * What a word means: a command by its name, a task of the book by its own, or `<verb>-<target>`. A few commands let a
 * task of their name go first, but not inside of that task: there it is the command that is meant. Throws `usage` with
 * a suggestion.
 */
async function findCommand(
  word: string,
  rest: readonly string[],
  globals: GlobalOptions,
): Promise<FoundCommand | FoundTask> {
  const own = word in COMMANDS ? { name: word, words: [...rest] } : undefined;
  if (own && !COMMANDS[word]?.yields) return own;
  const context = makeContext({ ...globals, quiet: true }, word);
  const verb = verbOf(word);
  const target = word.slice((verb ?? "").length + 1);
  const split = verb && { name: verb, words: [target, ...rest] };
  const { bookIfAny, isWritten, openBook } = await import("./book.ts");
  const [only, other] = [own, split].filter((each) => each !== undefined);
  // The command reads the book itself: twice only where some text of it looks like a task of that name.
  const inside = own !== undefined && isInsideTask(context.env, word);
  if (only && !other && (inside || !isWritten(context, word))) return only;
  // Where a task may be meant, a mistake in the recipes must not let the command run in its place.
  const mayBeTask = own !== undefined && !inside && !globals.help && isWritten(context, word);
  const book = await (mayBeTask ? openBook(context) : bookIfAny(context));
  const task = inside ? undefined : book?.recipes.get(word);
  if (book && task?.kind === "task") return { task, book, words: rest };
  // `deploy-debug` where something is called `debug`.
  if (split && (!own || (book && expandTarget(book, target)))) return split;
  if (own) return own;
  throw unknownCommand(word, book);
}

/** The verb in front of `<verb>-<target>`. */
const verbOf = (word: string): string | undefined =>
  Object.keys(COMMANDS).find(
    (name) => COMMANDS[name]?.verb && word.startsWith(`${name}-`) && word.length > name.length + 1,
  );

/** What people type who come from other tools. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ["up", "ensure"],
  ["start", "ensure"],
  ["run", "ensure"],
  ["down", "stop"],
  ["rm", "stop"],
  ["ps", "status"],
  ["ls", "list"],
  ["top", "status"],
  ["pull", "pull-images"],
  ["prune", "cleanup"],
  ["upgrade", "update-services"],
  ["config", "validate"],
  ["check", "validate"],
  ["format", "fmt"],
]);

/** Says what the word may have been meant to be: a command, a task, or a target without a verb. */
function unknownCommand(word: string, book: Book | undefined): HomelabError {
  const tasks = [...(book?.recipes.values() ?? [])].filter((recipe) => recipe.kind === "task");
  const close =
    ELSEWHERE.get(word) ?? nearest(word, [...Object.keys(COMMANDS), ...tasks.map((task) => task.name)]);
  const hint =
    book && expandTarget(book, word)
      ? `\`${word}\` is a target: did you mean \`homelab ensure ${word}\`?`
      : close
        ? `did you mean \`homelab ${close}\`?`
        : "`homelab help` shows all commands; targets come after a verb, as in `homelab ensure plex`";
  return new HomelabError("usage", `unknown command \`${word}\``, { hint });
}
