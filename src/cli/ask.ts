import { HomelabError } from "../errors.ts";
import { isTerminal } from "../os/libc.ts";
import { printable } from "../report/style.ts";
import { writeAll } from "../report/write.ts";
import type { Context } from "./context.ts";

export interface Question {
  /** What is going to be done, as lines above the question; shown also when it cannot be asked. */
  readonly effects: readonly string[];
  /** Ends with a question mark. */
  readonly text: string;
  /** What nobody is asked with; default `--yes`. */
  readonly flag?: string;
}

/**
 * Asks a person before something is done that cannot be taken back by itself. Returns only after a yes, or at once
 * with `--yes`. Throws `refused` after a no, and `confirmation-needed` where nobody can be asked.
 */
export async function confirm(context: Context, { effects, text, flag = "--yes" }: Question): Promise<void> {
  if (context.options.yes) return;
  if (!isTerminal(0) || !context.watched || context.options.json) {
    const what = effects.length > 0 ? ` (${effects.join("; ")})` : "";
    throw new HomelabError("confirmation-needed", `${text}${what} Nobody can be asked here`, {
      hint: `say yes in advance with \`${flag}\``,
    });
  }
  writeAll(2, [...effects, `${text} [y/N] `].map(printable).join("\n"));
  const answer = await firstLine();
  if (!/^y(?:es)?$/i.test(answer.trim())) {
    throw new HomelabError("refused", "nothing was done: the answer was not yes");
  }
}

/** What is typed up to the end of the line; nothing for Ctrl-D. Ctrl-C ends the program as it does everywhere. */
async function firstLine(): Promise<string> {
  for await (const line of console) return line;
  return "";
}
