import { expect, test } from "bun:test";
import { foregroundUnit } from "../../../../src/units/microvm/foreground.ts";
import {
  type Belonging,
  belongingOf,
  bytesOf,
  FOREGROUND_UNIT,
  type Found,
  INSTALL_UNIT,
  isAtWork,
  largest,
  type Named,
  parseFiles,
  unitNames,
  VM_UNIT,
} from "../../../../src/units/microvm/orphans.ts";

const FLAKE = "git+file:///root/infra";
const named: Named = {
  recipes: new Set(["recipe"]),
  anywhere: new Set(["recipe", "elsewhere"]),
  declared: new Set(["declared"]),
  flakes: new Map([
    [FLAKE, { names: new Set(["web"]) }],
    ["github:gone/gone", { trouble: "its flake cannot be evaluated: it is not there" }],
  ]),
};
const dir = (kind: "declarative" | "imperative" | "bare"): Found["dir"] => ({
  name: "x",
  declarative: kind === "declarative",
  hasFlake: kind === "imperative",
  runners: {},
});

test.each<[name: string, dir: Found["dir"], flake: string | undefined, is: Belonging["is"], why: string]>([
  ["recipe", dir("imperative"), FLAKE, "named", "a recipe names it"],
  ["recipe", undefined, undefined, "named", "a recipe names it"],
  ["declared", dir("declarative"), undefined, "named", "its host's configuration declares it"],
  ["declared", dir("imperative"), FLAKE, "named", "its host's configuration declares it"],
  ["web", dir("imperative"), FLAKE, "named", `${FLAKE} has it`],
  ["old", dir("imperative"), FLAKE, "orphan", `${FLAKE} has it no more`],
  ["old", dir("declarative"), undefined, "orphan", "its host's configuration declares it no more"],
  ["old", undefined, undefined, "orphan", "a unit without a state directory"],
  ["old", dir("imperative"), "github:gone/gone", "unknown", "its flake cannot be evaluated: it is not there"],
  ["old", dir("imperative"), "path:/new", "unknown", "path:/new was not evaluated"],
  ["old", dir("imperative"), undefined, "unknown", "its `flake` file could not be read"],
  ["old", dir("bare"), undefined, "unknown", "nothing says what it was made from"],
  ["elsewhere", dir("imperative"), FLAKE, "unknown", "a recipe of that name says that it is on another host"],
])("%s: %j, %p is %s", (name, of, flake, is, why) => {
  const belongs = belongingOf({ name, dir: of, flake }, named);
  expect([belongs.is, belongs.is === "named" ? belongs.by : belongs.why]).toEqual([is, why]);
});

test("names of units", () => {
  const units =
    "microvm@vm1.service loaded active running MicroVM 'vm1'\nmicrovm-virtiofsd@vm1.service loaded\n\n";
  expect([...unitNames(units, VM_UNIT)]).toEqual(["vm1"]);
  const files = "install-microvm-vm-2.service enabled enabled\nmicrovms.target enabled\n";
  expect([...unitNames(files, INSTALL_UNIT)]).toEqual(["vm-2"]);
  expect([...unitNames("", VM_UNIT)]).toEqual([]);
});

test("files with the room that they take, the largest first", () => {
  const at = (name: string) => `/var/lib/microvms/${name}`;
  const files = parseFiles(
    `8\t${at("vm1")}\tvar.img\0${"0"}\t${at("vm1")}\tsub/a\tb\nc\0${"8"}\t${at("vm1")}\tflake\0${"0"}\t${at("vm2")}\tempty\0`,
  );
  expect([...files]).toEqual([
    [
      "vm1",
      [
        { name: "var.img", bytes: 4096 },
        { name: "sub/a\tb\nc", bytes: 0 },
      ],
    ],
    ["vm2", [{ name: "empty", bytes: 0 }]],
  ]);
  const all = [
    { name: "b", bytes: 1 },
    { name: "a", bytes: 1 },
    { name: "c", bytes: 9 },
  ];
  expect(largest(all, 2).map(({ name }) => name)).toEqual(["c", "a"]);
  expect(bytesOf(all)).toBe(11);
});

test.each([
  ["active", false, true],
  ["activating", false, true],
  ["deactivating", false, true],
  ["inactive", true, true],
  ["inactive", false, false],
  ["failed", false, false],
])("a unit that is %s (queued: %p) may write: %p", (active, queued, expected) => {
  expect(isAtWork({ active, queued })).toBe(expected);
});

test("a run in the foreground is known by its unit", () => {
  const unit = foregroundUnit("my-vm");
  expect(unitNames(`${unit} loaded active running MicroVM`, FOREGROUND_UNIT)).toEqual(new Set(["my-vm"]));
});
