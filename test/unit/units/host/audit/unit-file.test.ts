import { expect, test } from "bun:test";
import { UnitFile, unitsOf } from "../../../../../src/units/host/audit/unit-file.ts";

test("sections, comments, continued lines and spaces", () => {
  const unit = new UnitFile([
    [
      "# [Service] of a comment",
      "[Unit]",
      "User=nobody",
      "[Service]",
      "; User=other",
      "User = web",
      "ExecStart=/bin/serve --port 80 \\",
      "  # in the middle",
      "  --quiet",
      "Environment=A=1 B=2",
      "no setting at all",
      "[Install]",
      "Type=oneshot",
      "[Service]",
      "Group=a\\\\",
      "ExecStartPre=a \\ ",
      "PrivateTmp=yes\\",
    ].join("\n"),
  ]);
  expect(unit.last("User")).toBe("web");
  expect(unit.all("ExecStart")).toEqual(["/bin/serve --port 80  --quiet"]);
  expect(unit.last("Environment")).toBe("A=1 B=2");
  expect(unit.last("Type")).toBeUndefined();
  expect(unit.last("PrivateTmp")).toBe("yes");
  expect(unit.last("Group")).toBe("a\\\\");
  expect(unit.last("ExecStartPre")).toBe("a \\");
  expect(new UnitFile([]).all("ExecStart")).toEqual([]);
});

test("settings that are repeated, and an empty one that takes them back", () => {
  const unit = new UnitFile([
    "[Service]\nExecStart=a\nExecStart=b\nUser=one\nUser=two\n",
    "[Service]\nExecStart=\nExecStart=c\n",
  ]);
  expect(unit.all("ExecStart")).toEqual(["c"]);
  expect(unit.last("User")).toBe("two");
  expect(new UnitFile(["[Service]\nCapabilityBoundingSet="]).last("CapabilityBoundingSet")).toBe("");
});

test("drop-ins belong to their unit, in the order of their names; alone they are none", () => {
  const units = unitsOf(
    new Map([
      ["web.service.d/20-b.conf", "[Service]\nUser=b\n"],
      ["web.service", "[Service]\nUser=own\n"],
      ["web.service.d/10-a.conf", "[Service]\nUser=a\n"],
      ["gone.service.d/overrides.conf", "[Service]\nUser=a\n"],
    ]),
  );
  expect([...units.keys()]).toEqual(["web.service"]);
  expect(units.get("web.service")?.last("User")).toBe("b");
});
