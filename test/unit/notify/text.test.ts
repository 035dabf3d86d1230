import { describe, expect, test } from "bun:test";
import { decideNews, sightOf } from "../../../src/notify/news.ts";
import { bodyOf, type Form, shorten, titleOf } from "../../../src/notify/text.ts";
import type { Result } from "../../../src/plan/types.ts";
import { ended } from "../report/examples.ts";
import { BACK, GOOD } from "../report/host-reports.ts";
import { AT, everything, newsOf, ORIGIN } from "./messages.ts";

const form = (limit: number, more: Partial<Form> = {}): Form => ({
  limit,
  measure: (text) => text.length,
  fences: false,
  quote: (text) => text,
  ...more,
});

test("says what happened, why, what to do, and where to read on", () => {
  const { news } = everything();
  expect(news && bodyOf(news, ORIGIN, form(10_000))).toBe(
    `\`ensure media\` in /opt/homelab

tdarr failed after 31 s: tdarr-app-1 exited with code 3
  | panic: <nil> & more
  | \`\`\`
hint: \`docker logs tdarr-app-1\` shows all that it said
blocked by that: sonarr-shows
still failing: gluetun (for 2 h)
recovered: plex (after 26 h)
changed: prowlarr updated
changed in earlier runs, not told then: r0

details: homelab report r1`,
  );
});

test("between fences, a fence in a log ends nothing, and text is quoted", () => {
  const { news } = everything();
  const quote = (text: string) => text.replaceAll("<", "&lt;");
  expect(news && bodyOf(news, ORIGIN, form(10_000, { fences: true, quote }))).toContain(
    "exited with code 3\n```\npanic: &lt;nil> & more\n'''\n```\nhint: ",
  );
});

describe("what is too long", () => {
  const { news } = everything(Array.from({ length: 20 }, (_, line) => `line ${line} ${"x".repeat(300)}`));
  const text = (limit: number, measure = (part: string) => part.length) =>
    news ? bodyOf(news, ORIGIN, form(limit, { measure })) : "";

  test("loses log lines first, the oldest of them", () => {
    const cut = text(2_000);
    expect(cut.length).toBeLessThanOrEqual(2_000);
    expect(cut).not.toContain("| line 14");
    expect(cut).toContain("| line 15");
    expect(cut).toContain("| line 19");
    expect(cut).toEndWith("details: homelab report r1");
  });

  test("then all of them", () => {
    const cut = text(400);
    expect(cut).not.toContain("| line");
    expect(cut).toContain("hint: ");
    expect(cut).toEndWith("details: homelab report r1");
  });

  test("is cut in the end", () => {
    expect(text(60)).toBe("`ensure media` in /opt/homelab\n\ntdarr failed after 31 s: td…");
  });

  test("a hundred failures are some, and how many more", () => {
    const steps = Array.from({ length: 100 }, (_, index) =>
      ended(`service-${index}`, "create", "failed", { detail: "it exited with code 3", log: ["alas"] }),
    );
    const many = decideNews(sightOf("ensure all", "r2", steps, AT), [], "failure").news;
    const cut = many ? bodyOf(many, ORIGIN, form(1_800)) : "";
    expect(cut.length).toBeLessThanOrEqual(1_800);
    expect(cut).toContain("service-19 failed: it exited with code 3\n");
    expect(cut).toContain("\nand 80 more\n");
    expect(cut).toEndWith("details: homelab report r1");
  });

  test("a limit in bytes is kept, and no character is halved", () => {
    const bytes = (part: string) => Buffer.byteLength(part);
    const cut = shorten("ä€😀".repeat(100), { limit: 50, measure: bytes });
    expect(bytes(cut)).toBeLessThanOrEqual(50);
    expect(cut).toMatch(/^(ä€😀)+(ä(€)?)?…$/u);
  });
});

describe("a title is", () => {
  const title = (results: readonly (readonly [string, Result])[], known: readonly string[] = []) => {
    const steps = results.map(([id, result]) => ended(id, "update", result));
    const told = known.map((id) => ({ kind: "failed", id, code: "x", since: 1 }) as const);
    const { news } = decideNews(sightOf("ensure all", "r1", steps, AT), told, "change");
    return news && titleOf(news, { host: "hl15" });
  };
  test.each([
    ["hl15: a failed", [["a", "failed"]], []],
    [
      "hl15: a and b failed",
      [
        ["a", "failed"],
        ["b", "timed-out"],
      ],
      [],
    ],
    [
      "hl15: a, b and 2 more failed",
      [
        ["a", "failed"],
        ["b", "failed"],
        ["c", "failed"],
        ["d", "failed"],
      ],
      [],
    ],
    ["hl15: a blocked", [["a", "blocked"]], []],
    ["hl15: a recovered", [["a", "unchanged"]], ["a"]],
    [
      "hl15: b failed",
      [
        ["a", "unchanged"],
        ["b", "failed"],
      ],
      ["a"],
    ],
    ["hl15: a changed", [["a", "changed"]], []],
  ] as const)("%s", (want, results, known) => expect(title(results, known)).toBe(want));
});

describe("of hosts", () => {
  const move = "nixos-system-web-1 → nixos-system-web-2";
  const said = (step: typeof GOOD) => {
    const news = newsOf([step]);
    return news && bodyOf(news, ORIGIN, form(10_000)).split("\n").slice(2, -2);
  };
  test.each([
    ["a success", GOOD, [`changed: web activated (${move}, 1 warning)`]],
    [
      "one that went back",
      { ...BACK, hint: "see it" },
      [
        `web failed after 7.1 s: bad.service failed; web went back to the system that ran before (${move})`,
        "  | bad.service: no port",
        "hint: see it",
      ],
    ],
  ])("%s", (_, step, want) => expect(said(step)).toEqual(want));
});
