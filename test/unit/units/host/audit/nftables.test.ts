import { expect, test } from "bun:test";
import { includesOf, nftablesFirewall } from "../../../../../src/units/host/audit/nftables.ts";
import { openingText } from "../../../../../src/units/host/audit/opening.ts";

const texts = (ruleset: string) => nftablesFirewall(ruleset)?.map(openingText);
const opens = (...rules: string[]) =>
  texts(
    `table inet nixos-fw {\nchain input {\ntype filter hook input priority filter; policy drop;\n${rules.join("\n")}\n}\n}`,
  );

test("what NixOS makes of `allowedTCPPorts` and the like", () => {
  const ruleset = `#! /nix/store/x-nftables/bin/nft -f
table inet nixos-fw
delete table inet nixos-fw
table inet nixos-fw {
  set temp-ports {
    comment "Temporarily opened ports"
    type inet_proto . inet_service
  }
  chain rpfilter {
    type filter hook prerouting priority mangle + 10; policy drop;
    meta nfproto ipv4 udp sport . udp dport { 67 . 68, 68 . 67 } accept comment "DHCPv4 client/server"
    fib saddr . mark . iif oif exists accept
    jump rpfilter-allow
  }
  chain rpfilter-allow {
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname { "lo", "tailscale0" } accept comment "trusted interfaces"
    # Some ICMPv6 types like NDP is untracked
    ct state vmap {
      invalid : drop,
      established : accept,
      related : accept,
      new : jump input-allow,
      untracked: jump input-allow,
    }
    tcp flags syn / fin,syn,rst,ack log level info prefix "refused connection: accept "
  }
  chain input-allow {
    tcp dport { 22, 80, 6000-6010 } accept
    iifname eth0 udp dport { 53 } accept
    meta l4proto . th dport @temp-ports accept
    icmp type echo-request accept comment "allow ping"
    icmpv6 type != { nd-redirect, 139 } accept comment "Accept all ICMPv6 messages"
    ip6 daddr fe80::/64 udp dport 546 accept comment "DHCPv6 client"
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    tcp dport 9000 accept
  }
}
table ip other {
  chain input-allow { tcp dport 9001 accept; }
}`;
  expect(texts(ruleset)).toEqual([
    "everything on tailscale0",
    "tcp 22 on all interfaces",
    "tcp 80 on all interfaces",
    "tcp 6000-6010 on all interfaces",
    "udp 53 on eth0",
    "udp 546 on all interfaces",
  ]);
});

test.each([
  ["tcp dport 22 accept", ["tcp 22 on all interfaces"]],
  ["tcp dport ssh ct state new counter accept", ["tcp ssh on all interfaces"]],
  ["meta l4proto { tcp, udp } th dport 53 accept", ["tcp 53 on all interfaces", "udp 53 on all interfaces"]],
  ['iifname != "wan" tcp dport 80 accept', ["tcp 80 on all interfaces but wan"]],
  ['iifname != "wan" accept', ["everything on all interfaces but wan"]],
  [
    "ip saddr { 10.0.0.0/8, 192.168.0.0/16 } accept",
    ["everything on all interfaces from 10.0.0.0/8, 192.168.0.0/16"],
  ],
  ["ip6 saddr fe80::/10 tcp dport 24800 accept", ["tcp 24800 on all interfaces from fe80::/10"]],
  ["accept", ["everything on all interfaces"]],
  ["iif lo accept", []],
  ["ct state { established, related } accept", []],
  ["ct state established,related accept", []],
  ["tcp dport 23 drop # accept", []],
  ["ip protocol icmp accept", []],
  [
    "tcp dport vmap { 22 : accept, 80 : drop, 6000-6010:accept }",
    ["tcp 22 on all interfaces", "tcp 6000-6010 on all interfaces"],
  ],
  ['iifname vmap { "lo" : accept, "tun0" : accept, "wan" : drop }', ["everything on tun0"]],
  [
    'iifname . tcp dport vmap {\n "eth0" . 22 : accept,\n "eth1" . 80 comment "web" : accept,\n}',
    ["tcp 22 on eth0", "tcp 80 on eth1"],
  ],
  ["ip6 saddr vmap { fe80::/10 : accept }", ["everything on all interfaces from fe80::/10"]],
  ["meta l4proto . th dport vmap { udp . 53 : accept }", ["udp 53 on all interfaces"]],
  ["ct state vmap { established : accept, related : accept, invalid : drop }", []],
  ["icmp type vmap { echo-request : accept }", []],
  ["tcp dport vmap @ports", []],
])("%s", (rule, expected) => {
  expect(opens(rule)).toEqual(expected);
});

const chain = (table: string, policy: string, ...rules: string[]) =>
  `table ${table} {\nchain input {\ntype filter hook input priority filter; ${policy}\n${rules.join("\n")}\n}\n`;

test.each([
  ["no policy", "", [], false],
  ["a policy that lets in", "policy accept;", [], false],
  ["a policy that turns away", "policy drop;", [], true],
  ["a last rule", "policy accept;", ["tcp dport 23 drop", "drop"], true],
  ["one that counts and tells", "", ['counter packets 0 bytes 0 log level info prefix "no: " drop'], true],
  ["one that answers", "", ["log flags all counter reject with icmpx type admin-prohibited"], true],
  ["all that is new", "", ["ct state new drop"], true],
  ["all that is not known", "", ["ct state != { established, related } drop"], true],
  ["what is known", "", ["ct state invalid drop", "ct state != new drop"], false],
  ["all from outside", "", ['meta iifname != "lo" drop'], true],
  ["one interface", "", ["iifname wan drop"], false],
  ["one protocol", "", ["meta l4proto tcp reject with tcp reset"], false],
  ["too much of it", "", ["limit rate over 5/second drop"], false],
  ["a chain that turns away", "", ["ct state vmap { established : accept, new : jump no }"], true],
  ["the same for some", "", ["iifname wan jump no", "tcp dport vmap { 22 : goto no }"], false],
  ["a chain that leads to itself", "", ["jump round"], false],
])("what is not let in stays out by %s", (_, policy, rules, closed) => {
  const others = "chain no { counter goto never }\nchain never { drop }\nchain round { jump round }\n}";
  expect(texts(chain("inet x", policy, ...rules) + others)).toEqual(
    closed ? [] : ["everything on all interfaces"],
  );
});

test("one of several chains is enough, of each family", () => {
  const closed = (table: string) => `${chain(table, "policy drop;")}}\n`;
  const open = (table: string) => `${chain(table, "policy accept;", "ip saddr @banned reject")}}\n`;
  expect(texts(open("inet ban") + closed("inet nixos-fw"))).toEqual([]);
  expect(texts(closed("ip a") + closed("ip6 a") + open("inet b"))).toEqual([]);
  expect(texts(closed("filter"))).toEqual([]);
  expect(texts(open("filter") + closed("ip6 a"))).toEqual(["all IPv4 on all interfaces"]);
  expect(texts(closed("ip a") + open("ip6 a"))).toEqual(["all IPv6 on all interfaces"]);
});

test("a set of many addresses takes no time to speak of", () => {
  const many = Array.from({ length: 35_000 }, (_, at) => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`);
  const set = `set banned { type ipv4_addr\nelements = { ${many.join(", ")} }\n}\n`;
  const map = `ip saddr vmap { ${many.map((address) => `${address} : drop`).join(", ")} }`;
  const begun = performance.now();
  expect(texts(`table inet y {\n${set}}\n${chain("inet x", "policy drop;", map)}}`)).toEqual([]);
  expect(performance.now() - begun).toBeLessThan(1000);
});

test("a ruleset without a chain for what comes in is no firewall", () => {
  expect(
    nftablesFirewall("table ip nat { chain post { type nat hook postrouting priority 100; masquerade } }"),
  ).toBeUndefined();
  expect(nftablesFirewall("")).toBeUndefined();
  for (const family of ["arp", "bridge"])
    expect(
      nftablesFirewall(`table ${family} x { chain input { type filter hook input priority 0; } }`),
    ).toBeUndefined();
  expect(nftablesFirewall("table ip nat { chain in { type nat hook input priority 100; } }")).toBeUndefined();
  expect(texts("table inet x { chain input { type filter hook input; policy drop")).toEqual([]);
});

test("files that it takes in", () => {
  expect(includesOf('include "/nix/store/x-rules"\n  include "/etc/*.nft"\n# include "/no"')).toEqual([
    "/nix/store/x-rules",
  ]);
});
