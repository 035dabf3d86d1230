import { describe, expect, test } from "bun:test";
import type { HostFacts, SystemFacts } from "../../../src/hosts/facts.ts";
import { judge, pendingText } from "../../../src/hosts/verdict.ts";
import type { Going } from "../../../src/units/host/going.ts";
import type { SupervisorState } from "../../../src/units/host/state.ts";

const system = (path: string, kernel = "6.12.8", initrd = "i"): SystemFacts => ({
  ...{ path, version: "25.11", kernel },
  atBoot: { kernel: `linux-${kernel}`, initrd, modules: `modules-${kernel}` },
});
const facts = (change: Partial<HostFacts> = {}): HostFacts => ({
  nixos: true,
  os: "NixOS 25.11",
  hostname: "p620",
  systems: { current: system("/b"), booted: system("/b"), profile: system("/b") },
  generation: 2,
  generations: new Map([
    [1, ["/a"]],
    [2, ["/b", "/b-gaming"]],
    [3, ["/c"]],
  ]),
  lastSwitch: undefined,
  systemd: "running",
  failed: [],
  asked: new Map(),
  uptime: 1,
  load: [],
  cores: 1,
  memory: undefined,
  disks: [],
  ...change,
});
const running = (current: string, profile: string, generation: number): Partial<HostFacts> => ({
  systems: { current: system(current), booted: system("/b"), profile: system(profile) },
  generation,
});

test.each<[what: string, change: Partial<HostFacts>, state: string, faults: string[], pending: string[]]>([
  ["all is well", {}, "ready", [], []],
  [
    "failed units",
    { systemd: "degraded", failed: ["a.service", "b.mount"] },
    "degraded",
    ["failed: a.service, b.mount"],
    [],
  ],
  // It is degraded for systemd as long as a unit is, and that unit has meanwhile come up.
  ["degraded without a failed unit", { systemd: "degraded" }, "ready", [], []],
  ["booting", { systemd: "starting" }, "starting", ["it is still booting"], []],
  [
    "booting with a failed unit",
    { systemd: "starting", failed: ["a.service"] },
    "degraded",
    ["failed: a.service", "it is still booting"],
    [],
  ],
  ["shutting down", { systemd: "stopping" }, "degraded", ["it is shutting down"], []],
  ["emergency", { systemd: "maintenance" }, "degraded", ["it is in rescue or emergency mode"], []],
  ["no systemd", { systemd: "" }, "degraded", ["systemd does not answer"], []],
  [
    "critical units",
    {
      failed: ["b.service"],
      asked: new Map([
        ["a.service", "active"],
        ["b", "failed"],
        ["c.service", "inactive"],
        ["d", "reloading"],
      ]),
    },
    "degraded",
    ["failed: b.service", "c.service is inactive"],
    [],
  ],
  ["not NixOS", { nixos: false, os: "Debian 13", systems: {} }, "foreign", ["Debian 13 is not NixOS"], []],
  ["nothing known", { nixos: false, os: "", systems: {} }, "foreign", ["it is not NixOS"], []],
  [
    "a full store",
    { disks: [{ path: "/nix/store", total: 1e12, free: 3e8 }] },
    "degraded",
    ["only 300 MB free on /nix/store"],
    [],
  ],
  ["a small /boot", { disks: [{ path: "/boot", total: 5e8, free: 3e8 }] }, "ready", [], []],
  [
    "a full /boot",
    { disks: [{ path: "/boot", total: 5e8, free: 2e7 }] },
    "degraded",
    ["only 20 MB free on /boot"],
    [],
  ],
  [
    "test activation",
    running("/x", "/b", 2),
    "ready",
    [],
    ["runs a system that is no generation, and the next boot starts generation 2"],
  ],
  [
    "made for the next boot",
    running("/b", "/c", 3),
    "ready",
    [],
    ["runs generation 2, and the next boot starts generation 3"],
  ],
  [
    "a rollback that waits",
    running("/b", "/a", 1),
    "ready",
    [],
    ["runs generation 2, and the next boot starts generation 1, an older one"],
  ],
  ["a specialisation of the default", running("/b-gaming", "/b", 2), "ready", [], []],
  [
    "another kernel",
    { systems: { current: system("/b"), booted: system("/a", "6.12.5"), profile: system("/b") } },
    "ready",
    [],
    ["needs a reboot: kernel 6.12.5 → 6.12.8, modules"],
  ],
  [
    "another initrd alone",
    { systems: { current: system("/b"), booted: system("/a", "6.12.8", "j"), profile: system("/b") } },
    "ready",
    [],
    ["needs a reboot: initrd"],
  ],
  [
    "both",
    {
      systems: { current: system("/b"), booted: system("/a", "6.12.8", "j"), profile: system("/c") },
      generation: 3,
    },
    "ready",
    [],
    ["runs generation 2, and the next boot starts generation 3", "needs a reboot: initrd"],
  ],
])("%s", (_, change, state, faults, pending) => {
  const verdict = judge(facts(change));
  expect({ state: verdict.state, faults: verdict.faults, pending: pendingText(verdict) }).toEqual({
    state,
    faults,
    pending,
  } as never);
});

describe("a switch that goes on", () => {
  const last = (state: SupervisorState["state"], unseen: number): Going => ({
    ...{ id: "m1-2f", before: "/a", after: "/b", goal: "switch", limit: 600, patience: 120 },
    ...{ holder: "ada@laptop, homelab host deploy p620, since 11:42:07 UTC", seen: "1.00", unseen },
    state: { state, code: 0, text: "" },
  });
  const pending = (lastSwitch: Going) =>
    pendingText(judge(facts({ lastSwitch, systems: { ...facts().systems, current: system("/new") } })));
  const by = "is being switched by ada@laptop, homelab host deploy p620, since 11:42:07 UTC";
  const asTest = "runs a system that is no generation, and the next boot starts generation 2";

  test.each([
    ["testing", 1, `${by}: it puts the new system into force`],
    ["waiting", 42, `${by}: it waits to be confirmed, and nobody waits for it`],
    ["returning", 42, `${by}: it goes back to the old system`],
    ["returned", 42, asTest],
    ["done", 42, asTest],
  ] as const)("%s, nobody heard of for %d s", (state, unseen, text) => {
    expect(pending(last(state, unseen))).toEqual([text]);
  });
});
