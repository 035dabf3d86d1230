import { describe, expect, test } from "bun:test";
import { style } from "../../../src/report/style.ts";
import { UNICODE } from "../../../src/report/symbols.ts";
import { terminalListener } from "../../../src/report/tree.ts";
import { ended, planOf, runOf, stepOf } from "./examples.ts";

const PLAN = planOf({ gluetun: [], prowlarr: ["gluetun"] });
const GLUETUN = stepOf(PLAN, "gluetun");
const PROWLARR = stepOf(PLAN, "prowlarr");

/** A listener on a terminal that records writes, with a clock that only `pass` moves. */
function terminal({ verbose = false } = {}) {
  const size = { columns: 60, rows: 24 };
  const writes: string[] = [];
  let time = 0;
  let timers: { at: number; callback: () => void }[] = [];
  const listener = terminalListener({
    write: (text) => writes.push(text),
    columns: () => size.columns,
    rows: () => size.rows,
    style: style(false),
    symbols: UNICODE,
    verbose,
    now: () => time,
    setTimer: (callback, milliseconds) => {
      const timer = { at: time + milliseconds, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
  });
  const pass = (milliseconds: number) => {
    const until = time + milliseconds;
    for (let due = timers.find(({ at }) => at <= until); due; due = timers.find(({ at }) => at <= until)) {
      timers = timers.filter((other) => other !== due);
      time = due.at;
      due.callback();
    }
    time = until;
  };
  return { listener, writes, size, pass, timers: () => timers.length };
}

const done = ended("gluetun", "create", "changed", { durationMs: 1200 });

describe("terminalListener", () => {
  test("writes one line for a run that has nothing to do", () => {
    const { listener, writes, timers } = terminal();
    listener.started(PLAN);
    listener.finished(GLUETUN, ended("gluetun", "none", "unchanged"));
    listener.finished(PROWLARR, ended("prowlarr", "none", "unchanged"));
    listener.ended(
      runOf("unchanged", 12, [ended("a", "none", "unchanged"), ended("b", "none", "unchanged")]),
    );
    expect(writes).toEqual(["✓ 2 ready, nothing to do (12 ms)\n"]);
    expect(timers()).toBe(0);
  });

  test("a warning stands above the tree, and nothing of it is cut off", () => {
    const { listener, writes, pass } = terminal();
    listener.started(PLAN);
    const warnings = ["it has three failed units already, of which nobody knows what they are good for"];
    listener.finished(GLUETUN, ended("gluetun", "none", "unchanged", { warnings }));
    pass(120);
    expect(writes.join("")).toContain(
      "warning: gluetun: it has three failed units already, of\x1b[K\nwhich nobody knows what they are good for\x1b[K\n",
    );
  });

  test("draws first when the run is 120 ms old, then ten times a second in place", () => {
    const { listener, writes, pass } = terminal();
    listener.started(PLAN);
    listener.progress(GLUETUN, "changing", "docker compose up");
    pass(119);
    expect(writes).toEqual([]);
    pass(1);
    expect(writes.splice(0)).toEqual([
      "\x1b[?2026h\x1b[?25l\r" +
        "○ prowlarr  waits for gluetun\x1b[K\n└─ ⠙ gluetun  docker compose up  0.1 s\x1b[K\n" +
        "▸ 1 running · 1 waiting · 0.1 s\x1b[K\n\x1b[J\x1b[?2026l",
    ]);
    listener.progress(GLUETUN, "verifying", "health: starting");
    pass(100);
    expect(writes.splice(0)).toEqual([
      "\x1b[?2026h\r\x1b[3A" +
        "○ prowlarr  waits for gluetun\x1b[K\n└─ ⠹ gluetun  health: starting  0.2 s\x1b[K\n" +
        "▸ 1 running · 1 waiting · 0.2 s\x1b[K\n\x1b[J\x1b[?2026l",
    ]);
  });

  test("lets finished lines and messages scroll up once, and leaves the summary and the failures", () => {
    const { listener, writes, pass } = terminal();
    const failed = ended("prowlarr", "create", "failed", {
      durationMs: 31_000,
      detail: "unhealthy",
      log: ["no route"],
      hint: "see `homelab logs prowlarr`",
    });
    listener.started(PLAN);
    listener.finished(GLUETUN, done);
    listener.message("interrupted: finishing prowlarr");
    listener.progress(PROWLARR, "changing", "docker compose up");
    pass(120);
    expect(writes.splice(0)).toEqual([
      "\x1b[?2026h\x1b[?25l\r✓ gluetun  created in 1.2 s  no container yet\x1b[K\n" +
        "interrupted: finishing prowlarr\x1b[K\n" +
        "⠙ prowlarr  docker compose up  0.1 s\x1b[K\n▸ 1 ready · 1 running · 0.1 s\x1b[K\n\x1b[J\x1b[?2026l",
    ]);
    listener.finished(PROWLARR, failed);
    listener.ended(runOf("failed", 32_300, [done, failed]));
    expect(writes).toEqual([
      "\x1b[?2026h\r\x1b[2A✗ prowlarr  failed after 31 s: unhealthy\x1b[K\n\x1b[J\x1b[?25h\x1b[?2026l",
      "✗ 1 failed, 1 ready in 32.3 s\n\n✗ prowlarr  failed after 31 s: unhealthy\n" +
        "  | no route\n  hint: see `homelab logs prowlarr`\n",
    ]);
  });

  test("prints what changed before the first frame without moving the cursor", () => {
    const { listener, writes } = terminal();
    listener.started(PLAN);
    listener.finished(GLUETUN, done);
    listener.ended(runOf("changed", 90, [done]));
    expect(writes).toEqual([
      "✓ gluetun  created in 1.2 s  no container yet\n",
      "✓ 1 ready: 1 created in 90 ms\n",
    ]);
  });

  test("names unchanged steps when verbose", () => {
    const { listener, writes } = terminal({ verbose: true });
    listener.started(PLAN);
    listener.finished(GLUETUN, ended("gluetun", "adopt", "unchanged"));
    listener.dispose();
    expect(writes).toEqual(["✓ gluetun  adopted  no container yet\n"]);
  });

  test("erases the lines that a narrower terminal has wrapped", () => {
    const { listener, writes, size, pass } = terminal();
    listener.started(PLAN);
    listener.progress(GLUETUN, "changing", "docker compose up");
    pass(120);
    // 29, 38 and 31 columns wide: two rows, two rows and two rows.
    size.columns = 20;
    writes.length = 0;
    pass(100);
    expect(writes[0]).toStartWith("\x1b[?2026h\r\x1b[6A");
    // Never above the top of the screen.
    size.rows = 3;
    writes.length = 0;
    pass(100);
    expect(writes[0]).toStartWith("\x1b[?2026h\r\x1b[2A");
  });

  test("gives the screen and the cursor back, once", () => {
    const { listener, writes, pass, timers } = terminal();
    listener.started(PLAN);
    pass(120);
    writes.length = 0;
    listener.dispose();
    listener.dispose();
    pass(1000);
    expect(writes).toEqual(["\x1b[?2026h\r\x1b[3A\x1b[J\x1b[?25h\x1b[?2026l"]);
    expect(timers()).toBe(0);
  });

  test("summarises a run that had no steps", () => {
    const { listener, writes } = terminal();
    listener.ended(runOf("unchanged", 2, []));
    expect(writes).toEqual(["✓ nothing to do (2 ms)\n"]);
  });
});
