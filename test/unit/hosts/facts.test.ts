import { expect, test } from "bun:test";
import { generationOf, parseFacts } from "../../../src/hosts/facts.ts";

const STORE = "/nix/store";
/** As real programs print it (systemd 257, coreutils 9.7, procps of Linux 6.12), on a host with a running specialisation. */
const SAID = `Welcome to p620\x1enixos
yes
\x1eos
ANSI_COLOR="0;38;2;126;186;228"
NAME=NixOS
PRETTY_NAME="NixOS 25.11 (Xantusia)"
\x1ehostname
p620
\x1esystems
current\t${STORE}/aaa-nixos-system-p620-25.11-gaming\t25.11\t6.12.8\t${STORE}/k8-linux-6.12.8/bzImage\t${STORE}/i8-initrd-linux-6.12.8/initrd\t${STORE}/m8-linux-6.12.8-modules
booted\t${STORE}/bbb-nixos-system-p620-25.11\t25.11\t\t${STORE}/k5-linux-6.12.5/bzImage\t\t
profile\t${STORE}/ccc-nixos-system-p620-25.11\t25.11\t6.12.8\t${STORE}/k8-linux-6.12.8/bzImage\t${STORE}/i8-initrd-linux-6.12.8/initrd\t${STORE}/m8-linux-6.12.8-modules
\x1eprofile
system-12-link
\x1egenerations
system-12-link\t${STORE}/ccc-nixos-system-p620-25.11
system-9-link\t${STORE}/bbb-nixos-system-p620-25.11
\x1especialisations
system-12-link\t${STORE}/aaa-nixos-system-p620-25.11-gaming
\x1esystemd
degraded
\x1efailed
bad.service      loaded failed failed Breaks at once
mnt-nas.mount    loaded failed failed /mnt/nas
\x1easked
nginx.service\tactive
bad\tfailed
\x1euptime
39007.51 70000.12
\x1eload
0.42 1.59 2.71 1/512 4242
\x1ecores
16
\x1ememory
MemTotal:       24684084 kB
MemFree:         1000000 kB
MemAvailable:   23937896 kB
\x1edisks
/\t270553174016 79857709056 /dev/nvme0n1p2
/nix/store\t270553174016 79857700000 /dev/nvme0n1p2
/boot\t  535805952  480247808 /dev/nvme0n1p1
\x1eend
`;

test("what a host says is read, whatever its login prints before", () => {
  const facts = parseFacts(SAID);
  expect(facts).toMatchObject({
    nixos: true,
    os: "NixOS 25.11 (Xantusia)",
    hostname: "p620",
    generation: 12,
    systemd: "degraded",
    failed: ["bad.service", "mnt-nas.mount"],
    uptime: 39007.51,
    load: [0.42, 1.59, 2.71],
    cores: 16,
    memory: { total: 24684084 * 1024, available: 23937896 * 1024 },
    disks: [
      { path: "/", total: 270553174016, free: 79857709056 },
      { path: "/boot", total: 535805952, free: 480247808 },
    ],
  });
  expect(facts?.systems.current).toEqual({
    path: `${STORE}/aaa-nixos-system-p620-25.11-gaming`,
    version: "25.11",
    kernel: "6.12.8",
    atBoot: {
      kernel: `${STORE}/k8-linux-6.12.8/bzImage`,
      initrd: `${STORE}/i8-initrd-linux-6.12.8/initrd`,
      modules: `${STORE}/m8-linux-6.12.8-modules`,
    },
  });
  // Without modules, as in a container, the kernel's own name says it.
  expect(facts?.systems.booted).toMatchObject({ kernel: "6.12.5", atBoot: { initrd: "", modules: "" } });
  expect([...(facts?.generations ?? [])]).toEqual([
    [9, [`${STORE}/bbb-nixos-system-p620-25.11`]],
    [12, [`${STORE}/ccc-nixos-system-p620-25.11`, `${STORE}/aaa-nixos-system-p620-25.11-gaming`]],
  ]);
  expect([...(facts?.asked ?? [])]).toEqual([
    ["nginx.service", "active"],
    ["bad", "failed"],
  ]);
});

test("what was cut off is nothing, and what is missing is not known", () => {
  expect(parseFacts(SAID.replace("\x1eend\n", ""))).toBeUndefined();
  expect(parseFacts("This account is currently not available.\n")).toBeUndefined();
  expect(parseFacts("\x1esystems\n\x1edisks\n/boot\t\n\x1ememory\n\x1eend\n")).toEqual({
    nixos: false,
    os: "",
    hostname: "",
    systems: {},
    generation: undefined,
    generations: new Map(),
    lastSwitch: undefined,
    systemd: "",
    failed: [],
    asked: new Map(),
    uptime: undefined,
    load: [],
    cores: undefined,
    memory: undefined,
    disks: [],
  });
});

test.each<[line: string, units: string[]]>([
  ["● bad.service loaded failed failed bad.service", ["bad.service"]],
  ["* bad.service loaded failed failed bad.service", ["bad.service"]],
  ["× bad.service loaded failed failed bad.service", ["bad.service"]],
  ["  bad.service loaded failed failed bad.service", ["bad.service"]],
  ["dev-disk-by\\x2dlabel-swap.swap loaded failed failed Swap", ["dev-disk-by\\x2dlabel-swap.swap"]],
  ["microvm@web.service not-found failed failed microvm@web.service", ["microvm@web.service"]],
  ["0 loaded units listed.", []],
])("failed units, as old and new systemd print them: %s", (line, units) => {
  expect(parseFacts(`\x1efailed\n${line}\n\x1eend\n`)?.failed).toEqual(units);
});

test.each<[text: string, name: string]>([
  ['PRETTY_NAME="Debian GNU/Linux 13 (trixie)"', "Debian GNU/Linux 13 (trixie)"],
  ["PRETTY_NAME=Alpine", "Alpine"],
  ["PRETTY_NAME='It'", "It"],
  ['PRETTY_NAME="a \\"b\\""', 'a "b"'],
  ["NAME=x", ""],
])("os-release %s", (text, name) => {
  expect(parseFacts(`\x1eos\n${text}\n\x1eend\n`)?.os).toBe(name);
});

test.each<[link: string, number: number | undefined]>([
  ["system-42-link", 42],
  ["/nix/var/nix/profiles/system-7-link", 7],
  ["/nix/var/nix/profiles/system-*-link", undefined],
  ["my-system-7-link", undefined],
  ["", undefined],
])("generation of %p", (link, number) => {
  expect(generationOf(link)).toBe(number);
});
