import { fstatSync } from "node:fs";

/** How much a line matters. */
export type Level = "error" | "warning" | "notice" | "info" | "debug";

/** Priorities of syslog(3), as the journal reads them from the beginning of a line. */
const PRIORITY: Readonly<Record<Level, string>> = {
  error: "<3>",
  warning: "<4>",
  notice: "<5>",
  info: "<6>",
  debug: "<7>",
};

/** Whether a descriptor leads to the systemd journal: JOURNAL_STREAM names its device and inode. */
export function isJournal(fd: number, env: Readonly<Record<string, string | undefined>>): boolean {
  const stream = env.JOURNAL_STREAM;
  if (!stream) return false;
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return stream === `${dev}:${ino}`;
}

/** Whole lines with their priority in front of each, as the journal wants them. */
export function withPriority(text: string, level: Level): string {
  return text.replace(/^(?=[^\n]|\n)/gm, PRIORITY[level]);
}
