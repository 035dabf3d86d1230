import { expect, test } from "bun:test";
import { noBootRoom, readBootRoom } from "../../../../src/units/host/boot-room.ts";

const MIB = 1024 * 1024;
const kernel = (version: string) => `/nix/store/${version}-linux/bzImage`;
const initrd = (version: string) => `/nix/store/${version}-initrd/initrd`;
const copies = (version: string, suffix = ".efi") => [
  `file\t${version}-linux-bzImage${suffix}\t${10 * MIB}`,
  `file\t${version}-initrd-initrd${suffix}\t${20 * MIB}`,
];
const boots = (kind: string, version: string) => [
  `${kind}\t${kernel(version)}\t${10 * MIB}`,
  `${kind}\t${initrd(version)}\t${20 * MIB}`,
];
const generation = (number: number, version: string) => [
  `generation\tsystem-${number}-link\t`,
  ...boots("old", version),
];
const entry = (number: number) => `entry\tnixos-generation-${number}.conf\t`;
const read = (...lines: (string | string[])[]) =>
  readBootRoom(["begin\t\t", ...lines.flat(), "end\t\t", ""].join("\n"));
const ESP = `directory\t/boot/EFI/nixos\t${(5 * MIB) / 1024}`;
const room = { directory: "/boot/EFI/nixos", free: 5 * MIB, needed: 30 * MIB, freed: 0 };

test("a new kernel and initrd need room, those that are there need none", () => {
  const one = [...copies("a"), entry(1), ...generation(1, "a")];
  expect(read(boots("new", "b"), ESP, one)).toEqual(room);
  expect(read(boots("new", "a"), ESP, one)).toEqual({ ...room, needed: 0 });
  expect(read(boots("new", "a"), boots("new", "c"), ESP, one)).toEqual(room);
});

test("a kernel that two generations boot is needed once", () => {
  const [first = ""] = boots("new", "b");
  expect(read([first, first], ESP)).toEqual({ ...room, needed: 10 * MIB });
});

test("what no generation boots any more goes first", () => {
  const lines = [...copies("a"), ...copies("b"), entry(1), entry(2), ...generation(2, "b")];
  expect(read(boots("new", "c"), ESP, lines)).toEqual({ ...room, freed: 30 * MIB });
});

test("with a limit, the oldest generation that has an entry goes", () => {
  const generations = [...generation(1, "z"), ...generation(2, "a"), ...generation(3, "b")];
  const lines = [...copies("a"), ...copies("b"), entry(2), entry(3), ...generations];
  expect(read(boots("new", "c"), ESP, lines)).toEqual({ ...room, freed: 30 * MIB });
  const shared = [
    ...copies("a"),
    entry(2),
    entry(3),
    ...generation(1, "z"),
    ...generation(2, "a"),
    ...generation(3, "a"),
  ];
  expect(read(boots("new", "c"), ESP, shared)).toEqual(room);
});

test("other profiles keep theirs", () => {
  const lines = [...copies("a"), entry(1), ...generation(1, "b"), "other\t\t", ...boots("old", "a")];
  expect(read(boots("new", "c"), ESP, lines)).toEqual(room);
});

test("grub writes first and cleans up after that", () => {
  const grub = "directory\t/boot/kernels\t5120";
  expect(read(boots("new", "b"), grub, copies("a", ""))).toEqual({ ...room, directory: "/boot/kernels" });
  expect(read(boots("new", "a"), grub, copies("a", ""))?.needed).toBe(0);
});

test("a loader that copies nothing, and an answer that was cut off", () => {
  expect(read(boots("new", "b"))).toBeUndefined();
  const all = ["begin\t\t", ...boots("new", "b"), ESP, "end\t\t"];
  expect(readBootRoom(["Welcome", ...all].join("\n"))).toEqual(room);
  expect(readBootRoom(all.slice(0, -1).join("\n"))).toBeUndefined();
  expect(readBootRoom(all.slice(1).join("\n"))).toBeUndefined();
});

test("what is said of it", () => {
  expect(noBootRoom("web", room)).toBe(
    "/boot/EFI/nixos of web has 5.0 MiB left, and the kernel and initrd of the new system need 30.0 MiB",
  );
  expect(noBootRoom("web", { ...room, freed: 30 * MIB })).toBeUndefined();
  expect(noBootRoom("web", { ...room, free: 0, needed: 0 })).toBeUndefined();
  expect(noBootRoom("web", { ...room, free: 30 * MIB })).toBe(
    "/boot/EFI/nixos of web has 30.0 MiB left, and the kernel and initrd of the new system need 30.0 MiB",
  );
});
