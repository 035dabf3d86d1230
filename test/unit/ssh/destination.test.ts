import { expect, test } from "bun:test";
import { destinationText, parseDestination } from "../../../src/ssh/destination.ts";

test.each([
  ["p620", { address: "p620" }],
  ["p620.lan", { address: "p620.lan" }],
  ["admin@p620", { user: "admin", address: "p620" }],
  ["admin@p620:2222", { user: "admin", address: "p620", port: 2222 }],
  ["10.0.0.2:22", { address: "10.0.0.2", port: 22 }],
  ["fd00::2", { address: "fd00::2" }],
  ["fe80::1%eth0", { address: "fe80::1%eth0" }],
  ["admin@fd00::2", { user: "admin", address: "fd00::2" }],
  ["[fd00::2]", { address: "fd00::2" }],
  ["[fd00::2]:2222", { address: "fd00::2", port: 2222 }],
  ["admin@[fd00::2]:2222", { user: "admin", address: "fd00::2", port: 2222 }],
  ["ssh://admin@p620:2222", { user: "admin", address: "p620", port: 2222 }],
  ["ssh://p620/", { address: "p620" }],
  ["ssh://[fd00::2]:22", { address: "fd00::2", port: 22 }],
])(
  "%s is a destination",
  (text, { user, address, port }: { user?: string; address: string; port?: number }) => {
    expect(parseDestination(text)).toEqual({ user, address, port });
  },
);

test.each([
  "",
  "-oProxyCommand=x",
  "-l@p620",
  "admin@-p620",
  "@p620",
  "admin@",
  "admin@p620:",
  "p620:0",
  "p620:65536",
  "p620:ssh",
  "p 620",
  " p620",
  "p620\n",
  "p620\u0000",
  "a@b@c",
  "[p620]",
  "[fd00::2",
  "[fd00::2]2222",
  "ssh://p620/path",
  "http://p620",
  "p620;id",
  "$(id)",
  "*",
  "p620,p621",
])("%j is none", (text) => {
  expect(parseDestination(text)).toBeUndefined();
});

test.each(["p620", "admin@p620:2222", "[fd00::2]:22", "fd00::2", "admin@fd00::2"])(
  "%s is shown as it was written",
  (text) => {
    expect(destinationText(parseDestination(text) ?? { address: "" })).toBe(text);
  },
);
