import type { Book } from "../book/types.ts";
import { completeEnvironment } from "../os/environment.ts";
import { isTerminal } from "../os/libc.ts";
import { type Messenger, messenger } from "../report/message.ts";
import { colourFor, type Style, style } from "../report/style.ts";
import { writeAll } from "../report/write.ts";
import type { GlobalOptions } from "./options.ts";

/** What a command works with. */
export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly options: GlobalOptions;
  /** As typed, without the program's name and options: "ensure media". */
  readonly typed: string;
  /** Colours of standard output and standard error. */
  readonly out: Style;
  readonly err: Style;
  /** Whether a person watches standard error. */
  readonly watched: boolean;
  readonly messages: Messenger;
  /** Lines even where a live tree could be shown: something else writes to the terminal. */
  readonly plain?: boolean | undefined;
  /** Adds to every book that is read what no recipe names. */
  completeBook?: ((book: Book) => Promise<Book>) | undefined;
  exitCode: number;
}

export function makeContext(options: GlobalOptions, typed: string): Context {
  const env = completeEnvironment(process.env);
  const watched = isTerminal(2);
  const err = style(colourFor(watched, env, options.noColor));
  return {
    env,
    options,
    typed,
    out: style(colourFor(isTerminal(1), env, options.noColor)),
    err,
    watched,
    messages: messenger({ style: err, quiet: options.quiet, verbose: options.verbose }),
    exitCode: 0,
  };
}

/** Whether others are told how a run ends: when nobody watches it, unless HOMELAB_NOTIFY says otherwise. */
export function isTold({ env, watched, options }: Context): boolean {
  if (options.dryRun || env.HOMELAB_NOTIFY === "never") return false;
  return !watched || env.HOMELAB_NOTIFY === "always";
}

/** Writes data to standard output, whole. */
export const print = (text: string): void => writeAll(1, text);

/** Writes one JSON document to standard output. */
export const printJson = (document: unknown): void => print(`${JSON.stringify(document, null, 2)}\n`);
