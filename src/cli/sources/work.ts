import { HomelabError } from "../../errors.ts";
import { printable, truncate } from "../../report/style.ts";
import { writerWhileOpen } from "../../report/write.ts";
import { listenForSignals, StopSwitch } from "../../run/stop.ts";
import type { Context } from "../context.ts";

/** What something that takes a while is given. */
export interface Work {
  readonly signal: AbortSignal;
  /** Milliseconds. */
  readonly deadline: number;
  /** Shows what is being done, where somebody watches. */
  readonly progress: (note: string) => void;
}

/** A flake's checks may build whole systems. */
const DEADLINE_MS = 60 * 60_000;

/** Does something that Ctrl-C breaks off; throws `interrupted` or `terminated` then. Nothing of it takes the lock. */
export async function working<T>(context: Context, body: (work: Work) => Promise<T>): Promise<T> {
  const stop = new StopSwitch();
  const line = progressLine(context);
  const disconnect = listenForSignals(stop, () => {});
  const brokenOff = (text: string) =>
    new HomelabError(stop.cause === "SIGINT" ? "interrupted" : "terminated", text);
  try {
    const deadline = context.options.timeout ?? DEADLINE_MS;
    const done = await body({ signal: stop.stop, deadline, progress: line.show });
    // What was stopped may have ended as if there were no more to be done.
    if (stop.cause !== undefined) throw brokenOff("broken off");
    return done;
  } catch (error) {
    if (!(error instanceof HomelabError) || stop.cause === undefined) throw error;
    throw brokenOff(error.message);
  } finally {
    line.clear();
    disconnect();
  }
}

/** One line of the terminal that is written over again and again; nothing elsewhere. */
function progressLine({ watched, options, env, err }: Context) {
  const live = watched && !options.quiet && env.TERM !== "dumb" && !env.CI;
  const write = writerWhileOpen(2);
  let shown = "";
  const put = (note: string) => {
    if (!live || note === shown) return;
    const width = Math.max(1, (process.stderr.columns || 80) - 1);
    write(`\r\x1b[K${err.dim(truncate(printable(note), width))}`);
    shown = note;
  };
  return { show: put, clear: () => put("") };
}
