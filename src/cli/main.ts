import { HomelabError } from "../errors.ts";
import { isTerminal } from "../os/libc.ts";
import { isJournal, withPriority } from "../report/journal.ts";
import { colourFor, style } from "../report/style.ts";
import { ClosedPipe, writerWhileOpen } from "../report/write.ts";
import { print } from "./context.ts";
import { dispatch } from "./dispatch.ts";

/** Runs a command line and turns whatever happens into output and an exit code: the one place that does. */
export async function main(argv: readonly string[]): Promise<number> {
  const late: (() => Promise<void>)[] = [];
  try {
    return await dispatch(argv, late);
  } catch (error) {
    // The reader of our output has gone (`| head`): he has what he wanted.
    if (error instanceof ClosedPipe) return 0;
    const known = error instanceof HomelabError ? error : unexpected(error);
    await show(known, argv);
    for (const each of late) await each();
    return known.exit;
  }
}

async function show(error: HomelabError, words: readonly string[]): Promise<void> {
  const { errorDocument, renderError } = await import("../report/errors.ts");
  // What stands behind `--` is no option.
  const end = words.indexOf("--");
  const argv = end < 0 ? words : words.slice(0, end);
  if (argv.includes("--json")) print(`${JSON.stringify(errorDocument(error), null, 2)}\n`);
  else {
    const colour = colourFor(isTerminal(2), process.env, argv.includes("--no-color"));
    const text = renderError(error, style(colour));
    writerWhileOpen(2)(isJournal(2, process.env) ? withPriority(text, "error") : text);
  }
}

function unexpected(error: unknown): HomelabError {
  const text = error instanceof Error ? `${error.message}\n${error.stack ?? ""}` : String(error);
  return new HomelabError("internal", `this should not have happened: ${text}`, {
    hint: "please report it, with the command that you typed",
    cause: error,
  });
}
