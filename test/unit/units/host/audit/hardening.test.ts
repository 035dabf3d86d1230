import { expect, test } from "bun:test";
import { findingLine } from "../../../../../src/nix/finding.ts";
import { hardeningFindings, lacking } from "../../../../../src/units/host/audit/hardening.ts";
import { UnitFile } from "../../../../../src/units/host/audit/unit-file.ts";

const unit = (...settings: string[]) =>
  new UnitFile([["[Service]", "ExecStart=/bin/x", ...settings].join("\n")]);
const ALL = [
  ...["NoNewPrivileges", "ProtectSystem", "ProtectHome"],
  ...["PrivateTmp", "PrivateDevices", "CapabilityBoundingSet"],
];

test.each([
  ["as root with nothing", unit(), ALL],
  ["root by name", unit("User=root"), ALL],
  ["root by number, a drop-in resets it", unit("User=web", "User="), ALL],
  ["a user of its own", unit("User=web"), []],
  ["a dynamic user", unit("DynamicUser=yes"), []],
  ["a dynamic user that is taken back", unit("DynamicUser=yes", "DynamicUser=no"), ALL],
  ["what runs once", unit("Type=oneshot"), []],
  [
    "some of it, and what is switched off",
    unit("NoNewPrivileges=true", "ProtectSystem=strict", "ProtectHome=no", "PrivateDevices=0"),
    ["ProtectHome", "PrivateTmp", "PrivateDevices", "CapabilityBoundingSet"],
  ],
  [
    "little is missing",
    unit("NoNewPrivileges=1", "ProtectSystem=full", "ProtectHome=read-only", "CapabilityBoundingSet="),
    [],
  ],
])("%s", (_, service, missing) => {
  expect(lacking("web.service", service)).toEqual(missing);
});

test.each([
  "systemd-journald.service",
  "getty@.service",
  "autovt@.service",
  "nix-daemon.service",
  "sshd.service",
  "sshd@.service",
  "dbus-broker.service",
  "user@.service",
  "firewall.service",
])("%s is NixOS's own", (name) => {
  expect(lacking(name, unit())).toEqual([]);
});

test("a unit that starts nothing, and one whose name only looks like NixOS's own", () => {
  expect(lacking("alias.service", new UnitFile(["[Unit]\nDescription=x"]))).toEqual([]);
  expect(lacking("sshguard.service", unit())).toEqual(ALL);
});

test("only what a deploy adds is told, a line for each unit", () => {
  const before = new Map([
    ["same.service", unit()],
    ["worse.service", unit("User=web")],
    ["less.service", unit("NoNewPrivileges=yes")],
    ["better.service", unit()],
  ]);
  const after = new Map([
    ["same.service", unit("Restart=always")],
    ["worse.service", unit()],
    ["new.service", unit("ProtectSystem=strict", "PrivateTmp=yes")],
    ["less.service", unit("NoNewPrivileges=no")],
    ["better.service", unit("NoNewPrivileges=yes")],
  ]);
  expect(hardeningFindings(before, after).map(findingLine)).toEqual([
    `less.service: runs as root without ${ALL.join(", ")} (unit-hardening)`,
    "new.service: runs as root without NoNewPrivileges, ProtectHome, PrivateDevices, CapabilityBoundingSet (unit-hardening)",
    `worse.service: runs as root without ${ALL.join(", ")} (unit-hardening)`,
  ]);
});
