import { expect, test } from "bun:test";
import { comparisonLines } from "../../../../src/units/host/compare.ts";

const none = { stop: [], start: [], restart: [], reload: [], leave: [], systemd: false };
const same = {
  ...{ before: "/nix/store/a", after: "/nix/store/b", packages: [], reboot: [], activation: none },
  units: { added: [], removed: [], changed: [] },
};

test("a comparison in lines", () => {
  expect(comparisonLines(same)).toEqual(["no package changed"]);
  expect(
    comparisonLines({
      ...same,
      packages: [
        { name: "linux", before: ["6.12.1"], after: ["6.12.5"], bytes: 3_000_000 },
        { name: "foo", before: [], after: [""], bytes: 0 },
        { name: "bar", before: [], after: [], bytes: 9000 },
      ],
      units: { added: ["new.service"], removed: [], changed: ["web.service"] },
      activation: { ...none, restart: ["web.service"], systemd: true },
      reboot: ["kernel"],
    }),
  ).toEqual([
    "3 packages changed, +2.9 MiB",
    "  linux: 6.12.1 → 6.12.5",
    "  foo: ∅ → -",
    "  bar",
    "new units: new.service",
    "changed units: web.service",
    "restarts: web.service",
    "systemd itself is started anew",
    "in force only after a reboot: kernel",
  ]);
  const many = Array.from({ length: 14 }, (_, at) => `unit${at}.service`);
  expect(comparisonLines({ ...same, activation: { ...none, stop: many } })[1]).toEndWith(
    "unit11.service and 2 more",
  );
});
