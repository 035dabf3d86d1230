import { describe, expect, test } from "bun:test";
import { decideNews, type Sight, sightOf, sightOfError } from "../../../src/notify/news.ts";
import type { Action, Result, StepReport } from "../../../src/plan/types.ts";
import type { Told } from "../../../src/store/notices.ts";
import { ended } from "../report/examples.ts";

const NOW = 1_000_000;

const step = (id: string, result: Result, code = "not-ready", action: Action = "update"): StepReport =>
  ended(id, action, result, { reason: { code, text: code } });
const run = (...steps: StepReport[]): Sight => sightOf("ensure all", "r1", steps, NOW);
const failed = (id: string, code = "not-ready", since = 5): Told => ({ kind: "failed", id, code, since });

/** What is said, in short, and what the channel knows then. */
function decided(sight: Sight, told: readonly Told[], on: "failure" | "change" = "failure") {
  const { news, delivered, undelivered } = decideNews(sight, told, on);
  const said = news && {
    failed: news.failed.map(({ id, code }) => `${id}:${code}`),
    blocked: news.blocked,
    still: news.still.map(({ id }) => id),
    recovered: news.recovered.map(({ id }) => id),
    changed: news.changed.map(({ id }) => id),
    owed: news.owed,
  };
  const short = (rows: readonly Told[]) =>
    rows.map((row) => `${row.kind} ${row.id}:${row.code}@${row.since}`);
  const full = said && Object.fromEntries(Object.entries(said).filter(([, list]) => list.length > 0));
  return { said: full, delivered: short(delivered), undelivered: short(undelivered) };
}

describe("decideNews()", () => {
  const A = "failed a:not-ready@1000000";
  const OLD = "failed a:not-ready@5";
  test.each<[string, Sight, Told[], ReturnType<typeof decided>]>([
    [
      "a first failure is said",
      run(step("a", "failed"), step("b", "blocked"), step("c", "changed")),
      [],
      { said: { failed: ["a:not-ready"], blocked: ["b"] }, delivered: [A], undelivered: [] },
    ],
    [
      "the same failure again is not",
      run(step("a", "failed")),
      [failed("a")],
      { said: undefined, delivered: [OLD], undelivered: [OLD] },
    ],
    [
      "the same step failing in another way is, and keeps its beginning",
      run(step("a", "failed", "image-missing")),
      [failed("a")],
      { said: { failed: ["a:image-missing"] }, delivered: ["failed a:image-missing@5"], undelivered: [OLD] },
    ],
    [
      "a second step failing is, with the first one still failing",
      run(step("a", "failed"), step("b", "timed-out", "timeout")),
      [failed("a")],
      {
        said: { failed: ["b:timeout"], still: ["a"] },
        delivered: [OLD, "failed b:timeout@1000000"],
        undelivered: [OLD],
      },
    ],
    [
      "a recovery is said, once",
      run(step("a", "unchanged", "up-to-date", "none")),
      [failed("a")],
      { said: { recovered: ["a"] }, delivered: [], undelivered: [OLD] },
    ],
    [
      "an engine that went away is told as one failure, and not once a service",
      run(
        step("docker engine", "failed", "docker-unavailable", "run"),
        step("a", "blocked", "docker-unavailable"),
        step("b", "changed"),
      ),
      [],
      {
        said: { failed: ["docker engine:docker-unavailable"], blocked: ["a"] },
        delivered: ["failed docker engine:docker-unavailable@1000000"],
        undelivered: [],
      },
    ],
    [
      "it has recovered as soon as any service was seen to be ready through it",
      run(step("a", "failed"), step("b", "unchanged", "up-to-date", "none")),
      [failed("docker engine", "docker-unavailable"), failed("a")],
      {
        said: { still: ["a"], recovered: ["docker engine"] },
        delivered: [OLD],
        undelivered: ["failed docker engine:docker-unavailable@5", OLD],
      },
    ],
    [
      "a step that the run did not cover stays as it is",
      run(step("b", "changed")),
      [failed("a")],
      { said: undefined, delivered: [OLD], undelivered: [OLD] },
    ],
    ...(["blocked", "held", "cancelled"] as const).map(
      (result): [string, Sight, Told[], ReturnType<typeof decided>] => [
        `a step that is ${result} has not recovered`,
        run(step("x", "failed", "told"), step("a", result)),
        [failed("a"), failed("x", "told")],
        {
          said: undefined,
          delivered: [OLD, "failed x:told@5"],
          undelivered: [OLD, "failed x:told@5"],
        },
      ],
    ),
    [
      "a step that was stopped has not recovered either",
      run(step("a", "changed", "asked", "stop")),
      [failed("a")],
      { said: undefined, delivered: [OLD], undelivered: [OLD] },
    ],
    [
      "nor one that was down when it was to be stopped",
      run(step("a", "unchanged", "down", "none")),
      [failed("a")],
      { said: undefined, delivered: [OLD], undelivered: [OLD] },
    ],
    [
      "what is blocked by something held is a failure of its own",
      run(step("a", "held"), step("b", "blocked", "need-failed")),
      [],
      { said: { failed: ["b:need-failed"] }, delivered: ["failed b:need-failed@1000000"], undelivered: [] },
    ],
    [
      "a command that cannot begin is a failure",
      sightOfError("ensure all", { code: "docker-unavailable", message: "Docker is not running" }, NOW),
      [failed("a")],
      {
        said: { failed: ["homelab ensure all:docker-unavailable"] },
        delivered: [OLD, "failed homelab ensure all:docker-unavailable@1000000"],
        undelivered: [OLD],
      },
    ],
    [
      "it recovers with the first run that comes to its end",
      run(step("a", "failed")),
      [failed("homelab ensure all", "docker-unavailable")],
      {
        said: { failed: ["a:not-ready"], recovered: ["homelab ensure all"] },
        delivered: [A],
        undelivered: ["failed homelab ensure all:docker-unavailable@5"],
      },
    ],
    [
      "a command that ended in the middle is a failure as well, and not over by having run",
      run(step("git pull", "changed"), step("homelab ensure all", "failed", "unknown-target")),
      [failed("homelab ensure all", "unknown-target")],
      {
        said: undefined,
        delivered: ["failed homelab ensure all:unknown-target@5"],
        undelivered: ["failed homelab ensure all:unknown-target@5"],
      },
    ],
  ])("%s", (_, sight, told, want) => expect(decided(sight, told)).toEqual(want));
});

describe("ON=change", () => {
  const changed = run(step("a", "changed"), step("b", "unchanged", "up-to-date", "none"));
  const owed: Told = { kind: "owed", id: "r0", code: "", since: 5 };

  test("says what changed; what could not be delivered is owed", () => {
    expect(decided(changed, [], "change")).toEqual({
      said: { changed: ["a"] },
      delivered: [],
      undelivered: ["owed r1:@1000000"],
    });
  });

  test("what is owed is said by the next run, whatever it did", () => {
    expect(decided(run(step("b", "unchanged", "up-to-date", "none")), [owed], "change")).toEqual({
      said: { owed: ["r0"] },
      delivered: [],
      undelivered: ["owed r0:@5"],
    });
  });

  test("nobody who only wants failures is told", () => {
    expect(decided(changed, [owed], "failure")).toEqual({ said: undefined, delivered: [], undelivered: [] });
  });
});
