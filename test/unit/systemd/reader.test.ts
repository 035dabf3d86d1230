import { expect, test } from "bun:test";
import { HomelabError } from "../../../src/errors.ts";
import { isClosed, notLetIn } from "../../../src/systemd/reader.ts";

test.each([
  ["", false],
  ["No journal files were found.\n", false],
  [
    "Hint: You are currently not seeing messages from other users and the system.\n      Users in groups 'adm', 'systemd-journal' can see all messages.\n      Pass -q to turn off this notice.\n",
    true,
  ],
  [
    "Hint: You are currently not seeing messages from the system.\n      Users in groups 'adm' can see all messages.\n",
    true,
  ],
  ["No journal files were opened due to insufficient permissions.\n", true],
  ["Failed to open journal: Permission denied\n", true],
])("%j", (stderr, closed) => {
  expect(isClosed(stderr)).toBe(closed);
});

test("who needs root for it and is not given it hears of the group", () => {
  const asks = new HomelabError("permission", "sudo asks", { hint: "log in as root" });
  expect(notLetIn({ name: "p620" }, asks)).toMatchObject({
    code: "permission",
    message: "the journal of p620 cannot be read without root",
    hint: "join the group `systemd-journal` there, or: log in as root",
  });
  const other = new HomelabError("unavailable", "away");
  expect(notLetIn({ name: "p620" }, other)).toBe(other);
});
