import { describe, expect, test } from "bun:test";
import type { Plan, Result } from "../../../src/plan/types.ts";
import { frame, type Running } from "../../../src/report/frame.ts";
import { style, visibleWidth } from "../../../src/report/style.ts";
import { ASCII, type Symbols, UNICODE } from "../../../src/report/symbols.ts";
import { planOf } from "./examples.ts";

const MEDIA = planOf({
  gluetun: [],
  prowlarr: ["gluetun"],
  tdarr: [],
  profilarr: [],
  plex: [],
  "sonarr-shows": ["prowlarr", "tdarr", "profilarr"],
  "radarr-movies": ["gluetun", "prowlarr", "tdarr", "profilarr"],
  overseerr: ["plex", "sonarr-shows", "radarr-movies", "prowlarr"],
});

interface Case {
  name: string;
  plan?: Plan;
  running?: Record<string, Partial<Running>>;
  finished?: Record<string, Result>;
  columns?: number;
  rows?: number;
  symbols?: Symbols;
  want: string[];
}

function draw({
  plan = MEDIA,
  running = {},
  finished = {},
  columns = 80,
  rows = 24,
  symbols = UNICODE,
}: Case): string[] {
  const state = {
    plan,
    startedAt: 1000,
    running: new Map(
      Object.entries(running).map(([id, given]): [string, Running] => [
        id,
        { phase: "changing", note: "docker compose up", since: 2000, ...given },
      ]),
    ),
    finished: new Map(Object.entries(finished)),
  };
  return frame(state, columns, rows, 4200, { style: style(false), symbols });
}

describe("frame", () => {
  test.each<Case>([
    {
      name: "shows each unfinished step once, under its lowest and last dependent",
      running: { gluetun: {}, tdarr: { phase: "verifying", note: "health: starting", since: 3900 } },
      finished: { plex: "unchanged", profilarr: "changed" },
      want: [
        "○ overseerr  waits for sonarr-shows, radarr-movies +1",
        "├─ ○ sonarr-shows  waits for prowlarr, tdarr",
        "└─ ○ radarr-movies  waits for gluetun, prowlarr +1",
        "   ├─ ○ prowlarr  waits for gluetun",
        "   │  └─ ⠹ gluetun  docker compose up  2.2 s",
        "   └─ ⠹ tdarr  health: starting  0.3 s",
        "▸ 2 ready · 2 running · 4 waiting · 3.2 s",
      ],
    },
    {
      name: "counts what went wrong, and names a phase that has no note",
      running: { "radarr-movies": { note: "", phase: "verifying" } },
      finished: {
        gluetun: "changed",
        prowlarr: "changed",
        tdarr: "failed",
        profilarr: "timed-out",
        plex: "held",
        "sonarr-shows": "blocked",
      },
      want: [
        "○ overseerr  waits for radarr-movies",
        "└─ ⠹ radarr-movies  verifying  2.2 s",
        "▸ 2 ready · 1 failed · 1 timed out · 1 blocked · 1 held · 1 running · 1 waiting · 3.2 s",
      ],
      columns: 100,
    },
    {
      name: "says that a step with nothing to wait for waits for its turn",
      plan: planOf({ a: [], b: [] }),
      running: { a: {} },
      want: ["⠹ a  docker compose up  2.2 s", "○ b  waits for its turn", "▸ 1 running · 1 waiting · 3.2 s"],
    },
    {
      name: "is the status line alone when all is finished",
      plan: planOf({ a: [], b: [] }),
      finished: { a: "changed", b: "cancelled" },
      want: ["▸ 1 ready · 1 cancelled · 3.2 s"],
    },
    {
      name: "cuts every line one column short of the terminal's edge",
      plan: planOf({ a: [], b: ["a"] }),
      running: { a: { note: "pulling ghcr.io/a/very/long/image" } },
      columns: 30,
      want: ["○ b  waits for a", "└─ ⠹ a  pulling ghcr.io/a/ve…", "▸ 1 running · 1 waiting · 3.…"],
    },
    {
      name: "keeps what runs and what is above it when rows are few",
      running: { gluetun: {}, tdarr: {} },
      finished: { profilarr: "changed" },
      rows: 8,
      want: [
        "○ radarr-movies  waits for gluetun, prowlarr +1",
        "├─ ○ prowlarr  waits for gluetun",
        "│  └─ ⠹ gluetun  docker compose up  2.2 s",
        "└─ ⠹ tdarr  docker compose up  2.2 s",
        "… 3 more waiting",
        "▸ 1 ready · 2 running · 5 waiting · 3.2 s",
      ],
    },
    {
      name: "hangs a running step on the nearest shown step above it, and counts running ones it leaves out",
      running: { gluetun: {}, tdarr: {}, profilarr: {}, plex: {} },
      rows: 6,
      want: [
        "⠹ gluetun  docker compose up  2.2 s",
        "⠹ tdarr  docker compose up  2.2 s",
        "… 2 more running, 4 more waiting",
        "▸ 4 running · 4 waiting · 3.2 s",
      ],
    },
    {
      name: "is the status line alone on a tiny terminal",
      running: { gluetun: {} },
      rows: 3,
      want: ["▸ 1 running · 7 waiting · 3.2 s"],
    },
    {
      name: "draws with ASCII where nothing else can be shown",
      running: { gluetun: {} },
      finished: { plex: "changed", tdarr: "changed", profilarr: "changed", "sonarr-shows": "changed" },
      symbols: ASCII,
      want: [
        ". overseerr  waits for radarr-movies, prowlarr",
        "`- . radarr-movies  waits for gluetun, prowlarr",
        "   `- . prowlarr  waits for gluetun",
        "      `- * gluetun  docker compose up  2.2 s",
        "> 4 ready, 1 running, 3 waiting, 3.2 s",
      ],
    },
  ])("$name", (given) => {
    expect(draw(given)).toEqual(given.want);
  });

  test("never exceeds the terminal, whatever its size", () => {
    const needs: Record<string, string[]> = {};
    for (let index = 0; index < 60; index++) {
      const earlier = [index - 1, index - 7, Math.floor(index / 2)].filter(
        (other) => other >= 0 && other < index,
      );
      needs[`service-${index}`] = [...new Set(earlier)].map((other) => `service-${other}`);
    }
    const running = { "service-0": {}, "service-31": {}, "service-59": {} };
    for (let rows = 1; rows <= 70; rows += 3) {
      for (let columns = 2; columns <= 120; columns += 13) {
        const lines = draw({ name: "", plan: planOf(needs), running, rows, columns, want: [] });
        expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 2));
        for (const line of lines) expect(visibleWidth(line)).toBeLessThan(columns);
      }
    }
  });

  test("draws a graph of 10,000 steps well within a frame's time", () => {
    const needs: Record<string, string[]> = {};
    for (let index = 0; index < 10_000; index++) {
      needs[`s${index}`] = index === 0 ? [] : [`s${index - 1}`, `s${Math.floor(index / 2)}`];
    }
    const plan = planOf(needs);
    const times = [1, 2, 3].map(() => {
      const begin = performance.now();
      expect(draw({ name: "", plan, running: { s0: {} }, want: [] })).toHaveLength(22);
      return performance.now() - begin;
    });
    expect(Math.min(...times)).toBeLessThan(100);
  });
});
