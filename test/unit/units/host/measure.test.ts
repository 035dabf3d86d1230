import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { busyBetween, hasRoute6, type Measure, parseMeasure } from "../../../../src/units/host/measure.ts";

const TEXT = readFileSync(join(import.meta.dir, "../../../fixtures/host-measure.txt"), "utf8");
const units = ["crash.service", "ssh.service"];
const look = parseMeasure(`Welcome\n${TEXT}`, units) as Measure;

test("a look at a host says what it is like", () => {
  const { asked, services, ...rest } = look;
  expect([...asked].map(([unit, { active, sub }]) => [unit, active, sub])).toEqual([
    ["crash.service", "activating", "auto-restart"],
    ["ssh.service", "active", "running"],
  ]);
  expect(services.size).toBe(18);
  expect(services.get("crash.service")).toEqual({
    ...{ active: "activating", sub: "auto-restart", result: "exit-code", restarts: 2, started: 1795272247 },
    ...{ memory: undefined, most: undefined },
  });
  expect(services.get("big.service")).toEqual({
    ...{ active: "active", sub: "running", result: "success", restarts: 0, started: 1795272240 },
    ...{ memory: 184320, most: 2097152 },
  });
  expect(services.get("hourly.service")).toMatchObject({ sub: "auto-restart", result: "success" });
  expect(rest).toEqual({
    ...{ at: 1795272249.0088868, systemd: "degraded", failed: ["bad.service"] },
    ...{ route: true, route6: false, resolves: true, tailscale: undefined },
    ...{ load: [2.26, 5.17, 6.17], cores: 2, cpu: { busy: 3812552, all: 10040048 } },
    memory: { total: 25276502016, available: 24388100096 },
    disks: [{ path: "/", total: 270553174016, free: 80407515136 }],
    ...{ current: "", profile: "", generation: undefined, oldest: undefined },
    // What the service that crashes says was there before.
    errors: [{ unit: "other", count: 1, lines: ["one more"] }],
  });
});

test("what was not asked for is empty, and what was cut off is none", () => {
  const least = `${TEXT.slice(0, TEXT.indexOf("\x1eservices"))}${TEXT.slice(TEXT.indexOf("\x1eend"))}`;
  const { failed, services, route, errors } = parseMeasure(least, units) as Measure;
  expect({ failed, services: services.size, route, errors }).toEqual({
    ...{ failed: ["bad.service"], services: 0, route: false, errors: [] },
  });
  expect(parseMeasure(TEXT.slice(0, -9), units)).toBeUndefined();
  expect(parseMeasure("", [])).toBeUndefined();
});

test("systems, generations and Tailscale", () => {
  const on = (name: string, text: string) =>
    parseMeasure(TEXT.replace(new RegExp(`\x1e${name}\n[^\x1e]*`), `\x1e${name}\n${text}\n`), []) as Measure;
  expect(on("profile", "system-42-link\n/nix/store/b")).toMatchObject({
    profile: "/nix/store/b",
    generation: 42,
  });
  expect(on("generations", "1795000000\n1790000000").oldest).toBe(1790000000);
  expect(on("tailscale", 'loaded\n{\n  "Version": "1.90.6",\n  "BackendState": "Running",\n').tailscale).toBe(
    "Running",
  );
  expect(on("tailscale", 'loaded\n{"BackendState":"NeedsLogin"}').tailscale).toBe("NeedsLogin");
  expect(on("tailscale", "loaded").tailscale).toBe("not running");
});

describe("a default route of IPv6", () => {
  const line = (to: string, bits: string, device: string) =>
    `${to} ${bits} ${"0".repeat(32)} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00450003 ${device}`;
  test.each([
    [line("0".repeat(32), "00", "    eth0"), true],
    [line("0".repeat(32), "00", "      lo"), false],
    [line("0".repeat(32), "40", "    eth0"), false],
    ["", false],
  ])("%s", (text, want) => expect(hasRoute6(text)).toBe(want));
});

test.each([
  [{ busy: 10, all: 100 }, { busy: 20, all: 140 }, 0.25],
  [{ busy: 10, all: 100 }, { busy: 10, all: 100 }, null],
  [undefined, { busy: 10, all: 100 }, null],
])("%j to %j is busy %p", (first, last, want) => {
  const of = (cpu: Measure["cpu"]) => ({ ...look, cpu });
  expect(busyBetween(of(first), of(last))).toBe(want);
});
