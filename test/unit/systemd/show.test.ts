import { expect, test } from "bun:test";
import { byName } from "../../../src/systemd/show.ts";

test("what was asked for by pattern is told apart by its id", () => {
  const text = `Id=microvm@vm1.service
LoadState=loaded
ActiveState=active
SubState=running

Id=microvm@vm2.service
LoadState=loaded
ActiveState=failed

LoadState=loaded
`;
  const units = byName(text);
  expect([...units.keys()]).toEqual(["microvm@vm1.service", "microvm@vm2.service"]);
  expect(units.get("microvm@vm1.service")).toMatchObject({
    load: "loaded",
    active: "active",
    sub: "running",
  });
  expect(units.get("microvm@vm2.service")?.active).toBe("failed");
  expect([...byName("")]).toEqual([]);
});
