import { expect, test } from "bun:test";
import { labelsOf, logFormatter } from "../../../src/report/logs.ts";
import { style } from "../../../src/report/style.ts";

const source = (id: string, recipe: string, service: string) => ({
  id,
  recipe,
  service,
  name: `${recipe}-${id}`,
});

test("labels say as much as it takes to tell the containers apart", () => {
  const sources = [
    source("1", "plex", "app"),
    source("2", "immich", "server"),
    source("3", "immich", "db"),
    source("4", "web", "app"),
    source("5", "web", "app"),
  ];
  expect([...labelsOf(sources).values()]).toEqual([
    "plex",
    "immich/server",
    "immich/db",
    "web/web-4",
    "web/web-5",
  ]);
});

const line = (text: string) => ({ stream: "stdout" as const, time: "2026-11-21T03:12:05.123456789Z", text });
const two = new Map([
  ["1", "plex"],
  ["2", "sonarr"],
]);

test.each([
  ["one source has no label", new Map([["1", "plex"]]), false, false, "hello", "hello\n"],
  ["several have one each", two, false, false, "hello", "plex   | hello\n"],
  ["with the time", two, false, true, "hello", "plex   | 2026-11-21T03:12:05.123Z hello\n"],
  ["without colour, those of the program go", two, false, false, "\x1b[31mred\x1b[0m", "plex   | red\n"],
  ["with colour, they stay", new Map([["1", "plex"]]), true, false, "\x1b[31mred", "\x1b[31mred\x1b[0m\n"],
  [
    "what would drive the terminal is only shown",
    new Map([["1", "plex"]]),
    true,
    false,
    "a\x07\x1b[2Jb",
    "a\\x07\\x1b[2Jb\n",
  ],
])("logFormatter(): %s", (_, labels, colour, timestamps, text, want) => {
  expect(logFormatter(labels, style(colour), { timestamps })("plex", line(text))).toBe(want);
});
