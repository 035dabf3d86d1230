import { decideNews, sightOf } from "../../../src/notify/news.ts";
import type { Message } from "../../../src/notify/payload.ts";
import type { StepReport } from "../../../src/plan/types.ts";
import { ended } from "../report/examples.ts";

export const AT = Date.UTC(2026, 10, 20, 3, 12);
const HOUR = 3_600_000;
export const ORIGIN = { host: "hl15", root: "/opt/homelab", command: "ensure media", run: "r1", at: AT };

/** A run with something of everything, of which the channel knew `gluetun` and `plex` to fail. */
export function everything(log: readonly string[] = ["panic: <nil> & more", "```"]): Message {
  const steps = [
    ended("gluetun", "repair", "failed", { reason: { code: "not-ready", text: "x" } }),
    ended("tdarr", "create", "failed", {
      durationMs: 31_000,
      reason: { code: "not-ready", text: "x" },
      detail: "tdarr-app-1 exited with code 3",
      hint: "`docker logs tdarr-app-1` shows all that it said",
      log,
    }),
    ended("sonarr-shows", "create", "blocked"),
    ended("plex", "none", "unchanged"),
    ended("prowlarr", "update", "changed", { durationMs: 1200 }),
  ];
  const told = [
    { kind: "failed", id: "gluetun", code: "not-ready", since: AT - 2 * HOUR },
    { kind: "failed", id: "plex", code: "x", since: AT - 26 * HOUR },
    { kind: "owed", id: "r0", code: "", since: AT - HOUR },
  ] as const;
  return { origin: ORIGIN, news: decideNews(sightOf("ensure media", "r1", steps, AT), told, "change").news };
}

/** News of one run of a command that nothing was known of. */
export const newsOf = (steps: readonly StepReport[]) =>
  decideNews(sightOf("host deploy web", "r1", steps, AT), [], "change").news;

export const TEST: Message = { origin: { ...ORIGIN, command: "notify test", run: undefined } };
