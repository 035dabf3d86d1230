import { expect, test } from "bun:test";
import { platformOf } from "../../../scripts/releasing/header.ts";

const elf = (machine: number) => {
  const bytes = new Uint8Array(64);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  bytes.set([machine, 0], 18);
  return bytes;
};
const mach = (cpu: readonly number[]) => {
  const bytes = new Uint8Array(64);
  bytes.set([0xcf, 0xfa, 0xed, 0xfe, ...cpu]);
  return bytes;
};

test.each([
  ["linux-x64", elf(62)],
  ["linux-arm64", elf(183)],
  ["macos-x64", mach([7, 0, 0, 1])],
  ["macos-arm64", mach([12, 0, 0, 1])],
  [undefined, elf(8)],
  [undefined, new Uint8Array(64)],
  [undefined, elf(62).slice(0, 10)],
])("the first bytes of a program say its platform: %s", (platform, bytes) => {
  expect(platformOf(bytes)).toBe(platform);
});
