import { describe, expect, test } from "bun:test";
import type { RunReport, StepReport } from "../../../src/plan/types.ts";
import { plainListener } from "../../../src/report/plain.ts";
import { style } from "../../../src/report/style.ts";
import { ended, planOf, runOf, stepOf } from "./examples.ts";
import { DEPLOYED } from "./host-reports.ts";

/** All that a listener writes about a run, with two equal notes per step that was worked on. */
function transcript(run: RunReport, verbose: boolean): string {
  let written = "";
  const listener = plainListener({ verbose, style: style(false), write: (text) => (written += text) });
  const plan = planOf(Object.fromEntries(run.steps.map((step) => [step.id, []])));
  const worked = (report: StepReport) => report.result === "changed" || report.result === "failed";
  listener.started(plan);
  for (const report of run.steps) {
    const step = stepOf(plan, report.id);
    if (worked(report)) listener.progress(step, "changing", "docker compose up");
    if (worked(report)) listener.progress(step, "changing", "docker compose up");
    if (worked(report)) listener.progress(step, "verifying", "");
    listener.finished(step, report);
  }
  listener.ended(run);
  return written;
}

const broken = runOf("failed", 32_000, [
  ended("prowlarr", "create", "changed", { durationMs: 1200 }),
  ended("plex", "adopt", "unchanged"),
  ended("tdarr", "create", "failed", {
    durationMs: 31_000,
    detail: "unhealthy: probe said `connection refused`",
    log: ["\x1b[31mpanic\x1b[0m", "\tat main"],
    hint: "see `homelab logs tdarr`",
  }),
  ended("sonarr-shows", "create", "blocked", { detail: "needs tdarr, which failed" }),
]);

describe("plainListener", () => {
  test("tells what changed and what went wrong", () => {
    expect(transcript(broken, false)).toBe(
      [
        "prowlarr: created in 1.2 s",
        "tdarr: failed after 31 s: unhealthy: probe said `connection refused`",
        "  | panic",
        "  | \tat main",
        "  hint: see `homelab logs tdarr`",
        "sonarr-shows: blocked: needs tdarr, which failed",
        "1 changed, 1 failed, 1 blocked in 32 s",
        "details: homelab report r1",
        "",
      ].join("\n"),
    );
  });

  test("of the phases of a host, those that do not begin any more are only counted", () => {
    const stopped = runOf("failed", 1_000, [
      ended("build web", "run", "failed", { detail: "no" }),
      ended("copy web", "run", "blocked", { detail: "needs build web, which failed" }),
    ]);
    const said = transcript(stopped, false);
    expect(said).toContain("build web: failed: no\n");
    expect(said).not.toContain("copy web");
    expect(transcript(stopped, true)).toContain("copy web: blocked: needs build web, which failed\n");
  });

  test("tells each phase once, and why, when verbose", () => {
    expect(transcript(broken, true)).toBe(
      [
        "4 steps planned",
        "prowlarr: docker compose up",
        "prowlarr: verifying",
        "prowlarr: created in 1.2 s (no container yet)",
        "plex: adopted (no container yet)",
        "tdarr: docker compose up",
        "tdarr: verifying",
        "tdarr: failed after 31 s: unhealthy: probe said `connection refused`",
        "  | panic",
        "  | \tat main",
        "  hint: see `homelab logs tdarr`",
        "sonarr-shows: blocked: needs tdarr, which failed",
        "1 changed, 1 failed, 1 blocked in 32 s",
        "details: homelab report r1",
        "",
      ].join("\n"),
    );
  });

  test("tells of warnings, also of steps that it else says nothing of, and when it is to be quiet", () => {
    for (const quiet of [false, true]) {
      let written = "";
      const write: Parameters<typeof plainListener>[0]["write"] = (text, level) =>
        (written += `${level}> ${text}`);
      const listener = plainListener({ verbose: false, quiet, style: style(false), write });
      const [check, web] = DEPLOYED.report.steps as [StepReport, StepReport];
      const step = stepOf(planOf({ web: [] }), "web");
      for (const report of [check, web]) listener.finished(step, report);
      expect(written.split("\n")).toEqual([
        "warning> warning: check web: it has 2 failed units already",
        ...(quiet ? [] : ["notice> web: activated in 7.1 s (runs it)"]),
        "warning> warning: web: web.service has 3 new errors in the journal: no such table: users",
        "",
      ]);
    }
  });

  const quiet = runOf("unchanged", 12, [
    ended("gluetun", "none", "unchanged"),
    ended("plex", "adopt", "unchanged"),
    ended("tdarr", "held", "held", { detail: "stopped on purpose" }),
  ]);

  test("says nothing when nothing changed", () => {
    expect(transcript(quiet, false)).toBe("");
  });

  test("says that nothing changed when verbose", () => {
    expect(transcript(quiet, true)).toBe(
      [
        "3 steps planned",
        "gluetun: ready (no container yet)",
        "plex: adopted (no container yet)",
        "tdarr: held: stopped on purpose",
        "2 ready, 1 held (tdarr), nothing to do (12 ms)",
        "",
      ].join("\n"),
    );
  });

  test("summarises a run that was interrupted before anything changed", () => {
    const run = runOf("interrupted", 800, [ended("a", "create", "cancelled", { detail: "not begun" })]);
    expect(transcript(run, false)).toBe(
      "a: cancelled: not begun\ninterrupted: 1 cancelled in 800 ms\ndetails: homelab report r1\n",
    );
  });

  test("says how much each line matters", () => {
    let written = "";
    const write: Parameters<typeof plainListener>[0]["write"] = (text, level) =>
      (written += text.replaceAll(/^(?=.)/gm, `${level}> `));
    const listener = plainListener({ verbose: true, style: style(false), write });
    const plan = planOf({ prowlarr: [] });
    listener.started(plan);
    listener.progress(stepOf(plan, "prowlarr"), "changing", "docker compose up");
    for (const report of broken.steps) listener.finished(stepOf(plan, "prowlarr"), report);
    listener.message("waiting");
    listener.ended(broken);
    listener.ended(quiet);
    expect(written).toBe(
      [
        "debug> 1 step planned",
        "debug> prowlarr: docker compose up",
        "notice> prowlarr: created in 1.2 s (no container yet)",
        "info> plex: adopted (no container yet)",
        "error> tdarr: failed after 31 s: unhealthy: probe said `connection refused`",
        "error>   | panic",
        "error>   | \tat main",
        "error>   hint: see `homelab logs tdarr`",
        "warning> sonarr-shows: blocked: needs tdarr, which failed",
        "info> waiting",
        "error> 1 changed, 1 failed, 1 blocked in 32 s",
        "info> details: homelab report r1",
        "info> 2 ready, 1 held (tdarr), nothing to do (12 ms)",
        "",
      ].join("\n"),
    );
  });
});
