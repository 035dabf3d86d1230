import { describe, expect, test } from "bun:test";
import { decide, touches } from "../../../../src/units/compose/decide.ts";
import { type Life, lostNetworks } from "../../../../src/units/compose/network.ts";
import type { ContainerView } from "../../../../src/units/compose/observe.ts";
import { parseUptime } from "../../../../src/units/compose/uptime.ts";
import { AT, release, released, view } from "./containers.ts";

const up = (status: string) => ({ status, uptime: parseUptime(status) });
const vpn = (more: Partial<ContainerView> = {}) => view("vpn", { ...up("Up 2 hours"), ...more });
const tor = (more: Partial<ContainerView> = {}) =>
  view("tor", { ...up("Up 2 hours"), networkOf: vpn().id, ...more });

interface Case {
  readonly own: ContainerView;
  readonly lender?: ContainerView;
  readonly lives?: readonly [id: string, life: Life | undefined][];
  readonly touched?: readonly string[];
}

const HOUR = 3_600_000;
const life = (startedAt: number | undefined, state = "running"): Life => ({ name: "vpn", state, startedAt });

describe("which containers have lost the network that they share", () => {
  test.each<[string, Case, string[]]>([
    ["the lender is as it was", { own: tor(), lender: vpn() }, []],
    ["it shares none", { own: tor({ networkOf: undefined }), lender: vpn(up("Up 2 seconds")) }, []],
    [
      "the lender came up later",
      { own: tor(), lender: vpn(up("Up 5 minutes")) },
      ["tor shares the network of vpn, which was restarted since"],
    ],
    [
      "the words leave it open, the times do not",
      {
        own: tor(),
        lender: vpn(),
        lives: [
          [vpn().id, life(AT - HOUR)],
          [tor().id, life(AT - 2 * HOUR)],
        ],
      },
      ["tor shares the network of vpn, which was restarted since"],
    ],
    [
      "the times say that all is well",
      {
        own: tor(),
        lender: vpn(),
        lives: [
          [vpn().id, life(AT - 2 * HOUR)],
          [tor().id, life(AT - HOUR)],
        ],
      },
      [],
    ],
    [
      "the lender is down",
      { own: tor(), lender: vpn({ state: "exited", status: "Exited (0) 1 minute ago" }) },
      ["tor shares the network of vpn, which is exited"],
    ],
    [
      "the lender is about to be changed",
      { own: tor(), lender: vpn(), touched: [vpn().id] },
      ["tor shares the network of vpn, which is changed first"],
    ],
    [
      "the lender is gone",
      { own: tor(), lives: [[vpn().id, undefined]] },
      ["the container whose network tor shares was removed or made anew since"],
    ],
    [
      "the lender is gone, and it is down",
      { own: tor({ state: "exited", status: "Exited (128) 1 minute ago" }), lives: [[vpn().id, undefined]] },
      ["the container whose network tor shares was removed or made anew since"],
    ],
    ["the lender is not compose's, and well", { own: tor(), lives: [[vpn().id, life(AT - 2 * HOUR)]] }, []],
    [
      "the lender is not compose's, and down",
      { own: tor(), lives: [[vpn().id, life(undefined, "exited")]] },
      ["tor shares the network of vpn, which is exited"],
    ],
    [
      "it is down, the lender is there",
      { own: tor({ state: "exited" }), lender: vpn(up("Up 5 minutes")) },
      [],
    ],
  ])("%s", (_, { own, lender, lives = [], touched = [] }, expected) => {
    const all = new Map([own, ...(lender ? [lender] : [])].map((container) => [container.id, container]));
    const question = { containers: [own], all, lives: new Map(lives), touched: new Set(touched) };
    expect(lostNetworks(question).map(({ why }) => why)).toEqual(expected);
  });

  test("whoever shares the network of one that lost its own has lost it too", () => {
    const inner = view("inner", { ...up("Up 2 hours"), networkOf: tor().id });
    const all = new Map([inner, tor(), vpn(up("Up 1 second"))].map((container) => [container.id, container]));
    const lost = lostNetworks({ containers: [inner, tor()], all, lives: new Map(), touched: new Set() });
    expect(lost.map(({ container }) => container.service)).toEqual(["tor", "inner"]);
  });
});

test("only what lost its network is repaired, and what is down beside it", () => {
  const containers = [
    view("web"),
    tor(),
    view("db", { state: "exited", exitCode: 1, status: "Exited (1) now" }),
  ];
  const decision = decide({
    containers,
    expected: new Map(containers.map(({ service }) => [service, 1])),
    release: release(released("web"), released("tor"), released("db")),
    changed: [],
    finished: new Set(),
    images: new Map(),
    force: false,
    restart: false,
    lost: [{ container: tor(), why: "the VPN was restarted" }],
    probed: false,
    at: AT,
  });
  expect(decision).toMatchObject({ action: "repair", reason: { code: "network-lost" }, only: ["tor", "db"] });
  expect(touches(decision, containers)).toEqual([tor().id, view("db").id]);
});
