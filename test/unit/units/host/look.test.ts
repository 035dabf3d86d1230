import { expect, test } from "bun:test";
import { readLook, requireFree, requireSpace } from "../../../../src/units/host/look.ts";

const web = { name: "web" };
const system = "/nix/store/bwixxvml9av0v77f16jgxli362drx9m8-nixos-system-web-1";

test("what a host says of itself", () => {
  const text = `${system}\n${system}\n2000000\nLinux x86_64\n\n\na.service loaded failed failed A\n`;
  const state = readLook(web, text);
  expect(state).toEqual({
    ...{ system, profile: system, free: 2_000_000, platform: "Linux x86_64", holder: undefined },
    failed: ["a.service"],
    unfinished: false,
  });
  expect(() => requireSpace(web, state)).not.toThrow();
  expect(() => requireSpace(web, { ...state, free: 2048 })).toThrow("the store of web has 2 MiB left");
});

test("a switch that did not come to its end", () => {
  const { unfinished, failed } = readLook(web, `${system}\n${system}\n1\nLinux x86_64\n\nunfinished\n`);
  expect({ unfinished, failed }).toEqual({ unfinished: true, failed: [] });
});

test("room that is not known keeps nobody from anything", () => {
  const state = readLook(web, `${system}\n${system}\n\nLinux x86_64\n\n`);
  expect({ free: state.free, platform: state.platform }).toEqual({
    free: undefined,
    platform: "Linux x86_64",
  });
  expect(() => requireSpace(web, state)).not.toThrow();
  expect(() => requireSpace(web, { ...state, free: 0 })).toThrow("the store of web has 0 MiB left");
});

test("a profile that leads nowhere is none, and who holds the lock is named", () => {
  const text = `${system}\n/nix/var/nix/profiles/system\n1\nLinux aarch64\nada@laptop\n`;
  const { profile, holder, failed } = readLook(web, text);
  expect({ profile, holder, failed }).toEqual({ profile: "", holder: "ada@laptop", failed: [] });
  expect(() => requireFree(web, holder)).toThrow("web is being switched by ada@laptop");
});

test("what is no NixOS", () => {
  expect(() => readLook(web, "/run/current-system\n\nLinux x86_64\n")).toThrow("web does not run NixOS");
});
