import { expect, test } from "bun:test";
import { blockedText, blockersOf, refuseBlocked } from "../../../../src/units/host/blockers.ts";

const json = (value: unknown) => JSON.stringify(value);

test.each([
  ["the same", json({ dbus: "a" }), json({ dbus: "a" }), []],
  ["only one has it", json({ dbus: "a" }), json({ init: "a" }), []],
  ["another one", json({ dbus: "a", b: "x" }), json({ b: "y", dbus: "b" }), ["b", "dbus"]],
  ["none at all", "", "", []],
  ["a list, as a module of somebody's writes it", "/nix/store/a\n/nix/store/b", json({ dbus: "b" }), []],
  ["no object", json(["a"]), json(null), []],
  ["a name that all objects have", json({}), json({ toString: "x" }), []],
])("%s", (_, before, after, names) => {
  expect(blockersOf([before, "systemd 2"], [after, "systemd 2\n"]).map(({ name }) => name)).toEqual(names);
});

test("what is spoken to the first process", () => {
  expect(blockersOf(["", "systemd 2"], ["", "systemd 3"])).toEqual([
    { name: "init", before: "systemd 2", after: "systemd 3" },
  ]);
  expect(blockersOf(["", ""], ["", ""])).toEqual([]);
});

test("what is said of it", () => {
  const store = "/nix/store/bwixxvml9av0v77f16jgxli362drx9m8-";
  const blockers = blockersOf(
    [json({ dbus: `${store}dbus-1.14` }), ""],
    [json({ dbus: `${store}dbus-broker-36` }), "systemd 2"],
  );
  expect(blockedText(blockers)).toBe(
    "cannot be switched to while it runs: dbus: dbus-1.14 → dbus-broker-36, init: none → systemd 2",
  );
  expect(blockedText([])).toBeUndefined();
  expect(() => refuseBlocked("web", [], "host deploy web")).not.toThrow();
  expect(() => refuseBlocked("web", blockers, "host deploy web")).toThrow(
    "the new system of web cannot be switched to while it runs: dbus: ",
  );
});
