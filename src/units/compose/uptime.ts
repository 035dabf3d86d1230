/** How long a container has been up, in seconds, as far as the engine's words tell. */
export interface Uptime {
  readonly min: number;
  readonly max: number;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The length of a unit, and how far below and above the number the truth may lie, all in seconds. */
const UNITS: Readonly<Record<string, readonly [length: number, below: number, above: number]>> = {
  second: [1, 0, 1],
  minute: [MINUTE, 0, MINUTE],
  // Hours are rounded; days, weeks and months are cut from rounded hours, years from the exact time.
  hour: [HOUR, HOUR / 2, HOUR / 2],
  day: [DAY, HOUR / 2, DAY],
  week: [7 * DAY, HOUR / 2, 7 * DAY],
  month: [30 * DAY, HOUR / 2, 30 * DAY],
  year: [365 * DAY, 0, 365 * DAY],
};

/**
 * Reads the "Up 3 minutes (healthy)" of a container listing. The listing has no start time, and asking for it
 * costs a request per container; the words bound it well enough to tell one life from the next.
 * Undefined when the container is not up, or the words are not understood.
 */
export function parseUptime(status: string): Uptime | undefined {
  const words = /^Up (.+?)(?: \((?:healthy|unhealthy|health: starting|Paused)\))?$/.exec(status)?.[1];
  if (words === undefined) return undefined;
  if (/^less than a second$/i.test(words)) return { min: 0, max: 1 };
  if (/^about a minute$/i.test(words)) return { min: MINUTE, max: 2 * MINUTE };
  if (/^about an hour$/i.test(words)) return { min: HOUR, max: 1.5 * HOUR };
  const match = /^(\d+) (second|minute|hour|day|week|month|year)s?$/i.exec(words);
  const unit = UNITS[match?.[2]?.toLowerCase() ?? ""];
  if (!match || !unit) return undefined;
  const [length, below, above] = unit;
  const least = Number(match[1]) * length;
  return { min: least - below, max: least + above };
}

/** Clocks are read at slightly different moments; a second life starts later than this after the first. */
const SLACK_SECONDS = 2;

/**
 * Whether a container that says `uptime` can still be in the life that began at `startedAt` (epoch milliseconds).
 * A restart that happened in the meantime makes the uptime too short, and the answer is no.
 */
export function sameLife(uptime: Uptime, startedAt: number, at: number): boolean {
  const expected = (at - startedAt) / 1000;
  return expected >= uptime.min - SLACK_SECONDS && expected <= uptime.max + SLACK_SECONDS;
}
