import { expect, test } from "bun:test";
import type { Link } from "../../../../src/units/microvm/links.ts";
import { type Answer, type Check, checkHost, type HostFacts } from "../../../../src/units/microvm/network.ts";
import { checkGuest, type GuestFacts } from "../../../../src/units/microvm/network-guest.ts";

const link = (name: string, more: Partial<Link> = {}): Link => ({
  ...{ name, up: true, carrier: true, master: undefined, addresses: [] },
  ...more,
});
const yes: Answer = { answers: true, said: "" };
const no: Answer = { answers: false, said: "no answer" };
const untried: Answer = { untried: "its recipe has no `address`" };
const tap = link("vm-vm1", { master: "br-vm1" });
const bridge = link("br-vm1", { addresses: [{ address: "10.1.0.1", prefix: 24 }] });
const well: HostFacts = {
  name: "vm1",
  machine: "p620",
  address: "10.1.0.2",
  running: true,
  taps: ["vm-vm1"],
  links: [bridge, tap],
  route: { device: "br-vm1", gateway: undefined },
  forwarding: true,
  masquerade: true,
  ping: yes,
  ssh: yes,
};
/** All lines that are not well, as text. */
const told = (checks: readonly Check[]): string[] =>
  checks
    .filter(({ verdict }) => verdict !== "ok")
    .map(({ check, verdict, text }) => `${verdict} ${check}: ${text}`);

test("what is well has a line for each thing that was seen", () => {
  expect(checkHost(well).map(({ verdict, check, text }) => `${verdict} ${check}: ${text}`)).toEqual([
    "ok unit: microvm@vm1.service runs on p620",
    "ok TAP interface: vm-vm1 is up, in br-vm1",
    "ok bridge: br-vm1 is up, with 10.1.0.1/24",
    "ok address: 10.1.0.2 is in the network of br-vm1",
    "ok route: p620 reaches 10.1.0.2 by br-vm1",
    "ok forwarding: p620 passes packets on (net.ipv4.ip_forward)",
    "ok NAT: p620 masquerades packets",
    "ok ping: 10.1.0.2 answers p620",
    "ok ssh: port 22 of 10.1.0.2 takes connections",
  ]);
});

test.each<[what: string, change: Partial<HostFacts>, lines: string[]]>([
  [
    "it does not run",
    {
      running: false,
      links: [bridge],
      ping: no,
      ssh: { answers: false, said: "10.1.0.2:22 takes no connection" },
    },
    [
      "failed unit: microvm@vm1.service does not run on p620",
      "unknown TAP interface: vm-vm1 is not there: it comes when the MicroVM starts",
      "failed ping: 10.1.0.2 does not answer p620: no answer",
      "failed ssh: 10.1.0.2:22 takes no connection",
    ],
  ],
  ["its TAP interface is gone", { links: [bridge] }, ["failed TAP interface: vm-vm1 is not there"]],
  [
    "its TAP interface is off",
    { links: [bridge, { ...tap, up: false }] },
    ["failed TAP interface: vm-vm1 is switched off"],
  ],
  [
    "its TAP interface is in no bridge",
    { links: [bridge, { ...tap, master: undefined }] },
    ["failed TAP interface: vm-vm1 is up, but in no bridge"],
  ],
  [
    "its bridge has no address",
    { links: [link("br-vm1"), tap], route: { device: "eth0", gateway: "172.29.0.1" }, ping: no },
    [
      "failed bridge: br-vm1 has no address",
      "unknown address: nothing here says which network 10.1.0.2 is in",
      "failed route: p620 looks for 10.1.0.2 by eth0 and 172.29.0.1, and not by br-vm1",
      "failed ping: 10.1.0.2 does not answer p620: no answer",
    ],
  ],
  [
    "its bridge is off",
    { links: [{ ...bridge, up: false }, tap] },
    ["failed bridge: br-vm1 is switched off"],
  ],
  [
    "its bridge has another network",
    { links: [link("br-vm1", { addresses: [{ address: "10.9.0.1", prefix: 24 }] }), tap], route: undefined },
    [
      "failed address: 10.1.0.2 is not in the network of br-vm1 (10.9.0.1/24)",
      "failed route: p620 has no route to 10.1.0.2",
    ],
  ],
  [
    "packets are not passed on",
    { forwarding: false },
    ["failed forwarding: p620 passes no packets on: nothing goes out"],
  ],
  [
    "nothing could be read",
    { links: undefined, taps: undefined, forwarding: undefined, masquerade: undefined },
    [
      "unknown TAP interface: no runner says which it has",
      "unknown bridge: `ip` could not be asked there",
      "unknown address: `ip` could not be asked there",
      "unknown route: `ip` could not be asked there",
      "unknown forwarding: net.ipv4.ip_forward could not be read",
      "unknown NAT: the packet filter's rules could not be read",
    ],
  ],
  [
    "no address is known",
    { address: undefined, ping: untried, ssh: untried },
    [
      "unknown address: its recipe has no `address`",
      "unknown route: its recipe has no `address`",
      "unknown ping: its recipe has no `address`",
      "unknown ssh: its recipe has no `address`",
    ],
  ],
  [
    "it has no TAP interface",
    { taps: [] },
    ["unknown TAP interface: it has none: its network is not on this list"],
  ],
  [
    "nothing masquerades",
    { masquerade: false },
    ["unknown NAT: no rule of p620 masquerades: others see the MicroVM's own address"],
  ],
])("%s", (_, change, lines) => {
  expect(told(checkHost({ ...well, ...change }))).toEqual(lines);
});

test("whatever failed says what to do", () => {
  const broken = {
    ...well,
    running: false,
    links: [],
    route: undefined,
    forwarding: false,
    ping: no,
    ssh: no,
  };
  const failed = checkHost(broken).filter(({ verdict }) => verdict === "failed");
  expect(failed.length).toBeGreaterThan(3);
  expect(failed.filter(({ hint }) => !hint)).toEqual([]);
});

const inside: GuestFacts = {
  address: "10.1.0.2",
  links: [link("eth0", { addresses: [{ address: "10.1.0.2", prefix: 24 }] })],
  gateway: "10.1.0.1",
  hostAddresses: ["10.1.0.1"],
  pingGateway: yes,
  outside: "1.1.1.1",
  pingOutside: yes,
  others: [{ name: "vm2", address: "10.2.0.2", ping: yes }],
};

test.each<[what: string, change: Partial<GuestFacts>, lines: string[]]>([
  ["all is well", {}, []],
  ["it has no way out", { pingOutside: no }, ["failed inside: outside: 1.1.1.1 does not answer: no answer"]],
  ["it has no default route", { gateway: undefined }, ["failed inside: gateway: it has no default route"]],
  [
    "another one answers at its address",
    { address: "10.1.0.9" },
    ["failed inside: address: no interface in it has 10.1.0.9; it has 10.1.0.2/24"],
  ],
  [
    "the others are out of reach",
    { others: [{ name: "vm2", address: "10.2.0.2", ping: no }] },
    ["failed inside: vm2: 10.2.0.2 does not answer: no answer"],
  ],
  [
    "it has neither `ip` nor `ping`",
    { links: undefined, pingOutside: { untried: "`ping` could not be run there" }, others: [] },
    [
      "unknown inside: address: `ip` could not be asked in it",
      "unknown inside: gateway: `ip` could not be asked in it",
      "unknown inside: outside: `ping` could not be run there",
    ],
  ],
])("inside: %s", (_, change, lines) => {
  expect(told(checkGuest({ ...inside, ...change }))).toEqual(lines);
});

test("a gateway that is not its host is named so", () => {
  expect(checkGuest({ ...inside, gateway: "10.1.0.254" })[1]?.text).toBe(
    "10.1.0.254 answers, which is not its host",
  );
});
