import { describe, expect, test } from "bun:test";
import { Seen } from "../../../../src/units/host/verify.ts";
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
  ])("%s", (_, earlier, look, want) => expect(new Seen(earlier).take(look)).toBe(want));
});

test("what went wrong is explained by its units, and no warning repeats it", () => {
  const seen = new Seen(looks());
  seen.take(looks({ services: crashing(1), asked: { "web.service": "inactive", "db.service": "active" } }));
  seen.take(looks({ asked: { "web.service": "inactive", "db.service": "active" } }));
  const end = looks({ errors });
  expect(seen.warnings(end)).toEqual([
    "loop.service crashed, and was restarted once",
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
