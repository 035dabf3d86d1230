import { describe, expect, test } from "bun:test";
import type { NewPackage } from "../../../src/issues/package.ts";
import { isAbout, knownIssues, severityOf, versionIn } from "../../../src/issues/severity.ts";

const issue = (title: string, labels: string[] = [], open = true) => ({
  ...{ number: 1, title, labels, open },
  url: "https://github.com/NixOS/nixpkgs/issues/1",
});
const of = (name: string, versions: string, inUnit = false): NewPackage => ({
  name,
  versions: versions.split(", "),
  inUnit,
});

describe("the version in a title", () => {
  test.each<[title: string, name: string, versions: string, want: string]>([
    ["systemd 254.x fails to boot on UEFI", "systemd", "254.6", "named"],
    ["systemd 254 fails", "systemd", "254.6", "named"],
    ["systemd-254.6: units hang", "systemd", "254.6", "named"],
    ["systemd: v254.6 hangs", "systemd", "254.6", "named"],
    ["systemd 253 fails", "systemd", "254.6", "other"],
    ["systemd 25 fails", "systemd", "254.6", "other"],
    ["linux 6.6 does not suspend", "linux", "6.6.3", "named"],
    ["linux 6.6.1 does not suspend", "linux", "6.6.3", "other"],
    ["linux: no sound since 6.6.1 or 6.6.3", "linux", "6.6.3", "named"],
    ["linux: 2 of 3 tests fail", "linux", "6.6.3", "none"],
    ["firefox crashes", "firefox", "121.0", "none"],
    ["firefox 121.0b3 crashes", "firefox", "121.0", "none"],
    ["python3.12-requests: build fails", "python3.12-requests", "2.32", "none"],
    ["linux_6_6: data loss", "linux", "6.6.3", "named"],
    ["linux_6_1: data loss", "linux", "6.6.3", "other"],
    ["linux_latest: data loss", "linux", "6.6.3", "none"],
    ["vim 9 or vim 9.1", "vim", "8.2, 9.1", "named"],
  ])("%s: of %s %s it is %s", (title, name, versions, want) => {
    expect(versionIn(title, of(name, versions))).toBe(want as ReturnType<typeof versionIn>);
  });
});

test.each<[title: string, name: string, want: boolean]>([
  ["firefox: crashes", "firefox", true],
  ["[25.11] Firefox crashes", "firefox", true],
  ["firefox-esr crashes", "firefox", false],
  ["systemd-254.6 fails to boot", "systemd", true],
  ["systemd-v254 fails to boot", "systemd", true],
  ["linux-6.6.3: NVMe data loss", "linux", true],
  ["linux_6_6: data loss", "linux", true],
  ["linux-firmware is too large", "linux", false],
  ["linux_latest: data loss", "linux", false],
  ["gcc13 crashes", "gcc", false],
  ["xfirefox crashes", "firefox", false],
  ["gcc and g++ disagree", "g++", true],
])("%s: whether it is about %s: %p", (title, name, want) => {
  expect(isAbout(title, { name })).toBe(want);
});

describe("how bad an issue is", () => {
  const TITLES = { named: "app 2.1 is bad", none: "app is bad", other: "app 1.0 is bad" };
  // The table of the docstring: version named in a unit, version named, none named in a unit, none named, others named.
  test.each<[label: string, ...want: string[]]>([
    ["1.severity: security", "critical", "critical", "critical", "high", "medium"],
    ["1.severity: channel blocker", "critical", "critical", "critical", "high", "medium"],
    ["0.kind: regression", "critical", "high", "high", "medium", "low"],
    ["0.kind: build failure", "critical", "high", "high", "medium", "low"],
    ["0.kind: bug", "high", "medium", "low", "low", "low"],
    ["", "high", "medium", "low", "low", "low"],
    ["0.kind: enhancement", "low", "low", "low", "low", "low"],
    ["0.kind: packaging request", "low", "low", "low", "low", "low"],
    ["9.needs: package (update)", "low", "low", "low", "low", "low"],
  ])("%s", (label, ...want) => {
    const cases = [
      [TITLES.named, true],
      [TITLES.named, false],
      [TITLES.none, true],
      [TITLES.none, false],
      [TITLES.other, true],
    ] as const;
    expect(
      cases.map(([title, unit]) => severityOf(issue(title, label ? [label] : []), of("app", "2.1", unit))),
    ).toEqual(want as ReturnType<typeof severityOf>[]);
  });

  test.each<[title: string, want: string]>([
    ["app: CVE-2026-12345", "high"],
    ["app 2.x fails to boot on UEFI", "critical"],
    ["app 2.1: kernel panic", "critical"],
    ["app: data loss after a crash", "high"],
    ["Update request: app 1.0 → 2.1", "low"],
    ["app 2.1 is outdated", "low"],
  ])("without a label, %s is %s", (title, want) => {
    expect(severityOf(issue(title), of("app", "2.1"))).toBe(want as ReturnType<typeof severityOf>);
  });

  test("the worst of its labels counts, and one that was closed meanwhile weighs less", () => {
    const labels = ["0.kind: bug", "1.severity: security", "6.topic: nixos"];
    expect(severityOf(issue("app is bad", labels), of("app", "2.1"))).toBe("high");
    expect(severityOf(issue("app is bad", labels, false), of("app", "2.1"))).toBe("medium");
    expect(severityOf(issue("app 2.1 is bad", labels, false), of("app", "2.1"))).toBe("high");
  });
});

test("only what is about a package that was asked for counts", () => {
  const found = knownIssues(
    [issue("app and lib fight"), issue("application hangs")],
    [of("app", "2"), of("lib", "3, 4")],
  );
  expect(found.map((each) => [each.package, each.version, each.title])).toEqual([
    ["app", "2", "app and lib fight"],
    ["lib", "3, 4", "app and lib fight"],
  ]);
});
