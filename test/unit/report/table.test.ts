import { expect, test } from "bun:test";
import { style } from "../../../src/report/style.ts";
import { table } from "../../../src/report/table.ts";

const plain = style(false);

test("aligns columns and leaves no trailing spaces", () => {
  const rows = [
    ["plex", "ready", "up 3 min"],
    ["sonarr-shows", "held", ""],
    ["日本", "", "x"],
  ];
  expect(table(rows, { style: plain })).toBe(
    ["plex          ready  up 3 min", "sonarr-shows  held", "日本                 x", ""].join("\n"),
  );
});

test("colours take no width", () => {
  const s = style(true);
  expect(
    table(
      [
        [s.green("ok"), "a"],
        ["failed", "b"],
      ],
      { style: s, headings: ["state", "id"] },
    ),
  ).toBe([`${s.dim("state")}   ${s.dim("id")}`, `${s.green("ok")}      a`, "failed  b", ""].join("\n"));
});

test("cuts lines to the columns that are there", () => {
  expect(table([["a", "a long description"]], { style: plain, columns: 10 })).toBe("a  a long…\n");
});

test("no rows are no lines", () => {
  expect(table([], { style: plain })).toBe("");
});
