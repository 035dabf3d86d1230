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
])("%s", (rule, expected) => {
  expect(opens(rule)).toEqual(expected);
});

test("a ruleset without a chain for what comes in is no firewall", () => {
  expect(
    nftablesFirewall("table ip nat { chain post { type nat hook postrouting priority 100; masquerade } }"),
  ).toBeUndefined();
  expect(nftablesFirewall("")).toBeUndefined();
  expect(nftablesFirewall("table inet x { chain input { type filter hook input")).toEqual([]);
});

test("files that it takes in", () => {
  expect(includesOf('include "/nix/store/x-rules"\n  include "/etc/*.nft"\n# include "/no"')).toEqual([
    "/nix/store/x-rules",
  ]);
});
