import { expect, test } from "bun:test";
import type { KnownIssue } from "../../../src/issues/severity.ts";
import { style } from "../../../src/report/style.ts";
import { issueLines, packageLines } from "../../../src/report/update.ts";

test("packages that change, new ones, those that go, and what it comes to", () => {
  const change = (name: string, before: string[], after: string[], bytes = 0) => ({
    name,
    before,
    after,
    bytes,
  });
  expect(
    packageLines([
      change("firefox", ["120.0"], ["121.0"], 1024),
      change("glibc", [], [], 2048),
      change("libfoo", ["1.2", "1.3"], ["1.4"]),
      change("tool", [], ["4.5.6"]),
      change("etc", [], [""]),
      change("old", ["1"], []),
    ]),
  ).toEqual([
    "change:",
    "  firefox: 120.0 → 121.0",
    "  libfoo: 1.2, 1.3 → 1.4",
    "new:",
    "  tool 4.5.6",
    "  etc -",
    "go:",
    "  old 1",
    "6 packages changed, +3.0 KiB",
  ]);
  expect(packageLines([])).toEqual(["no package changed"]);
});

const issue = (more: Partial<KnownIssue>): KnownIssue => ({
  ...{
    number: 5,
    title: "app\u001b[2J breaks",
    url: "https://github.com/NixOS/nixpkgs/issues/5",
    labels: [],
  },
  ...{ open: true, package: "app", version: "2.1", severity: "high" },
  ...more,
});

test("known issues, and what was not looked at", () => {
  const issues = [
    issue({}),
    issue({ number: 4, open: false, severity: "medium", title: "app" }),
    issue({ severity: "low" }),
  ];
  const unchecked = [..."abcdefghij"];
  expect(issueLines({ issues, checked: ["app"], unchecked, problem: "no answer" }, style(false))).toEqual([
    "known issues of what comes:",
    "  high      app 2.1: #5 app\\x1b[2J breaks",
    "            https://github.com/NixOS/nixpkgs/issues/5",
    "  medium    app 2.1: #4 app (closed after this nixpkgs was made)",
    "            https://github.com/NixOS/nixpkgs/issues/5",
    "  1 other issue names one of the packages, and nothing of its new version",
    "not checked: a, b, c, d, e, f, g, h and 2 more (no answer)",
  ]);
});

test("nothing known is only said of what was asked for", () => {
  const none = { issues: [], problem: undefined };
  const lines = (checked: string[], unchecked: string[]) =>
    issueLines({ ...none, checked, unchecked, problem: "no answer" }, style(false));
  expect(lines(["a"], [])).toEqual(["no known issue speaks against the 1 package that comes"]);
  expect(lines(["a", "b"], ["c"])).toEqual([
    "no known issue speaks against the 2 packages that come",
    "not checked: c (no answer)",
  ]);
  expect(lines([], ["c"])).toEqual(["not checked: c (no answer)"]);
  expect(lines([], [])).toEqual([]);
});
