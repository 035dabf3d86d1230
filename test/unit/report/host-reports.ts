import type { HostReport } from "../../../src/plan/host-report.ts";
import type { RunRecord } from "../../../src/store/runs.ts";
import { ended, runOf } from "./examples.ts";

const GB = 1e9;
export const system = (version: string) => `/nix/store/${"a".repeat(32)}-nixos-system-web-${version}`;
const resources = (
  available: number,
  load: number,
  busy: number | null,
): HostReport["resources"]["after"] => ({
  memory: { total: 16 * GB, available: available * GB },
  ...{ load: [load, 0.2, 0.1], cores: 4, busy },
  disks: [
    { path: "/", total: 500 * GB, free: 215 * GB },
    { path: "/boot", total: GB, free: 0.5 * GB },
  ],
});

/** A switch of which all was measured. */
export const SWITCHED: HostReport = {
  from: { system: system("1"), generation: 1235 },
  to: { system: system("2"), generation: 1236 },
  now: { system: system("2"), generation: 1236 },
  phases: [
    { name: "check", durationMs: 1200 },
    { name: "build", durationMs: 38_000 },
    { name: "activate", durationMs: 4000 },
    { name: "verify", durationMs: 3100 },
  ],
  packages: [
    { name: "linux", before: ["6.12.1"], after: ["6.12.5"], bytes: 3_000_000 },
    { name: "foo", before: [], after: [""], bytes: 0 },
    { name: "bar", before: [], after: [], bytes: 9000 },
  ],
  units: {
    ...{ added: ["new.service"], removed: [], changed: ["web.service", "db.service"] },
    ...{ started: ["new.service"], stopped: [], restarted: ["web.service"], reloaded: ["db.service"] },
  },
  reboot: ["kernel", "initrd"],
  resources: { before: resources(8.2, 0.1, null), after: resources(7.8, 0.15, 0.151) },
  services: { running: 23, of: 23 },
  connected: { ssh: true, route: true, dns: true, tailscale: null },
  errors: [
    { unit: "web.service", count: 3, lines: ["no such table: users", "<gone>"] },
    { unit: "kernel", count: 1, lines: ["eth0: link is down"] },
  ],
  recommendations: ["reboot web to bring its kernel and initrd into force"],
};

/** One that went back. */
export const RETURNED: HostReport = {
  ...SWITCHED,
  to: { system: system("2"), generation: null },
  now: { system: system("1"), generation: 1235 },
  connected: { ssh: null, route: true, dns: false, tailscale: false },
  ...{ packages: [], errors: [], recommendations: [] },
};

/** One of which nothing was measured but the time. */
export const UNMEASURED: HostReport = {
  ...SWITCHED,
  from: { system: system("1"), generation: null },
  to: { system: system("2"), generation: null },
  ...{
    now: null,
    packages: [],
    services: null,
    connected: null,
    errors: [],
    recommendations: [],
    reboot: [],
  },
  units: { added: [], removed: [], changed: [], started: [], stopped: [], restarted: [], reloaded: [] },
  resources: { before: null, after: null },
};

const host = { kind: "host" } as const;
const check = ended("check web", "run", "unchanged", {
  ...host,
  warnings: ["it has 2 failed units already"],
});
export const GOOD = ended("web", "activate", "changed", {
  ...{ ...host, durationMs: 7100, host: SWITCHED },
  reason: { code: "asked", text: "runs it" },
  warnings: ["web.service has 3 new errors in the journal: no such table: users"],
});
export const BACK = ended("web", "activate", "failed", {
  ...{ ...host, durationMs: 7100, host: RETURNED, stands: true },
  reason: { code: "rolled-back", text: "x" },
  detail: "bad.service failed; web went back to the system that ran before",
  log: ["bad.service: no port"],
});

const run = { at: new Date(2026, 10, 20, 3, 12).getTime(), command: "host deploy web", repeats: 1 };
export const DEPLOYED: RunRecord = {
  ...{ ...run, id: "20261120-031200-abc125" },
  report: runOf("changed", 46_300, [check, GOOD]),
};
