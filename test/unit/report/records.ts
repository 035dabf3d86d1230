import type { RunRecord } from "../../../src/store/runs.ts";
import { ended, runOf } from "./examples.ts";

const AT = new Date(2026, 10, 20, 3, 12).getTime();

/** A run in which something of everything happened. */
export const BROKEN: RunRecord = {
  id: "20261120-031200-abc123",
  at: AT,
  command: "ensure media",
  repeats: 1,
  origin: { user: "root", unattended: true, revision: "0123456789abcdef0123456789abcdef01234567" },
  report: runOf("failed", 32_000, [
    ended("gluetun", "none", "unchanged"),
    ended("deluge", "none", "unchanged"),
    ended("prowlarr", "update", "changed", {
      durationMs: 1200,
      reason: { code: "image-changed", text: "its image | has changed" },
    }),
    ended("tdarr", "create", "failed", {
      durationMs: 31_000,
      reason: { code: "not-ready", text: "tdarr-app-1 exited with code 3" },
      detail: "tdarr-app-1 exited with code 3",
      log: ["\x1b[31mpanic\x1b[0m: <nil>", "```"],
      hint: "`docker logs tdarr-app-1` shows all of *it*",
    }),
    ended("sonarr-shows", "create", "blocked", { detail: "needs tdarr, which failed" }),
    ended("plex", "held", "held", { detail: "stopped on purpose" }),
  ]),
};

export const QUIET: RunRecord = {
  id: "20261120-041200-abc124",
  at: AT,
  command: "ensure media",
  repeats: 12,
  report: runOf("unchanged", 23, [ended("gluetun", "none", "unchanged")]),
};
