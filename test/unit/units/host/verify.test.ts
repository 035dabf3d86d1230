import { describe, expect, test } from "bun:test";
import { Seen, Watch } from "../../../../src/units/host/verify.ts";
import { looks, service } from "./looks.ts";

const crashing = (restarts: number) => new Map([["loop.service", service({ restarts })]]);
const errors = [
  { unit: "loop.service", count: 1, lines: ["no port"] },
  { unit: "kernel", count: 1, lines: ["eth0: link is down"] },
];

describe("what is missing of what was there before", () => {
  const before = looks({ route: true, resolves: true });
  const asked = (active: string) => ({ asked: { "web.service": active } });
  const idle = "web.service, which is critical, is inactive (sub)";
  test.each([
    ["nothing", before, looks({ route: true, resolves: true, ...asked("active") }), undefined],
    ["a critical unit first", before, looks(asked("inactive")), idle],
    [
      "a service that crashes, before the network that it may serve",
      before,
      looks({ services: crashing(2) }),
      "loop.service crashes (restarted 2 times since the switch)",
    ],
    ["the network", before, looks({ route: true }), "it finds no addresses of names (DNS)"],
    ["a critical unit, where nothing was measured before", undefined, looks(asked("inactive")), idle],
    [
      "nothing else, where nothing was measured before",
      undefined,
      looks({ services: crashing(2) }),
      undefined,
    ],
    [
      "a service that is restarted once: it may have done its work",
      before,
      looks({ route: true, resolves: true, services: crashing(1) }),
      undefined,
    ],
  ])("%s", (_, earlier, look, want) => {
    const missing = want === undefined ? undefined : { text: want, crash: want.includes("crashes") };
    expect(new Seen(earlier).take(look)).toEqual(missing);
  });
});

describe("well for long enough, or given up", () => {
  /** Looks, at seconds: `+` it is well, `-` it is not, `!` a service crashed. What came of it, and when. */
  const watched = (text: string, times: { stable?: number; within?: number; until?: number } = {}) => {
    const { stable = 10, within = 3, until = 100 } = times;
    const watch = new Watch({ stable, within, until }, 0);
    for (const [, kind, second] of text.matchAll(/([-+!])(\d+)/g)) {
      const at = Number(second);
      if (kind === "+" ? watch.good(at) === 0 : watch.bad(at, kind === "!"))
        return `${kind === "+" ? "good" : "bad"} at ${at}`;
    }
    return "undecided";
  };
  test.each([
    ["well from the beginning", "+0 +5 +10", {}, "good at 10"],
    ["well in time", "-0 -2 +2 +11 +12", {}, "good at 12"],
    ["never well", "-0 -2 -3", {}, "bad at 3"],
    ["unwell for a moment, long after", "+0 +5 -6 +7 +16 +17", {}, "good at 17"],
    ["unwell for as long as it may be, later", "+0 +5 -6 -8 -9", {}, "bad at 9"],
    ["now and then unwell", "+0 -5 +6 -7 +8 -9 +10 +19 +20", {}, "good at 20"],
    ["a crash at the beginning", "!1 +2 +12", {}, "good at 12"],
    ["a crash later", "+0 !4", {}, "bad at 4"],
    ["too little time to be watched as long once more", "+0 -8 +9 +11 +12", { until: 12 }, "good at 12"],
    ["too little time from the beginning", "+0 +3 +4", { until: 4 }, "good at 4"],
    ["no time left, and well", "+1", { until: 0 }, "good at 1"],
    ["no time left, and unwell", "+0 -8 -12", { until: 12, within: 9 }, "bad at 12"],
    ["not watched at all", "+0", { stable: 0 }, "good at 0"],
  ])("%s", (_, text, times, want) => expect(watched(text, times)).toBe(want));
});

test("what went wrong is explained by its units, and no warning repeats it", () => {
  const seen = new Seen(looks());
  seen.take(looks({ services: crashing(2), asked: { "web.service": "inactive", "db.service": "active" } }));
  seen.take(looks({ asked: { "web.service": "inactive", "db.service": "active" } }));
  const end = looks({ errors });
  expect(seen.warnings(end)).toEqual([
    "loop.service crashed, and was restarted 2 times",
    "loop.service has a new error in the journal: no port",
    "kernel has a new error in the journal: eth0: link is down",
  ]);
  expect(seen.blame(["bad.service"])).toEqual(["bad.service", "loop.service", "web.service"]);
  expect(seen.warnings(end)).toEqual(["kernel has a new error in the journal: eth0: link is down"]);
  expect(new Seen(undefined).warnings(end)).toEqual([]);
});

test("the first and the last look with the new system are kept", () => {
  const seen = new Seen(undefined);
  const all = [looks({ at: 1 }), looks({ at: 2 }), looks({ at: 3 })];
  for (const look of all) seen.take(look);
  expect([seen.first, seen.last]).toEqual([all[0], all[2]]);
});
