import { expect, test } from "bun:test";
import { parseGenerations } from "../../../src/hosts/generations.ts";

const PROFILES = "/nix/var/nix/profiles";

test("generations are read newest first, with what runs, was booted and comes next", () => {
  const text = [
    "default\tsystem-10-link",
    "current\t/nix/store/b-gaming",
    "booted\t/nix/store/a",
    `generation\t${PROFILES}/system-10-link`,
    "made\t1763719444",
    "path\t/nix/store/b",
    "version\t25.11.20251110.bbbbbbb",
    "kernel\t6.12.8",
    "revision\t0123456789abcdef0123456789abcdef01234567-dirty",
    "specialisation\tgaming",
    "system\t/nix/store/b-gaming",
    // As those of old are: it does not say of which commit it is.
    `generation\t${PROFILES}/system-9-link`,
    "made\t1763700000",
    "path\t/nix/store/a",
    "version\t23.05",
    "kernel\t",
    "revision\t",
    // Collected by hand.
    `generation\t${PROFILES}/system-11-link`,
    "made\t1763700001",
    "gone\tyes",
    // Of a host whose programs are others: what they do not say is not known.
    `generation\t${PROFILES}/system-8-link`,
    "made\t",
    "path\t",
    "end\t",
    "",
  ].join("\n");
  const none = { version: undefined, kernel: undefined, revision: undefined, specialisations: [] };
  const unmarked = { gone: false, isDefault: false, running: false, booted: false };
  expect(parseGenerations(text)).toEqual({
    current: "/nix/store/b-gaming",
    booted: "/nix/store/a",
    list: [
      { ...none, ...unmarked, number: 11, made: 1763700001000, path: undefined, gone: true },
      {
        ...{ number: 10, made: 1763719444000, path: "/nix/store/b", version: "25.11.20251110.bbbbbbb" },
        ...{ kernel: "6.12.8", revision: "0123456789abcdef0123456789abcdef01234567-dirty" },
        ...{ specialisations: ["gaming"], isDefault: true, running: true, booted: false, gone: false },
      },
      {
        ...none,
        ...unmarked,
        number: 9,
        made: 1763700000000,
        path: "/nix/store/a",
        version: "23.05",
        booted: true,
      },
      { ...none, ...unmarked, number: 8, made: undefined, path: undefined },
    ],
  });
});

test("without generations there is an empty list, and what was cut off is nothing", () => {
  const text = "default\t\ncurrent\t\nbooted\t\nend\t\n";
  expect(parseGenerations(text)).toEqual({ current: undefined, booted: undefined, list: [] });
  expect(parseGenerations("default\tsystem-1-link\n")).toBeUndefined();
  expect(parseGenerations("")).toBeUndefined();
});
