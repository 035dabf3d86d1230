import { expect, test } from "bun:test";
import {
  BOOT_SERVICE,
  DEPLOY_SERVICE,
  parseShow,
  parseTime,
  unitFiles,
} from "../../../src/systemd/timers.ts";

const lineOf = (unit: string, program: string, root: string, ...targets: string[]) =>
  /^ExecStart=(.*)$/m.exec(unitFiles({ program, root, targets, at: "daily" })[unit] ?? "")?.[1];
const execStart = (...words: [program: string, root: string, ...targets: string[]]) =>
  lineOf(DEPLOY_SERVICE, ...words);

test.each([
  ["plain words", execStart("/bin/homelab", "/opt/homelab"), "/bin/homelab -C /opt/homelab deploy-all"],
  ["targets", execStart("/bin/homelab", "/r", "sonarr", "shows"), "/bin/homelab -C /r deploy sonarr shows"],
  ["blanks and quotes", execStart("/my bin/h", '/a "b"\\c'), '"/my bin/h" -C "/a \\"b\\"\\\\c" deploy-all'],
  ["specifiers and variables", execStart("/h", "/100%/$HOME"), "/h -C /100%%/$$HOME deploy-all"],
])("a command line with %s", (_, line, want) => expect(line).toBe(`${want} --lock-wait 30m`));

test.each([
  ["everything", [], "all"],
  ["targets", ["media", "plex"], "media plex"],
])("at boot %s comes up, also when Docker takes its time", (_, targets, want) =>
  expect(lineOf(BOOT_SERVICE, "/h", "/r", ...targets)).toBe(
    `/h -C /r ensure ${want} --lock-wait 30m --docker-wait 5m`,
  ),
);

test("parseShow() reads blocks, values with signs of equality, and empty values", () => {
  expect(parseShow("Id=a.timer\nA=b=c\n\nId=b.service\nA=\n")).toEqual([
    { Id: "a.timer", A: "b=c" },
    { Id: "b.service", A: "" },
  ]);
});

test.each([
  ["Sun 2026-11-22 04:03:11 UTC", "2026-11-22T04:03:11.000Z"],
  ["n/a", undefined],
  ["", undefined],
  [undefined, undefined],
])("parseTime(%j)", (text, want) => expect(parseTime(text)?.toISOString()).toBe(want));
