import { expect, test } from "bun:test";
import { parseChanges, parseFailed, parseUnitList } from "../../../../src/units/host/lines.ts";

const none = { stop: [], start: [], restart: [], reload: [], leave: [], systemd: false };

test("what switch-to-configuration would do", () => {
  const text = `would stop swap device: /dev/sda2
would stop the following units: a.service, B.service
would NOT stop the following changed units: display-manager.service
would activate the configuration...
setting up /etc...
would restart systemd
would reload the following units: dbus.service
would restart the following units: nginx.service
would start the following units: new.timer
`;
  expect(parseChanges(text)).toEqual({
    stop: ["a.service", "B.service"],
    leave: ["display-manager.service"],
    reload: ["dbus.service"],
    restart: ["nginx.service"],
    start: ["new.timer"],
    systemd: true,
  });
});

test("what it does", () => {
  const text = `stopping the following units: a.service
NOT restarting the following changed units: systemd-logind.service
activating the configuration...
restarting systemd...
reloading user units for ada...
restarting sysinit-reactivation.target
reloading the following units: dbus.service, firewall.service
restarting the following units: nginx.service
starting the following units: new.service
the following new units were started: other.service
`;
  expect(parseChanges(text)).toEqual({
    stop: ["a.service"],
    leave: ["systemd-logind.service"],
    reload: ["dbus.service", "firewall.service"],
    restart: ["nginx.service"],
    start: ["new.service"],
    systemd: true,
  });
  expect(parseChanges("activating the configuration...\n")).toEqual(none);
  expect(parseChanges("")).toEqual(none);
});

test("the units that it says have failed, each once", () => {
  const text = `Job for b.service failed because the control process exited with error code.
Failed to start b.service
Failed to restart c.service: Unit c.service not found.
warning: the following units failed: b.service, d.mount
× b.service - B
`;
  expect(parseFailed(text)).toEqual(["b.service", "c.service", "d.mount"]);
  expect(parseFailed("starting the following units: b.service\n")).toEqual([]);
});

test("the units of a list, whatever stands before their names", () => {
  expect(
    parseUnitList("  a.service loaded failed failed A\n● b.mount loaded failed failed /b\n× c.timer x\n\n"),
  ).toEqual(["a.service", "b.mount", "c.timer"]);
});
