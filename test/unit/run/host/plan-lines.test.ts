import { expect, test } from "bun:test";
import { planLines } from "../../../../src/run/host/plan-lines.ts";

test("what changes, what keeps it from being switched to, and what is better known", () => {
  expect(planLines({ findings: [] })).toEqual([]);
  expect(
    planLines({
      firewall: {
        opens: ["tcp 80 on all interfaces"],
        closes: ["tcp 22 on eth0", "udp 53 on eth0"],
        switched: undefined,
      },
      blockers: [{ name: "dbus", before: "1", after: "2" }],
      findings: [
        { level: "warning", rule: "unit-hardening", text: "runs as root", at: { file: "web.service" } },
        { level: "error", rule: "boot-full", text: "web: /boot is full" },
      ],
    }),
  ).toEqual([
    "the firewall closes tcp 22 on eth0, udp 53 on eth0",
    "it cannot be switched to while it runs: dbus: 1 → 2",
    "warning: web.service: runs as root (unit-hardening)",
    "error: web: /boot is full (boot-full)",
  ]);
  expect(planLines({ firewall: { opens: [], closes: [], switched: "on" }, findings: [] })).toEqual([
    "the firewall is switched on",
  ]);
});
