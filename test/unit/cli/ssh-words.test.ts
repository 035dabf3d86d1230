import { expect, test } from "bun:test";
import { remoteCommand, splitSsh } from "../../../src/cli/ssh-words.ts";
import { HomelabError } from "../../../src/errors.ts";

test.each<[words: string[], name: string, command: string[]]>([
  [["vm1"], "vm1", []],
  [["vm1", "--", "ping", "-c", "3", "1.1.1.1"], "vm1", ["ping", "-c", "3", "1.1.1.1"]],
  [["vm1", "ping -c 3 1.1.1.1"], "vm1", ["sh", "-c", "ping -c 3 1.1.1.1"]],
  [["vm1", "--", "ip addr; ip route"], "vm1", ["sh", "-c", "ip addr; ip route"]],
  [["vm1", "uptime"], "vm1", ["uptime"]],
  [["vm1", "/run/current-system/sw/bin/df"], "vm1", ["/run/current-system/sw/bin/df"]],
  [["vm1", "ls", "a b", "$HOME"], "vm1", ["ls", "a b", "$HOME"]],
  [["vm1", "--", "echo", "--", "x"], "vm1", ["echo", "--", "x"]],
])("%j", (words, name, command) => {
  const split = splitSsh("vm", words);
  expect([split.name, remoteCommand(split.typed)]).toEqual([name, command]);
});

test.each<[words: string[], message: string]>([
  [[], "`vm ssh` needs a MicroVM"],
  [["--", "ls"], "`vm ssh` needs a MicroVM"],
  [["vm1", "--"], "there is no command behind `--`"],
  [["vm1", "vm2", "--", "ls"], "unexpected word `vm2` between `vm1` and `--`"],
])("%j is refused", (words, message) => {
  expect(() => splitSsh("vm", words)).toThrow(new HomelabError("usage", message));
});

test("each command speaks of its own", () => {
  expect(() => splitSsh("host", [])).toThrow("`host ssh` needs a host");
  expect(splitSsh("host", ["p620", "df -h; uptime"])).toEqual({ name: "p620", typed: ["df -h; uptime"] });
});
