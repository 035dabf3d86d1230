import { describe, expect, test } from "bun:test";
import { recommendations, reportOf } from "../../../src/run/host/report.ts";
import type { Comparison } from "../../../src/units/host/compare.ts";
import type { Measures } from "../../../src/units/host/switch.ts";
import { looks, service } from "../units/host/looks.ts";

const none = { stop: [], start: [], restart: [], reload: [], leave: [], systemd: false };
const comparison: Comparison = {
  ...{ before: "/nix/store/a", after: "/nix/store/b", reboot: ["kernel"] },
  packages: [{ name: "app", before: ["1"], after: ["2"], bytes: 5 }],
  units: { added: ["new.service"], removed: [], changed: ["web.service"] },
  activation: { ...none, start: ["planned.service"] },
};
const work = {
  ...{ recipe: { name: "web" }, machine: { remote: true }, system: "/nix/store/b", comparison },
  state: { system: "/nix/store/a" },
  times: [{ name: "check", durationMs: 5 }],
};
const before = looks({ current: "/nix/store/a", profile: "/nix/store/a", generation: 4, route: true });
const after = looks({
  ...{ current: "/nix/store/b", profile: "/nix/store/b", generation: 5, route: true, cores: 2, load: [1] },
  services: new Map([["web.service", service()]]),
});
const measures: Measures = {
  ...{ before, after, busy: 0.5, reached: true, warnings: [] },
  phases: [{ name: "activate", durationMs: 7 }],
  changes: { ...none, restart: ["web.service"] },
};

test("a switch is told as it was measured, not as it was planned", () => {
  expect(reportOf(work, measures, "switch")).toEqual({
    from: { system: "/nix/store/a", generation: 4 },
    to: { system: "/nix/store/b", generation: 5 },
    now: { system: "/nix/store/b", generation: 5 },
    phases: [...work.times, ...measures.phases],
    packages: comparison.packages,
    units: {
      ...{ added: ["new.service"], removed: [], changed: ["web.service"] },
      ...{ started: [], stopped: [], restarted: ["web.service"], reloaded: [] },
    },
    reboot: ["kernel"],
    resources: {
      before: { memory: null, load: [], cores: null, busy: null, disks: [] },
      after: { memory: null, load: [1], cores: 2, busy: 0.5, disks: [] },
    },
    services: { running: 1, of: 1 },
    connected: { ssh: true, route: true, dns: null, tailscale: null },
    errors: [],
    recommendations: ["reboot web to bring its kernel into force"],
  });
});

test("what only boots next is told with the reboot that it needs", () => {
  const still = { ...after, current: "/nix/store/a" };
  const { goal, to, now, recommendations } = reportOf(work, { ...measures, after: still }, "boot");
  expect({ goal, to, now, recommendations }).toEqual({
    goal: "boot",
    to: { system: "/nix/store/b", generation: 5 },
    now: { system: "/nix/store/a", generation: null },
    recommendations: ["reboot web to bring the new system into force"],
  });
});

describe("generations", () => {
  const of = (more: Partial<typeof work> & { generation?: number }, end = after) => {
    const { from, to, now } = reportOf({ ...work, ...more }, { ...measures, after: end }, "switch");
    return [from.generation, to.generation, now?.generation];
  };
  test.each([
    ["a new one", of({}), [4, 5, 5]],
    ["none that was tried", of({}, { ...after, profile: "/nix/store/a", generation: 4 }), [4, null, null]],
    ["none that went back", of({}, before), [4, null, 4]],
    ["one that was asked for", of({ generation: 3 }, { ...after, generation: 3 }), [4, 3, 3]],
  ])("%s", (_, seen, want) => expect(seen).toEqual(want));
});

test("where nothing was measured, nothing is told", () => {
  const report = reportOf(
    work,
    { ...measures, before: undefined, after: undefined, changes: undefined },
    "switch",
  );
  expect(report).toMatchObject({
    ...{ from: { generation: null }, now: null, services: null, connected: null, recommendations: [] },
    resources: { before: null, after: null },
  });
});

describe("what is recommended", () => {
  const DAY = 86_400;
  const disk = (path: string, free: number) => ({ path, total: 100, free });
  const garbage = (why: string) =>
    `collect garbage, as ${why}: \`sudo nix-collect-garbage --delete-older-than 30d\` there`;
  const calm = { ...work, comparison: undefined };
  test.each([
    ["nothing", recommendations(calm, after), []],
    [
      "a reboot",
      recommendations(
        { ...work, comparison: { ...comparison, reboot: ["kernel", "initrd", "modules"] } },
        after,
      ),
      ["reboot web to bring its kernel, initrd and modules into force"],
    ],
    ["no reboot where it went back", recommendations(work, before), []],
    [
      "a full store",
      recommendations(calm, looks({ disks: [disk("/", 50), disk("/nix/store", 19)] })),
      [garbage("/nix/store is 81 % full")],
    ],
    [
      "a store on the only disk",
      recommendations(calm, looks({ disks: [disk("/", 10)] })),
      [garbage("/ is 90 % full")],
    ],
    [
      "old generations",
      recommendations(calm, looks({ at: 32 * DAY, oldest: 1 })),
      [garbage("the oldest generation is 31 days old")],
    ],
    ["generations of a month", recommendations(calm, looks({ at: 30 * DAY, oldest: 1 })), []],
    [
      "a unit near its limit",
      recommendations(
        calm,
        looks({ services: new Map([["web.service", service({ memory: 99, most: 100 })]]) }),
      ),
      ["raise MemoryMax of web.service, or find out what it needs so much for"],
    ],
  ])("%s", (_, seen, want) => expect(seen).toEqual(want));
});
