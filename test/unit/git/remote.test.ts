import { expect, test } from "bun:test";
import { hostOf, unresolved } from "../../../src/git/remote.ts";

test.each([
  ["https://git.example/me/homelab.git", "git.example"],
  ["https://me:secret@git.example:8443/x", "git.example"],
  ["ssh://git@git.example:22/x", "git.example"],
  ["ssh://git@[fd00::1]/x", "fd00::1"],
  ["git@git.example:me/homelab.git", "git.example"],
  ["git.example:homelab.git", "git.example"],
  ["file:///srv/git/homelab.git", undefined],
  ["/srv/git/homelab.git", undefined],
  ["../homelab.git", undefined],
  ["./a:b", undefined],
  ["", undefined],
])("hostOf(%j) is %j", (address, want) => expect(hostOf(address)).toBe(want));

test("a name that the system knows is resolved, and one that cannot be is not", async () => {
  expect(await unresolved("localhost")).toBeUndefined();
  expect(await unresolved("no-such-host.invalid")).toBeString();
});
