import { expect, test } from "bun:test";
import { isOpen, leftTo, parseGoing } from "../../../../src/units/host/going.ts";

const [OLD, NEW] = ["/nix/store/aaa-nixos-system-web-1", "/nix/store/bbb-nixos-system-web-2"];
const said = ({
  state = "waiting 4",
  goal = "switch",
  generation = "-",
  seen = "130.50",
  up = "142.75",
} = {}) =>
  [
    ...["/run/homelab/deploy/m1abc-12ef", state, OLD, NEW, goal, generation, "600", "120"],
    ...["ada@laptop, homelab host deploy web, since 11:42:07 UTC", "100.00", seen, up, ""],
  ].join("\n");

test("a switch that waits, and when somebody who waits for it was heard of", () => {
  expect(parseGoing(said())).toEqual({
    id: "m1abc-12ef",
    ...{ before: OLD, after: NEW, goal: "switch", generation: undefined, limit: 600, patience: 120 },
    holder: "ada@laptop, homelab host deploy web, since 11:42:07 UTC",
    state: { state: "waiting", code: 4, text: "" },
    ...{ seen: "130.50", unseen: 12.25 },
  });
});

test("while nobody has been heard of, since its beginning", () => {
  expect(parseGoing(said({ seen: "" }))).toMatchObject({ seen: "", unseen: 42.75 });
});

test("a rollback that is only tried", () => {
  expect(parseGoing(said({ goal: "test", generation: "41" }))).toMatchObject({
    goal: "test",
    generation: 41,
  });
});

test.each([
  ["testing 0", true],
  ["waiting 0", true],
  ["committing 0", true],
  ["returning 4 unhealthy", false],
  ["done 0", false],
  ["returned 0 unconfirmed", false],
])("%s can still come to a good end: %p", (state, open) => {
  const going = parseGoing(said({ state }));
  expect(going && isOpen(going)).toBe(open);
});

test.each([
  ["", "nothing"],
  ["/etc\nwaiting 0\n", "a directory that is not its own"],
  [said().split("\n").slice(0, 6).join("\n"), "what was cut off"],
  [said({ state: "resting 0" }), "a state that there is not"],
])("%p is no switch: %s", (text) => {
  expect(parseGoing(text)).toBeUndefined();
});

test.each([
  ["nobody was heard of for long", {}, "left"],
  ["nobody was heard of for a moment", { up: "139.00" }, undefined],
  ["somebody was heard of", { seen: "141.00" }, "attended"],
  ["it has come to its end", { state: "done 0" }, "closed"],
  ["it has come to its end, and somebody was heard of", { state: "done 0", seen: "141.00" }, "closed"],
  ["it goes back", { state: "returning 0 unconfirmed" }, "closed"],
])("who a switch is left to: %s", (_, later, want) => {
  const first = parseGoing(said({ up: "138.00" }));
  const going = parseGoing(said(later));
  expect(first && going && leftTo(first, going)).toBe(want as never);
});

test("another switch is that of somebody else", () => {
  const first = parseGoing(said());
  expect(first && leftTo({ ...first, id: "other" }, first)).toBe("attended");
});
