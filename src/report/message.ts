import { fstatSync } from "node:fs";
import { createConsola, type LogType } from "consola/core";
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

/** Whether a descriptor leads to the systemd journal: JOURNAL_STREAM names its device and inode. */
export function isJournal(fd: number, env: Readonly<Record<string, string | undefined>>): boolean {
  const stream = env.JOURNAL_STREAM;
  if (!stream) return false;
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return stream === `${dev}:${ino}`;
}

const LEVELS = { quiet: 1, normal: 3, verbose: 4 };
// syslog(3): warning, informational, debug.
const PRIORITY: Partial<Record<LogType, string>> = { warn: "<4>", info: "<6>", debug: "<7>" };

/** Writes warnings and remarks, one line each. */
export function messenger(options: MessengerOptions): Messenger {
  const { style: s } = options;
  const write = options.write ?? writerWhileOpen(2);
  const journal = options.journal ?? isJournal(2, process.env);
  const level = options.quiet ? LEVELS.quiet : options.verbose ? LEVELS.verbose : LEVELS.normal;
  const render = (type: LogType, text: string): string => {
    const lines = text.trimEnd().split("\n").map(printable);
    if (type === "warn") lines[0] = `${s.yellow("warning:")} ${lines[0]}`;
    const prefix = journal ? (PRIORITY[type] ?? "") : "";
    return lines.map((line) => `${prefix}${type === "debug" ? s.dim(line) : line}\n`).join("");
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
