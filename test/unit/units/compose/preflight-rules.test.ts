import { describe, expect, test } from "bun:test";
import type { Listener } from "../../../../src/os/listeners.ts";
import {
  type HostPort,
  nameClash,
  nameMeetings,
  type Occupant,
  occupantOwner,
  portMeetings,
  processOwner,
  wantedNames,
  wantedPorts,
} from "../../../../src/units/compose/preflight-rules.ts";
import { service } from "../../books.ts";

const occupant = (name: string, more: Partial<Occupant> = {}): Occupant => ({
  id: "0123456789abcdef",
  name,
  image: "busybox",
  mine: false,
  leftover: false,
  hostNetwork: false,
  ports: [],
  ...more,
});
const compose = { project: "vpn", service: "app", dir: "/srv/vpn" };
const port = (text: string): HostPort => {
  const [, ip = "", number, protocol = "tcp"] = /^(?:(.+)@)?(\d+)(?:\/(\w+))?$/.exec(text) ?? [];
  return { ip, port: Number(number), protocol };
};
const listener = (text: string): Listener => ({ ...port(text), inode: "1", uid: 0 }) as Listener;

describe("wantedNames()", () => {
  const project = { services: { app: {}, db: { container_name: "postgres" } } };
  test.each<[string, Occupant[], string[]]>([
    ["of a fresh project", [], ["web-app-1", "web-app-2", "postgres"]],
    ["of one that has containers", [occupant("web-app-7", { mine: true, compose })], ["postgres"]],
    [
      "of one whose containers are somebody else's",
      [occupant("web-app-1", { compose })],
      ["web-app-1", "web-app-2", "postgres"],
    ],
  ])("%s", (_, occupants, want) => {
    expect(
      wantedNames(
        project,
        "web",
        new Map([
          ["app", 2],
          ["db", 1],
        ]),
        occupants,
      ),
    ).toEqual(want);
  });
});

test("nameMeetings() leaves out what is the service's own", () => {
  const all = [occupant("mine", { mine: true }), occupant("theirs")];
  expect(nameMeetings(["mine", "theirs", "free"], all)).toEqual([{ what: "theirs", by: all[1] as Occupant }]);
});

test("wantedPorts() leaves out ranges of which any will do, ports of the engine's choice, and the host's network", () => {
  const ports = [
    { published: "80", host_ip: "127.0.0.1" },
    { published: "8000-8010" },
    {},
    { published: "53", protocol: "udp" },
  ];
  expect(wantedPorts({ services: { app: { ports }, host: { network_mode: "host", ports } } })).toEqual([
    port("127.0.0.1@80"),
    port("53/udp"),
  ]);
  expect(wantedPorts({})).toEqual([]);
});

describe("portMeetings() of", () => {
  const other = (...ports: string[]) => occupant("other", { ports: ports.map(port) });
  const mine = (...ports: string[]) => occupant("mine", { mine: true, ports: ports.map(port) });
  test.each<[string, string[], Occupant[], string[], { containers: number; processes: number }]>([
    ["nobody", ["80"], [], [], { containers: 0, processes: 0 }],
    ["another container", ["80"], [other("0.0.0.0@80", "::@80")], [], { containers: 1, processes: 0 }],
    [
      "another container and the engine's listener for it",
      ["80"],
      [other("0.0.0.0@80")],
      ["0.0.0.0@80"],
      { containers: 1, processes: 0 },
    ],
    [
      "its own container and the engine's listener for it",
      ["80"],
      [mine("0.0.0.0@80")],
      ["0.0.0.0@80"],
      { containers: 0, processes: 0 },
    ],
    ["another protocol", ["53/udp"], [other("0.0.0.0@53")], ["0.0.0.0@53"], { containers: 0, processes: 0 }],
    [
      "another address",
      ["10.0.0.1@53"],
      [other("10.0.0.2@53")],
      ["127.0.0.53@53"],
      { containers: 0, processes: 0 },
    ],
    ["one address of all", ["53"], [], ["127.0.0.53@53"], { containers: 0, processes: 1 }],
    ["all addresses for one", ["127.0.0.1@53"], [], ["0.0.0.0@53"], { containers: 0, processes: 1 }],
    ["all of IPv6 for all", ["80"], [], ["::@80"], { containers: 0, processes: 1 }],
    [
      "all of IPv4 and all of IPv6, which are two",
      ["0.0.0.0@80"],
      [other("::@80")],
      ["::@80"],
      { containers: 0, processes: 0 },
    ],
    [
      "all of IPv6 for one of IPv4, which may be free",
      ["127.0.0.1@80"],
      [],
      ["::@80"],
      { containers: 0, processes: 0 },
    ],
    ["two at once", ["80", "81"], [other("80")], ["0.0.0.0@81"], { containers: 1, processes: 1 }],
  ])("%s", (_, wanted, occupants, heard, want) => {
    const { containers, processes } = portMeetings(wanted.map(port), occupants, heard.map(listener));
    expect({ containers: containers.length, processes: processes.length }).toEqual(want);
  });
});

describe("the owner is named:", () => {
  const web = service("web");
  test.each<[string, Partial<Occupant>, text: string, hint: string]>([
    [
      "another recipe",
      { compose, recipe: service("db") },
      "the container `x` of `db` in services/db",
      "`homelab stop db` stops it",
    ],
    [
      "another project",
      { compose },
      "the container `x` of the project `vpn` in /srv/vpn",
      "`docker compose -p vpn stop` stops it, and keeps its data",
    ],
    [
      "what is left of the same directory",
      { compose, recipe: web, leftover: true },
      "the container `x` that is left of its service `app`, which its compose file no longer has",
      "`homelab cleanup --orphans` shows and removes what is left of earlier services",
    ],
    [
      "a container that compose did not make",
      {},
      "the container `x` (0123456789ab, image busybox), which compose did not make",
      "`docker stop x` stops it, when nobody needs it",
    ],
  ])("%s", (_, more, text, hint) => {
    expect(occupantOwner(occupant("x", more))).toEqual({ text, hint });
    expect(nameClash(web, { what: "x", by: occupant("x", more) }).text).toBe(
      `\`web\` cannot have the container name \`x\`: it belongs to ${text.replace("the container `x`", "a container")}`,
    );
  });

  test("a process", () => {
    expect(processOwner({ uid: 33 }, { pid: 7, name: "nginx" }, port("80")).text).toBe(
      "the process `nginx` (pid 7) of this machine",
    );
    expect(processOwner({ uid: 33 }, undefined, port("53/udp"))).toEqual({
      text: "a process of this machine (user id 33)",
      hint: "`sudo ss -lnup 'sport = :53'` shows which, to be stopped",
    });
  });
});
