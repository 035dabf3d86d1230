import { createConsola, type LogType } from "consola/core";
import { isJournal, type Level, withPriority } from "./journal.ts";
import { printable, type Style } from "./style.ts";
import { writerWhileOpen } from "./write.ts";

/** Lines that belong to no run and no document. */
export interface Messenger {
  /** Something a person should know although the work goes on. Never suppressed. */
  warn(text: string): void;
  /** What is being done; not with `--quiet`. */
  info(text: string): void;
  /** Only with `--verbose`. */
  debug(text: string): void;
}

export interface MessengerOptions {
  readonly style: Style;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** Where lines go; default: stderr. A live tree takes them through its own `message`. */
  readonly write?: ((text: string) => void) | undefined;
  /** Whether lines carry the journal's priority prefix; default: whether stderr is the journal. */
  readonly journal?: boolean | undefined;
}

const LEVELS = { quiet: 1, normal: 3, verbose: 4 };
const JOURNAL_LEVEL: Partial<Record<LogType, Level>> = { warn: "warning", info: "info", debug: "debug" };

/** Writes warnings and remarks, one line each. */
export function messenger(options: MessengerOptions): Messenger {
  const { style: s } = options;
  const write = options.write ?? writerWhileOpen(2);
  const journal = options.journal ?? isJournal(2, process.env);
  const level = options.quiet ? LEVELS.quiet : options.verbose ? LEVELS.verbose : LEVELS.normal;
  const render = (type: LogType, message: string): string => {
    const lines = message.trimEnd().split("\n").map(printable);
    if (type === "warn") lines[0] = `${s.yellow("warning:")} ${lines[0]}`;
    const text = lines.map((line) => `${type === "debug" ? s.dim(line) : line}\n`).join("");
    return journal ? withPriority(text, JOURNAL_LEVEL[type] ?? "info") : text;
  };
  const consola = createConsola({
    level,
    throttle: 0,
    reporters: [{ log: ({ type, args }) => write(render(type, String(args[0]))) }],
  });
  return {
    warn: (text) => consola.warn(text),
    info: (text) => consola.info(text),
    debug: (text) => consola.debug(text),
  };
}
