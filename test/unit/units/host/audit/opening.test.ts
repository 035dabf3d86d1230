import { expect, test } from "bun:test";
import { findingLine } from "../../../../../src/nix/finding.ts";
import { firewallFindings } from "../../../../../src/units/host/audit/audit.ts";
import {
  behindOneAnother,
  firewallChange,
  type Opening,
  openingText,
} from "../../../../../src/units/host/audit/opening.ts";

const tcp = (port?: string, name?: string, from?: string): Opening => ({
  protocol: "tcp",
  port,
  interface: name,
  from,
});

test("what opens and what closes", () => {
  expect(firewallChange([tcp("22"), tcp("80")], [tcp("22"), tcp("443"), tcp("443")])).toEqual({
    opens: ["tcp 443 on all interfaces"],
    closes: ["tcp 80 on all interfaces"],
    switched: undefined,
  });
});

test.each([
  ["one port of a range", tcp("6000-6010"), tcp("6005"), false],
  ["a range that is wider", tcp("6000-6010"), tcp("6000-6011"), true],
  ["on one interface what was open on all", tcp("80"), tcp("80", "eth0"), false],
  ["on all what was open on one", tcp("80", "eth0"), tcp("80"), true],
  ["from everywhere what was open to some", tcp("80", undefined, "10.0.0.0/8"), tcp("80"), true],
  ["another protocol", tcp("53"), { ...tcp("53"), protocol: "udp" }, true],
  [
    "all of an interface that was trusted",
    { ...tcp(undefined, "tun0"), protocol: "any" },
    tcp("80", "tun0"),
    false,
  ],
  ["a service by its name", tcp("22"), tcp("ssh"), true],
])("%s", (_, before, after, opened) => {
  expect(firewallChange([before], [after]).opens.length > 0).toBe(opened);
});

test("a firewall that comes or goes", () => {
  expect(firewallChange(undefined, [tcp("22")])).toEqual({ opens: [], closes: [], switched: "on" });
  expect(firewallChange([tcp("22")], undefined).switched).toBe("off");
  expect(firewallChange(undefined, undefined).switched).toBeUndefined();
});

test("two firewalls let in what both do", () => {
  const all = { ...tcp(), protocol: "any" };
  const texts = (...two: Parameters<typeof behindOneAnother>) => behindOneAnother(...two)?.map(openingText);
  expect(texts([tcp("22"), tcp("80")], [all])).toEqual([
    "tcp 22 on all interfaces",
    "tcp 80 on all interfaces",
  ]);
  expect(texts([tcp("22")], [tcp("80"), tcp("20-30")])).toEqual(["tcp 22 on all interfaces"]);
  expect(texts([tcp("22")], undefined)).toEqual(["tcp 22 on all interfaces"]);
  expect(texts(undefined, [tcp("22")])).toEqual(["tcp 22 on all interfaces"]);
  expect(texts(undefined, undefined)).toBeUndefined();
});

test("what of it is told", () => {
  const lines = (change: Parameters<typeof firewallFindings>[0]) => firewallFindings(change).map(findingLine);
  expect(lines({ opens: ["tcp 443 on eth0"], closes: ["tcp 80 on eth0"], switched: undefined })).toEqual([
    "firewall: opens tcp 443 on eth0 (firewall-open-port)",
  ]);
  expect(lines({ opens: [], closes: [], switched: "off" })).toEqual([
    "firewall: is switched off: all ports are open to everybody (firewall-off)",
  ]);
  expect(lines({ opens: [], closes: [], switched: "on" })).toEqual([]);
});
