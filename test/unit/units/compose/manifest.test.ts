import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import type { Manifest } from "../../../../src/store/releases.ts";
import { drift, hashText } from "../../../../src/units/compose/manifest.ts";
import { temporary, write } from "../../temporary.ts";
import { placeOf } from "./places.ts";

const FILES = { "compose.yml": "services: {}\n", ".env": "A=1\n", "conf/app.env": "B=2\n" };

const manifest: Manifest = {
  files: [
    ["compose.yml", hashText(FILES["compose.yml"])],
    [".env", hashText(FILES[".env"])],
    ["conf/app.env", hashText(FILES["conf/app.env"])],
    ["optional.env", null],
    ["../shared.env", null],
  ],
  variables: [
    ["TZ", hashText("Europe/Berlin")],
    ["UNSET", null],
  ],
};

const CASES: [string, Record<string, string>, string[], Record<string, string>, string[]][] = [
  ["nothing", {}, [], {}, []],
  ["a file that was edited", { "compose.yml": "services: {a: {}}\n" }, [], {}, ["compose.yml"]],
  ["a file in a directory of its own", { "conf/app.env": "B=3\n" }, [], {}, ["conf/app.env"]],
  ["a file that was removed", {}, [".env"], {}, [".env"]],
  ["a referenced file that appeared", { "optional.env": "" }, [], {}, ["optional.env"]],
  ["a file outside that appeared", { "../shared.env": "x=1" }, [], {}, ["../shared.env"]],
  ["an override file that appeared", { "compose.override.yml": "{}" }, [], {}, ["compose.override.yml"]],
  ["a compose file that comes before the other", { "compose.yaml": "{}" }, [], {}, ["compose.yaml"]],
  ["a file that compose does not look at", { "README.md": "x" }, [], {}, []],
  ["a variable that changed", {}, [], { TZ: "UTC" }, ["the variable TZ of the environment"]],
  ["a variable that appeared", {}, [], { UNSET: "" }, ["the variable UNSET of the environment"]],
  ["a variable that nothing uses", {}, [], { OTHER: "x" }, []],
  [
    "several",
    { ".env": "A=2\n" },
    ["compose.yml"],
    { UNSET: "x" },
    ["compose.yml", ".env", "the variable UNSET of the environment"],
  ],
];

test.each(CASES)("drift() sees %s", (_, written, removed, env, want) => {
  using dir = temporary(
    Object.fromEntries(Object.entries(FILES).map(([file, text]) => [`service/${file}`, text])),
  );
  const service = `${dir.path}/service`;
  for (const [file, text] of Object.entries(written)) write(`${service}/${file}`, text);
  for (const file of removed) rmSync(`${service}/${file}`);
  expect(drift(manifest, placeOf(service), { TZ: "Europe/Berlin", ...env })).toEqual(want);
});

test("drift() sees a variable that went away", () => {
  using dir = temporary(FILES);
  expect(drift(manifest, placeOf(dir.path), {})).toEqual(["the variable TZ of the environment"]);
});

test("drift() of a directory that has gone is all its files", () => {
  expect(drift(manifest, { path: "/nowhere", files: new Set() }, { TZ: "Europe/Berlin" })).toEqual([
    "compose.yml",
    ".env",
    "conf/app.env",
  ]);
});

test("hashText() tells contents apart and does not show them", () => {
  expect([hashText("secret"), hashText(Buffer.from("secret")), hashText("secret2")]).toEqual([
    "K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72",
    "K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72",
    expect.not.stringContaining("K7gNU3s"),
  ]);
});
