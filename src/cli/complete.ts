import { readdirSync } from "node:fs";
import type { Book } from "../book/types.ts";
import { STATE_DIR } from "../units/microvm/state.ts";
import { candidates } from "./candidates.ts";
import { COMMANDS } from "./commands.ts";
import { makeContext, print } from "./context.ts";
import { TOPIC_NAMES } from "./help.ts";
import { GLOBAL_OPTIONS, takeGlobals } from "./options.ts";

/**
 * Prints what the last of the words may become, one a line: for the completion scripts. Only recipes are read, no
 * engine is asked, and nothing that is wrong makes noise on somebody's prompt.
 */
export async function complete([separator, ...rest]: readonly string[]): Promise<number> {
  const words = separator === "--" ? rest : separator === undefined ? [] : [separator, ...rest];
  const before = words.slice(0, -1);
  const book = await quietBook(before);
  const first = commandOf(before, book);
  const entry = first === undefined ? undefined : COMMANDS[first];
  const found = candidates({
    words: words.length === 0 ? [""] : words,
    commands: COMMANDS,
    command: entry && (await entry.load()).default,
    commandName: first,
    book,
    vms: first === "vm" ? vmDirs() : [],
    globals: new Map(Object.entries(GLOBAL_OPTIONS).map(([name, { value }]) => [name, value !== undefined])),
    topics: TOPIC_NAMES,
  });
  print(found.map((word) => `${word}\n`).join(""));
  return 0;
}

/** MicroVMs of this machine may be without a recipe. */
function vmDirs(): string[] {
  try {
    return readdirSync(STATE_DIR);
  } catch {
    // No hypervisor, or not for this user to see.
    return [];
  }
}

/** The command or task that the words so far name; a command also as `<verb>-<target>`. */
function commandOf(words: readonly string[], book: Book | undefined): string | undefined {
  const [word] = withoutGlobals(words);
  if (word === undefined) return undefined;
  if (word in COMMANDS || book?.recipes.get(word)?.kind === "task") return word;
  return Object.keys(COMMANDS).find((name) => COMMANDS[name]?.verb && word.startsWith(`${name}-`)) ?? word;
}

function withoutGlobals(words: readonly string[]): readonly string[] {
  try {
    return takeGlobals(words).rest;
  } catch {
    // An option whose value is being typed: the words before it count.
    return withoutGlobals(words.slice(0, -1));
  }
}

async function quietBook(words: readonly string[]): Promise<Book | undefined> {
  try {
    const { bookIfAny } = await import("./book.ts");
    const { globals } = takeGlobals(words);
    return await bookIfAny(makeContext({ ...globals, quiet: true }, "complete"));
  } catch {
    // Whatever is wrong is said by the command itself, once it is run.
    return undefined;
  }
}
