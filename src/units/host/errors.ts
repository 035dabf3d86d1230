import type { JournalErrors } from "../../plan/host-report.ts";
import { textOf } from "../../systemd/journal.ts";

/** How many messages of a unit are kept, and how much of each is shown. */
const KEPT = 3;
const LENGTH = 200;
/** In place of messages of which nobody knows whether they tell a secret. */
const HIDDEN = "not shown, as it is not known what in it is secret";

interface Entry {
  readonly unit: string;
  readonly text: string;
}

/**
 * What is in the journal as an error and was not in it before, by unit, those with most first. Messages that differ only
 * in numbers are the same: process ids, ports, addresses. Both are lines of `journalctl --output=json`.
 */
export function newErrors(since: string, before: string): JournalErrors[] {
  const known = new Set(entriesOf(before).map(shape));
  const found = new Map<string, { count: number; lines: string[] }>();
  for (const entry of entriesOf(since)) {
    if (known.has(shape(entry))) continue;
    const of = found.get(entry.unit) ?? { count: 0, lines: [] };
    of.count++;
    if (of.lines.length < KEPT && !of.lines.includes(entry.text)) of.lines.push(entry.text);
    found.set(entry.unit, of);
  }
  return [...found]
    .map(([unit, of]) => ({ unit, ...of }))
    .toSorted((a, b) => b.count - a.count || (a.unit < b.unit ? -1 : 1));
}

const shape = ({ unit, text }: Entry): string =>
  `${unit}: ${text.replace(/0x[0-9a-f]+|\b[0-9a-f]{8,}\b|\d+/gi, "#")}`;

const entriesOf = (text: string): Entry[] => text.split("\n").flatMap((line) => entryOf(line) ?? []);

/** One entry; undefined for what is none, as where it was cut off. */
function entryOf(line: string): Entry | undefined {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { MESSAGE: message, UNIT: about, _SYSTEMD_UNIT: by, SYSLOG_IDENTIFIER: name } = entry;
  // What systemd says of a unit belongs to that; what no unit wrote, as the kernel, has a name. A server of logins is in
  // another scope with every login, or in none that is known once it has ended.
  const login = /^sshd\b/.exec(String(name))?.[0];
  const unit = [login, about, by, name].find((each) => typeof each === "string" && each !== "");
  const text = textOf(message).trim().split("\n")[0] ?? "";
  if (text === "") return undefined;
  return { unit: typeof unit === "string" ? unit : "unknown", text };
}

/** As people may see them, each cut to a length once its secrets are masked. Without a mask they are only counted. */
export const shownErrors = (
  errors: readonly JournalErrors[],
  mask?: (text: string) => string,
): JournalErrors[] =>
  errors.map(({ lines, ...of }) => ({
    ...of,
    lines: mask ? lines.map((line) => cut(mask(line))) : [HIDDEN],
  }));

const cut = (text: string): string => (text.length > LENGTH ? `${text.slice(0, LENGTH - 1)}…` : text);
