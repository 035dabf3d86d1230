import { describe, expect, test } from "bun:test";
import {
  connected,
  idleUnit,
  lostNetwork,
  Restarts,
  running,
  warningsOf,
} from "../../../../src/units/host/health.ts";
import { looks, service } from "./looks.ts";

describe("services that crash", () => {
  const at = 10_000;
  const before = (more: Parameters<typeof service>[0] = {}) => ({
    at,
    services: new Map([["web.service", service(more)]]),
  });
  const now = (more: Parameters<typeof service>[0]) => new Map([["web.service", service(more)]]);
  /** Restarts before, and after each look: which looks see a crash. */
  test.each([
    ["never", 0, [0, 0], []],
    ["a new life counts from zero", 5, [0, 0], []],
    ["a new life that ended once", 5, [1, 1], []],
    ["a new life that crashed again and again", 5, [2, 2], [0]],
    ["on and on", 0, [1, 2, 2, 4], [1, 3]],
    ["it went on counting", 2, [4], [0]],
  ])("%s", (_, restarts, counts, want) => {
    const restarted = new Restarts(before({ restarts, started: 100 }));
    const seen = counts.map((count) => restarted.see(now({ restarts: count })));
    expect(seen.flatMap((units, index) => (units.length > 0 ? [index] : []))).toEqual(want);
  });

  test("one that waits to be restarted has crashed, though nothing was counted yet", () => {
    const restarts = new Restarts(before());
    expect(restarts.see(now({ active: "activating", sub: "auto-restart", result: "exit-code" }))).toEqual([
      "web.service",
    ]);
    expect(restarts.clause("web.service")).toBe("web.service crashed, and waits to be restarted");
    expect(restarts.see(now({ restarts: 1 }))).toEqual(["web.service"]);
    expect(restarts.clause("web.service")).toBe("web.service crashes (restarted once since the switch)");
    expect(restarts.see(now({ restarts: 1 }))).toEqual([]);
    expect(restarts.crashed()).toEqual(["web.service"]);
    expect(restarts.warnings()).toEqual([{ unit: "web.service", text: "crashed, and was restarted once" }]);
  });

  test("one that was restarted once may have come to its end as it should", () => {
    const restarts = new Restarts(before());
    expect(restarts.see(now({ restarts: 1 }))).toEqual([]);
    expect(restarts.crashed()).toEqual([]);
    expect(restarts.warnings()).toEqual([
      { unit: "web.service", text: "came to an end, and was restarted once" },
    ]);
    expect(restarts.see(now({ restarts: 2 }))).toEqual(["web.service"]);
    expect(restarts.crashed()).toEqual(["web.service"]);
  });

  test("one that has done its work and begins again in an hour has not crashed", () => {
    const restarts = new Restarts(before());
    expect(restarts.see(now({ active: "activating", sub: "auto-restart", result: "success" }))).toEqual([]);
  });

  test.each([
    ["it waited to be restarted", { sub: "auto-restart-queued", result: "signal" }],
    ["it was restarted a minute ago", { restarts: 7, started: at - 60 }],
  ])("not one that crashed before: %s", (_, more) => {
    const restarts = new Restarts(before(more));
    expect(restarts.see(now({ restarts: 9 }))).toEqual([]);
    expect(restarts.warnings()).toEqual([
      {
        unit: "web.service",
        text: expect.stringMatching(/^crashes again and again, as it did before \(restarted \d times/),
      },
    ]);
  });
});

describe("units that are to run", () => {
  const asked = (active: string) => looks({ asked: { "web.service": active } });
  test.each([
    [asked("active"), undefined],
    [asked("failed"), "web.service, which is critical, is failed (sub)"],
    [looks({ systemd: "" }), "systemd does not answer"],
    [looks({ systemd: "maintenance" }), "it is in rescue or emergency mode"],
    [looks({ systemd: "degraded" }), undefined],
  ])("%#", (look, want) => expect(idleUnit(look)).toBe(want));
});

describe("what was connected before", () => {
  const all = { route: true, route6: true, resolves: true, tailscale: "Running" };
  const none = { route: false, route6: false, resolves: false, tailscale: undefined };
  test.each([
    [all, all, undefined],
    [none, none, undefined],
    [none, all, undefined],
    [all, { ...all, route: false }, undefined],
    [all, { ...all, route: false, route6: false }, "it has no default route"],
    [all, { ...all, resolves: false }, "it finds no addresses of names (DNS)"],
    [all, { ...all, tailscale: "NeedsLogin" }, "Tailscale is not connected (NeedsLogin)"],
    [all, { ...all, tailscale: undefined }, undefined],
    [{ ...all, tailscale: "Stopped" }, { ...all, tailscale: "Stopped" }, undefined],
  ])("%j → %j", (before, after, want) => expect(lostNetwork(before, after)).toBe(want));

  test("as it is told afterwards", () => {
    expect(connected(all, { ...all, resolves: false }, true)).toEqual({
      ...{ ssh: true, route: true, dns: false, tailscale: true },
    });
    expect(connected(none, all, null)).toEqual({ ssh: null, route: null, dns: null, tailscale: null });
  });
});

describe("what is better known", () => {
  const quiet = { warnings: () => [] };
  const GB = 1e9;
  const warned = (more: Parameters<typeof looks>[0], before: Parameters<typeof looks>[0] = {}) =>
    warningsOf(looks(before), looks(more), quiet);
  const disk = (free: number) => ({ disks: [{ path: "/", total: 100 * GB, free }] });
  const memory = (used: number, most: number) => ({
    services: new Map([["web.service", service({ memory: used, most })]]),
  });
  const errors = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ unit: `u${at}.service`, count: at + 1, lines: ["no port"] }));
  test.each([
    ["nothing", warned({}), []],
    [
      "memory",
      warned({ memory: { total: 16 * GB, available: 0.7 * GB } }),
      ["only 700 MB of 16 GB of memory are available"],
    ],
    ["memory enough", warned({ memory: { total: 16 * GB, available: GB } }), []],
    ["disk", warned(disk(9 * GB)), ["/ is 91 % full (9.0 GB free)"]],
    ["disk enough", warned(disk(10 * GB)), []],
    ["unit", warned(memory(860, 1000)), ["web.service uses 860 B of its MemoryMax of 1.0 kB (86 %)"]],
    ["unit enough", warned(memory(850, 1000)), []],
    [
      "routes",
      warned({}, { route: true, route6: true }),
      ["it has no default route of IPv4 any more", "it has no default route of IPv6 any more"],
    ],
    ["no Tailscale", warned({}, { tailscale: "Running" }), ["it has no Tailscale any more"]],
    [
      "errors",
      warned({ errors: errors(2) }),
      [
        "u0.service has a new error in the journal: no port",
        "u1.service has 2 new errors in the journal: no port",
      ],
    ],
  ])("%s", (_, lines, want) => expect(lines).toEqual(want));

  test("not what is said to have gone wrong already", () => {
    const restarts = {
      warnings: () => [
        { unit: "u0.service", text: "crashed" },
        { unit: "a.service", text: "crashed" },
      ],
    };
    expect(warningsOf(looks(), looks({ errors: errors(1) }), restarts, new Set(["u0.service"]))).toEqual([
      "a.service crashed",
    ]);
  });

  test("of many units the first are named", () => {
    const lines = warned({ errors: errors(7) });
    expect([lines.length, lines.at(-1)]).toEqual([6, "2 more units have new errors"]);
  });

  test("and services are counted", () => {
    const services = new Map([
      ["a.service", service()],
      ["b.service", service({ sub: "exited" })],
      ["c.service", service({ active: "failed", sub: "failed" })],
      ["d.service", service({ active: "activating", sub: "auto-restart", result: "exit-code" })],
      ["e.service", service({ active: "inactive", sub: "dead" })],
    ]);
    expect(running(services)).toEqual({ running: 1, of: 3 });
  });
});
