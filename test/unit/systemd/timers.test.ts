import { expect, test } from "bun:test";
import { DEPLOY_SERVICE, parseShow, parseTime, unitFiles } from "../../../src/systemd/timers.ts";

const execStart = (program: string, root: string, ...targets: string[]) =>
  /^ExecStart=(.*)$/m.exec(unitFiles({ program, root, targets, at: "daily" })[DEPLOY_SERVICE] ?? "")?.[1];

test.each([
  ["plain words", execStart("/bin/homelab", "/opt/homelab"), "/bin/homelab -C /opt/homelab deploy-all"],
  ["targets", execStart("/bin/homelab", "/r", "sonarr", "shows"), "/bin/homelab -C /r deploy sonarr shows"],
  ["blanks and quotes", execStart("/my bin/h", '/a "b"\\c'), '"/my bin/h" -C "/a \\"b\\"\\\\c" deploy-all'],
  ["specifiers and variables", execStart("/h", "/100%/$HOME"), "/h -C /100%%/$$HOME deploy-all"],
])("a command line with %s", (_, line, want) => expect(line).toBe(`${want} --lock-wait 30m`));

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
