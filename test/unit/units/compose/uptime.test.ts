import { describe, expect, test } from "bun:test";
import { parseUptime, sameLife } from "../../../../src/units/compose/uptime.ts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The words that Docker's engine and command line use for a duration, in seconds. */
function humanDuration(duration: number): string {
  const seconds = Math.floor(duration);
  const minutes = Math.floor(duration / MINUTE);
  const hours = Math.floor(duration / HOUR + 0.5);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(duration / HOUR / 24 / 365)} years`;
}

describe("parseUptime() of", () => {
  test.each([
    ["Up Less than a second", { min: 0, max: 1 }],
    ["Up 1 second", { min: 1, max: 2 }],
    ["Up 59 seconds (healthy)", { min: 59, max: 60 }],
    ["Up About a minute (unhealthy)", { min: MINUTE, max: 2 * MINUTE }],
    ["Up 2 minutes (health: starting)", { min: 2 * MINUTE, max: 3 * MINUTE }],
    ["Up About an hour", { min: HOUR, max: 1.5 * HOUR }],
    ["Up 2 hours", { min: 1.5 * HOUR, max: 2.5 * HOUR }],
    ["Up 47 hours", { min: 46.5 * HOUR, max: 47.5 * HOUR }],
    ["Up 2 days (Paused)", { min: 2 * DAY - HOUR / 2, max: 3 * DAY }],
    ["Up 2 weeks", { min: 14 * DAY - HOUR / 2, max: 21 * DAY }],
    ["Up 2 months", { min: 60 * DAY - HOUR / 2, max: 90 * DAY }],
    ["Up 2 years", { min: 730 * DAY, max: 1095 * DAY }],
    ["Up 1 years", { min: 365 * DAY, max: 730 * DAY }],
    ["Created", undefined],
    ["Exited (0) 3 minutes ago", undefined],
    ["Restarting (1) 2 seconds ago", undefined],
    ["Up since yesterday", undefined],
    ["Up", undefined],
    ["", undefined],
  ])("%j", (status, want) => expect(parseUptime(status)).toEqual(want));

  // A container's life from one second to four years, at the edges of every wording.
  const edges = [
    1,
    2,
    59,
    60,
    61,
    119,
    120,
    59 * MINUTE,
    HOUR - 1,
    HOUR,
    1.5 * HOUR,
    2 * HOUR,
    2.5 * HOUR,
    47.5 * HOUR,
  ];
  const longer = [
    48 * HOUR,
    3 * DAY,
    13 * DAY,
    13.99 * DAY,
    14 * DAY,
    21 * DAY,
    59.99 * DAY,
    60 * DAY,
    89.99 * DAY,
    90 * DAY,
  ];
  const longest = [
    364 * DAY,
    365 * DAY,
    400 * DAY,
    729.99 * DAY,
    730 * DAY,
    1094.99 * DAY,
    1095 * DAY,
    1460 * DAY,
  ];
  const lives = [0.2, 0.99, ...edges, ...longer, ...longest].flatMap((life) => [
    life - 0.01,
    life,
    life + 0.01,
  ]);

  test.each(lives)("what the engine says of %p seconds holds the truth", (life) => {
    const said = parseUptime(`Up ${humanDuration(life)}`);
    expect({ life, said, holds: said !== undefined && said.min <= life && life <= said.max }).toEqual({
      life,
      said,
      holds: true,
    });
  });
});

describe("sameLife()", () => {
  const at = Date.parse("2026-11-20T12:00:00Z");
  const secondsAgo = (seconds: number) => at - seconds * 1000;
  test.each([
    ["up as long as expected", "Up 30 seconds", 30.5, true],
    ["clocks a second apart", "Up 30 seconds", 28.5, true],
    ["clocks two seconds apart", "Up 30 seconds", 33, true],
    ["restarted", "Up 3 seconds", 60, false],
    ["restarted after hours", "Up About an hour", 3 * HOUR, false],
    ["rounded up to two hours", "Up 2 hours", 1.6 * HOUR, true],
    ["rounded down to two hours", "Up 2 hours", 2.4 * HOUR, true],
    ["a day that was cut", "Up 2 days", 2.9 * DAY, true],
    ["a life that began later than the one that is known", "Up 5 minutes", 20 * MINUTE, false],
    ["up longer than since the start that is known", "Up 20 minutes", 5 * MINUTE, false],
  ])("%s", (_, status, secondsSinceStart, want) => {
    const uptime = parseUptime(status);
    expect(uptime && sameLife(uptime, secondsAgo(secondsSinceStart), at)).toBe(want);
  });
});
