import { expect, test } from "bun:test";
import { iptablesFirewall } from "../../../../../src/units/host/audit/iptables.ts";
import { openingText } from "../../../../../src/units/host/audit/opening.ts";

const opens = (...lines: string[]) =>
  iptablesFirewall([...lines, "ip46tables -A INPUT -j nixos-fw"].join("\n"))?.map(openingText);

test("what NixOS's script begins with opens nothing", () => {
  expect(
    opens(
      "#! /nix/store/x-bash/bin/bash -e",
      'iptables() { command iptables -w "$@"; }',
      "ip46tables -D INPUT -j nixos-fw 2> /dev/null || true",
      'for chain in nixos-fw nixos-fw-accept; do ip46tables -F "$chain" 2> /dev/null || true; done',
      "ip46tables -N nixos-fw-accept",
      "ip46tables -A nixos-fw-accept -j ACCEPT",
      "ip46tables -A nixos-fw-refuse -p tcp ! --syn -j REJECT --reject-with tcp-reset",
      'ip46tables -A nixos-fw-log-refuse -p tcp --syn -j LOG --log-level info --log-prefix "refused connection: "',
      "ip46tables -t mangle -A nixos-fw-rpfilter -p udp --sport 67 --dport 68 -j RETURN",
      "iptables -t nat -A PREROUTING -p tcp --dport 8080 -j ACCEPT",
      "ip46tables -A nixos-fw -i lo -j nixos-fw-accept",
      "ip46tables -A nixos-fw -m conntrack --ctstate ESTABLISHED,RELATED -j nixos-fw-accept",
      "iptables -w -A nixos-fw -p icmp --icmp-type echo-request -j nixos-fw-accept",
      "ip6tables -A nixos-fw -p icmpv6 -j nixos-fw-accept",
      "ip46tables -A nixos-fw -j nixos-fw-log-refuse",
      "# ip46tables -A nixos-fw -p tcp --dport 9 -j nixos-fw-accept",
    ),
  ).toEqual([]);
});

test.each([
  ["ip46tables -A nixos-fw -p tcp --dport 80 -j nixos-fw-accept ", ["tcp 80 on all interfaces"]],
  ["ip46tables -A nixos-fw -p udp --dport 6000:6010 -j nixos-fw-accept -i eth0", ["udp 6000-6010 on eth0"]],
  ["ip46tables -A nixos-fw -i tailscale0 -j nixos-fw-accept", ["everything on tailscale0"]],
  [
    "iptables -A nixos-fw -p tcp --source 192.168.1.0/24 --dport 22 -j nixos-fw-accept",
    ["tcp 22 on all interfaces from 192.168.1.0/24"],
  ],
  [
    "/nix/store/x/bin/iptables -w -I INPUT 1 -p tcp -m multiport --dports 80,443 -j ACCEPT",
    ["tcp 80 on all interfaces", "tcp 443 on all interfaces"],
  ],
  [
    "iptables -A nixos-fw ! -i eth0 -p tcp --dport 53 -j nixos-fw-accept",
    ["tcp 53 on all interfaces but eth0"],
  ],
  [
    "iptables -A nixos-fw -p tcp \\\n  --dport 81 \\\n  -m comment --comment 'a b' -j nixos-fw-accept",
    ["tcp 81 on all interfaces"],
  ],
  ["iptables -A nixos-fw -p tcp --dport=80 -j nixos-fw-accept", ["tcp 80 on all interfaces"]],
  [
    'iptables --append=nixos-fw --protocol=tcp --dport="443" --jump=nixos-fw-accept',
    ["tcp 443 on all interfaces"],
  ],
  ["iptables -A nixos-fw -ptcp -ieth0 --dports 80,81 -jACCEPT", ["tcp 80 on eth0", "tcp 81 on eth0"]],
  ["ip6tables -A nixos-fw -p udp -m state --state NEW -j nixos-fw-accept", ["all udp on all interfaces"]],
  ["iptables -A nixos-fw -p tcp --dport 25 -j DROP", []],
  ["iptables -A FORWARD -p tcp --dport 25 -j ACCEPT", []],
])("%s", (line, expected) => {
  expect(opens(line)).toEqual(expected);
});

test("rules that nothing goes through are no firewall", () => {
  expect(iptablesFirewall("ip46tables -A nixos-fw -p tcp --dport 80 -j nixos-fw-accept")).toBeUndefined();
  expect(iptablesFirewall("")).toBeUndefined();
});
