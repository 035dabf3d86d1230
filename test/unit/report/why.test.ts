import { describe, expect, test } from "bun:test";
import { style } from "../../../src/report/style.ts";
import { type Cause, chainsOf, condition, hintOf, whyText } from "../../../src/report/why.ts";

const NOW = new Date(2026, 10, 20, 3, 26, 20);
const at = (hours: number, minutes: number, day = 20) =>
  new Date(2026, 10, day, hours, minutes).toISOString();

const cause = (id: string, state: string, detail: string, more: Partial<Cause> = {}): Cause => ({
  id,
  state,
  detail,
  causes: [],
  ...more,
});
const gluetun = cause("gluetun", "unhealthy", "gluetun-app-1 is unhealthy", {
  since: at(3, 12),
  failing: 14,
  probes: [
    { at: at(3, 24), exitCode: 1, output: "dial: connection refused" },
    { at: at(3, 25), exitCode: 1, output: "dial: connection refused" },
    { at: at(3, 26), exitCode: 1, output: "trying\ndial: connection refused" },
  ],
  restarts: { count: 3, at: at(3, 11), exitCode: 137 },
  log: ["no route to host"],
});
const prowlarr = cause("prowlarr", "stopped", "prowlarr-app-1 is stopped (exit code 0, 5 minutes ago)", {
  since: at(3, 20),
  causes: [gluetun],
});
const sonarr = cause("sonarr-shows", "missing", "no containers", {
  lastRun: {
    run: "20261120-031500-abcdef",
    at: at(3, 15),
    result: "blocked",
    detail: "needs prowlarr, which failed",
  },
  causes: [prowlarr],
});
const text = (...targets: Cause[]) => whyText(targets, style(false), NOW);

describe("the chain of a service that is not ready", () => {
  test("is one sentence, and then everything that is known, the cause first", () => {
    expect(
      text(sonarr),
    ).toBe(`sonarr-shows waits for prowlarr, prowlarr needs gluetun, and gluetun has been unhealthy since 03:12 (14 min): the last probe said: dial: connection refused

gluetun is unhealthy since 03:12 (14 min): gluetun-app-1 is unhealthy
  probe at 03:26 (exit code 1): dial: connection refused
  14 probes in a row have failed
  Docker restarted it 3 times, last at 03:11 after exit code 137
  | no route to host
  hint: \`homelab logs gluetun\` shows what it said; \`homelab restart gluetun\` starts it afresh
prowlarr is stopped since 03:20 (6 min): prowlarr-app-1 is stopped (exit code 0, 5 minutes ago)
sonarr-shows is missing: no containers
`);
  });

  test("names each service once, also for several targets and several ways", () => {
    const again = cause("gluetun", "unhealthy", gluetun.detail, { again: true });
    const other = cause("radarr", "missing", "no containers", { causes: [again] });
    const both = cause("overseerr", "missing", "no containers", { causes: [sonarr, other] });
    expect(chainsOf(both)).toEqual([["overseerr", "radarr", "gluetun"]]);
    expect(text(both).match(/^\S+ (?:is|waits)/gm)).toEqual([
      "overseerr waits",
      "gluetun is",
      "prowlarr is",
      "sonarr-shows is",
      "radarr is",
      "overseerr is",
    ]);
    const targets = [sonarr, other];
    expect(targets.map((target) => chainsOf(target, targets))).toEqual([
      [["sonarr-shows", "prowlarr", "gluetun"]],
      [["radarr", "gluetun"]],
    ]);
    expect(text(...targets).match(/^\S+ (?:is|waits)/gm)).toEqual([
      "sonarr-shows waits",
      "gluetun is",
      "prowlarr is",
      "sonarr-shows is",
      "radarr waits",
      "radarr is",
    ]);
  });

  test("has one sentence for each cause, what is broken before what was never brought up", () => {
    const tdarr = cause("tdarr", "held", "stopped on purpose at 03:01 (`stop tdarr`)");
    const loki = cause("loki", "missing", "no containers");
    expect(
      text({ ...sonarr, causes: [loki, tdarr, prowlarr] })
        .split("\n")
        .slice(0, 4),
    ).toEqual([
      "sonarr-shows waits for prowlarr, prowlarr needs gluetun, and gluetun has been unhealthy since 03:12 (14 min): the last probe said: dial: connection refused",
      "sonarr-shows waits for tdarr, and tdarr is held: stopped on purpose at 03:01 (`stop tdarr`)",
      "sonarr-shows waits for loki, and loki is missing: no containers",
      "",
    ]);
  });

  test("ends at what was stopped on purpose as well, whatever that needs", () => {
    const held = cause("prowlarr", "held", "stopped on purpose at 03:01 (`stop prowlarr`)", {
      since: at(3, 1),
      held: { at: at(3, 1), command: "stop prowlarr" },
      causes: [gluetun],
    });
    const lines = text({ ...sonarr, causes: [held] }).split("\n");
    expect(lines.slice(0, 2)).toEqual([
      "sonarr-shows waits for prowlarr, prowlarr needs gluetun, and gluetun has been unhealthy since 03:12 (14 min): the last probe said: dial: connection refused",
      "sonarr-shows waits for prowlarr, and prowlarr is held: stopped on purpose at 03:01 (`stop prowlarr`)",
    ]);
    expect(lines).toContain("prowlarr is held: stopped on purpose at 03:01 (`stop prowlarr`)");
    expect(lines).toContain("  hint: `homelab ensure prowlarr` starts it, and ends the hold");
  });

  test("tells how the last run ended where that says more", () => {
    const run = { run: "20261120-031500-abcdef", at: at(3, 15), result: "failed" };
    const web = (detail: string) => text(cause("web", "failed", "it is so", { lastRun: { ...run, detail } }));
    expect(web("not ready in time: it is so")).toContain(
      "\n  the last run, at 03:15, ended with that (`homelab report 20261120-031500-abcdef`)\n",
    );
    expect(web("port 80 is taken")).toContain(
      "\n  the last run, at 03:15, ended with: port 80 is taken (`homelab report 20261120-031500-abcdef`)\n",
    );
  });

  test("of one that is up all the same says so", () => {
    const ready = cause("prowlarr", "ready", "up 5 minutes", { causes: [gluetun] });
    expect(text(ready).split("\n")[0]).toBe(
      "prowlarr is ready, but it needs gluetun, and gluetun has been unhealthy since 03:12 (14 min): the last probe said: dial: connection refused",
    );
  });

  test("is not there when it is its own cause, and for what is ready", () => {
    expect(text(cause("web", "ready", "up 5 minutes"))).toBe("web is ready: up 5 minutes\n");
    expect(
      text(cause("web", "failed", "web-app-1 is stopped (exit code 7, 2 hours ago)", { since: at(1, 0) })),
    ).toBe(
      `web is failed since 01:00 (2 h): web-app-1 is stopped (exit code 7, 2 hours ago)
  hint: \`homelab logs web\` shows what it said; \`homelab ensure web\` tries again
`,
    );
  });
});

test.each<[Partial<Cause>, string]>([
  [
    { state: "unhealthy", since: at(22, 5, 18), about: true },
    "web has been unhealthy since about 2026-11-18 22:05 (29 h): it is so",
  ],
  [
    { state: "unhealthy", since: at(3, 12), lostNetwork: { of: "gluetun", at: at(3, 12) } },
    "web has had no network since 03:12 (14 min): it is so",
  ],
  [
    { state: "unhealthy", probes: [{ at: at(3, 12), exitCode: 1, output: " \n" }] },
    "web has been unhealthy: it is so",
  ],
  [{ state: "starting", since: at(3, 26) }, "web has been starting since 03:26 (20 s): it is so"],
  [{ state: "stopped", since: at(3, 27) }, "web has been stopped since 03:27 (0 s): it is so"],
  [{ state: "held" }, "web is held: it is so"],
  [{ state: "missing" }, "web is missing: it is so"],
  [{ state: "failed", since: at(3, 12) }, "web has failed since 03:12 (14 min): it is so"],
  [
    { state: "failed", problem: { code: "compose-invalid" } },
    "web cannot be brought up as it stands: it is so",
  ],
])("%j in words", (more, want) => {
  expect(condition(cause("web", "", "it is so", more), NOW)).toBe(want);
});

test.each<[Partial<Cause>, string]>([
  [{ state: "unhealthy" }, "`homelab logs web` shows what it said; `homelab restart web` starts it afresh"],
  [{ state: "unhealthy", lostNetwork: { of: "gluetun" } }, "`homelab ensure top` makes it anew"],
  [{ state: "starting" }, "`homelab ensure top` waits for it"],
  [{ state: "held" }, "`homelab ensure web` starts it, and ends the hold"],
  [{ state: "missing" }, "`homelab ensure top` brings it up"],
  [{ state: "stopped" }, "`homelab ensure top` brings it up"],
  [{ state: "failed" }, "`homelab logs web` shows what it said; `homelab ensure top` tries again"],
  [
    { state: "failed", restarts: { count: 3, at: at(3, 1) } },
    "`homelab logs web` shows what it said before it ended",
  ],
  [{ state: "failed", problem: { code: "x", hint: "write it so" } }, "write it so"],
  [{ state: "failed", problem: { code: "x" } }, "`homelab validate web` shows where"],
])("what to do about %j", (more, want) => expect(hintOf(cause("web", "", "", more), "top")).toBe(want));

test("what services wrote drives no terminal", () => {
  const nasty = cause("web", "unhealthy", "bad \x1b[2J", {
    probes: [{ at: at(3, 12), exitCode: 1, output: "\x1b[31mred\x07" }],
    log: ["\x1b]0;title\x07"],
  });
  expect(text({ ...sonarr, causes: [nasty] })).not.toMatch(/(?!\n)\p{Cc}/u);
});
