import { expect, test } from "bun:test";
import { now } from "../../../src/clock.ts";
import type { EngineLife } from "../../../src/docker/life.ts";
import { HomelabError } from "../../../src/errors.ts";
import type { Step, StepReport } from "../../../src/plan/types.ts";
import { inRounds, type Round } from "../../../src/run/rounds.ts";
import { runSteps } from "../../../src/run/steps.ts";
import { StopSwitch } from "../../../src/run/stop.ts";
import type { Store } from "../../../src/store/store.ts";

const step = (id: string, ...needs: string[]): Step => ({
  id,
  kind: "service",
  action: "create",
  reason: { code: "absent", text: "absent" },
  effect: "write",
  needs,
});

/** An engine in memory, which goes away when `lose` is called and comes back at once. */
function engine() {
  let lost = false;
  const life = {
    begin: () => {
      lost = false;
    },
    wasLost: async () => lost,
    back: async () => undefined,
  } as unknown as EngineLife;
  return {
    life,
    lose: () => {
      lost = true;
    },
  };
}

/** Runs rounds of the steps `web` and `db`, in the first of which the engine goes away with `db`. */
async function rounds(second: (round: Round) => Promise<readonly StepReport[]>) {
  const { life, lose } = engine();
  const told: string[] = [];
  const request = {
    store: undefined as unknown as Store,
    stop: new StopSwitch(),
    jobs: 1,
    command: "ensure all",
    listener: {
      started: () => {},
      progress: () => {},
      finished: (_: Step, { id, result, detail }: StepReport) => told.push(`${id} ${result}: ${detail}`),
      message: (text: string) => told.push(text),
      ended: () => {},
    },
  };
  let count = 0;
  const began = now();
  const reports = inRounds(request, life, began, (round) => {
    count++;
    if (count > 1) return second(round);
    const reason = { code: "absent", text: "absent" };
    return runSteps(
      { ...request, listener: round.listener },
      {
        plan: { root: "/", targets: [], steps: [step("web"), step("db", "web")] },
        needs: new Map(),
        began,
        execute: round.guard(async ({ id }) => {
          if (id === "web") return { result: "changed", reason, detail: "up" };
          lose();
          return { result: "failed", reason, detail: "no answer" };
        }),
      },
    );
  });
  return { reports, told };
}

test("an error of a later round drops nothing of what the rounds before did", async () => {
  const problem = new HomelabError("compose-missing", "there is no compose", { hint: "install it" });
  const { reports, told } = await rounds(() => Promise.reject(problem));
  expect((await reports).map(({ id, action, result, hint }) => [id, action, result, hint])).toEqual([
    ["web", "create", "changed", undefined],
    ["db", "create", "failed", "install it"],
  ]);
  expect(told).toEqual([
    "web changed: up",
    expect.stringContaining("Docker went away"),
    "Docker is back: going on from what is there now",
    "db failed: there is no compose",
  ]);
});

test("an error that nobody foresaw is thrown in any round", async () => {
  const { reports } = await rounds(() => Promise.reject(new TypeError("a mistake")));
  expect(reports).rejects.toThrow("a mistake");
});
