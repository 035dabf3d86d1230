import { expect, test } from "bun:test";
import {
  addressText,
  isIn,
  parseGateway,
  parseLinks,
  parsePlainLinks,
  parseRoute,
} from "../../../../src/units/microvm/links.ts";

const JSON_LINKS = JSON.stringify([
  {
    ifname: "br-vm1",
    flags: ["BROADCAST", "UP", "LOWER_UP"],
    addr_info: [
      { family: "inet", local: "10.1.0.1", prefixlen: 24 },
      { family: "inet6", local: "fe80::1", prefixlen: 64 },
    ],
  },
  { ifname: "vm-vm1", flags: ["BROADCAST", "UP"], master: "br-vm1", addr_info: [] },
  { ifname: "down0", flags: ["BROADCAST"] },
  {},
]);

test("interfaces of `ip -json address`", () => {
  const links = parseLinks(JSON_LINKS);
  expect(links).toEqual([
    {
      name: "br-vm1",
      up: true,
      carrier: true,
      master: undefined,
      addresses: [
        { address: "10.1.0.1", prefix: 24 },
        { address: "fe80::1", prefix: 64 },
      ],
    },
    { name: "vm-vm1", up: true, carrier: false, master: "br-vm1", addresses: [] },
    { name: "down0", up: false, carrier: false, master: undefined, addresses: [] },
  ]);
  expect(links?.map(addressText)).toEqual(["10.1.0.1/24", "", ""]);
});

test.each(["", "{}", 'Object "-json" is unknown', "null"])("%j are no interfaces", (text) => {
  expect(parseLinks(text)).toBeUndefined();
  expect(parseRoute(text)).toBeUndefined();
});

const PLAIN = `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
    inet6 ::1/128 scope host
2: eth0@if7: <BROADCAST,MULTICAST> mtu 1500 qdisc fq_codel master br0 qlen 1000
    link/ether 02:00:00:7b:11:e3 brd ff:ff:ff:ff:ff:ff
    inet 10.1.0.2/24 scope global eth0
`;

test("interfaces of `ip address`, as it is for people", () => {
  expect(parsePlainLinks(PLAIN)).toEqual([
    {
      name: "lo",
      up: true,
      carrier: true,
      master: undefined,
      addresses: [
        { address: "127.0.0.1", prefix: 8 },
        { address: "::1", prefix: 128 },
      ],
    },
    {
      name: "eth0",
      up: false,
      carrier: false,
      master: "br0",
      addresses: [{ address: "10.1.0.2", prefix: 24 }],
    },
  ]);
  expect(parsePlainLinks("")).toEqual([]);
});

test("routes", () => {
  expect(parseRoute('[{"dst":"10.1.0.2","dev":"br-vm1"}]')).toEqual({ device: "br-vm1", gateway: undefined });
  expect(parseRoute('[{"dst":"9.9.9.9","gateway":"172.29.0.1","dev":"eth0"}]')).toEqual({
    device: "eth0",
    gateway: "172.29.0.1",
  });
  expect(parseRoute("[]")).toBeUndefined();
  expect(parseGateway("default via 10.1.0.1 dev eth0 \n10.1.0.0/24 dev eth0\n")).toBe("10.1.0.1");
  expect(parseGateway("10.1.0.0/24 dev eth0\n")).toBeUndefined();
});

test.each<[address: string, net: string, prefix: number, want: boolean]>([
  ["10.1.0.2", "10.1.0.1", 24, true],
  ["10.2.0.2", "10.1.0.1", 24, false],
  ["10.2.0.2", "10.1.0.1", 8, true],
  ["10.1.0.2", "0.0.0.0", 0, true],
  ["fd00:1::2", "fd00:1::1", 64, true],
  ["fd00:2::2", "fd00:1::1", 64, false],
  ["10.1.0.2", "fd00::1", 8, false],
  ["vm1.lan", "10.1.0.1", 24, false],
])("%s in %s/%d: %p", (address, net, prefix, want) => {
  expect(isIn(address, { address: net, prefix })).toBe(want);
});
