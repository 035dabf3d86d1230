import { now } from "../clock.ts";
import type { EngineLife } from "../docker/life.ts";
import { isAway } from "../docker/trouble.ts";
import { HomelabError } from "../errors.ts";
import type { Step, StepReport } from "../plan/types.ts";
import type { Semaphore } from "../process/semaphore.ts";
import { ENGINE_STEP } from "../store/notices.ts";
import type { StepContext } from "../units/driver.ts";
import type { RunListener } from "./events.ts";
import { type Loss, mergeLoss, mergeReports, type Seen } from "./merge.ts";
import type { Outcome } from "./schedule.ts";
import { DEFAULT_TIMEOUT_MS, problemOutcome, type RunOptions } from "./steps.ts";

/** How long an engine that went away is waited for, unless `--docker-wait` says otherwise. */
const PATIENCE_MS = 60_000;
/** An engine that goes away more often than this in one run is not being restarted, but broken. */
const MOST_ROUNDS = 4;

type Execute = (step: Step, context: StepContext, slots: Semaphore) => Promise<Outcome>;

/** One pass over the steps of a run, from a fresh observation to the end or to the loss of the engine. */
export interface Round {
  /** Says nothing of steps that have no end in this round. */
  readonly listener: RunListener;
  /** Does a step as `execute` does, and notices when it is the engine that failed. */
  guard(execute: Execute): Execute;
  /** Asks whether the engine is still there. When it is not, nothing more is begun in this round. */
  look(): Promise<void>;
}

/**
 * Lets a run outlive its engine: when that goes away in the middle, it is waited for, and another round plans anew
 * from what is there by then. What steps failed of meanwhile is not believed. Each step is in the result once.
 */
export async function inRounds(
  request: RunOptions,
  life: EngineLife | undefined,
  began: number,
  pass: (round: Round) => Promise<readonly StepReport[]>,
): Promise<StepReport[]> {
  if (!life) return [...(await pass(unguarded(request)))];
  const rounds = new Rounds(request, life, began);
  while (await rounds.again(pass));
  return rounds.reports();
}

const unguarded = ({ listener }: RunOptions): Round => ({
  listener,
  guard: (execute) => execute,
  look: async () => {},
});

class Rounds {
  private seen = new Map<string, Seen>();
  private lost = new Map<string, Loss>();
  private away = false;
  private count = 0;

  constructor(
    private readonly request: RunOptions,
    private readonly life: EngineLife,
    private readonly began: number,
  ) {}

  reports(): StepReport[] {
    return [...this.seen.values()].map(({ report }) => report);
  }

  /** Makes one round. True when the engine went away in it and is back. */
  async again(pass: (round: Round) => Promise<readonly StepReport[]>): Promise<boolean> {
    this.count++;
    this.away = false;
    this.lost = new Map();
    this.life.begin();
    try {
      this.take(
        await pass({
          listener: this.listener(),
          guard: (execute) => this.guard(execute),
          look: () => this.look(),
        }),
      );
    } catch (error) {
      if (isAway(error)) this.away = true;
      else if (error instanceof HomelabError && this.lostSteps().length > 0) this.failLost(error);
      else throw error;
    }
    return this.away && this.comesBack();
  }

  private listener(): RunListener {
    const { listener } = this.request;
    return {
      started: (plan) => listener.started(plan),
      progress: (step, phase, note) => listener.progress(step, phase, note),
      finished: (step, report) => {
        if (this.lost.has(step.id)) return;
        // What had come to an end before was told then.
        listener.finished(step, this.seen.get(step.id)?.loss ? this.merged(report) : report);
      },
      message: (text) => listener.message(text),
      ended: (report) => listener.ended(report),
    };
  }

  private guard(execute: Execute): Execute {
    return async (step, context, slots) => {
      if (this.away) return this.lose(step, "waiting");
      const outcome = await outcomeOf(() => execute(step, context, slots));
      if (outcome.result !== "failed") return outcome;
      await this.look();
      return this.away ? this.lose(step, "begun") : outcome;
    };
  }

  private async look(): Promise<void> {
    this.away ||= await this.life.wasLost();
  }

  private lose({ id, reason }: Step, loss: Loss): Outcome {
    this.lost.set(id, loss);
    return { result: "cancelled", reason, detail: "Docker went away" };
  }

  private merged(report: StepReport): StepReport {
    const first = this.seen.get(report.id);
    return first ? mergeReports(first, report) : report;
  }

  private take(reports: readonly StepReport[]): void {
    const next = new Map<string, Seen>();
    for (const report of reports) {
      const loss = this.lost.get(report.id);
      const seen = loss ? mergeLoss(this.seen.get(report.id), report, loss) : { report: this.merged(report) };
      next.set(report.id, seen);
    }
    for (const [id, { report, loss }] of this.seen) {
      if (next.has(id)) continue;
      const detail = "nothing is to be done any more";
      next.set(id, { report: loss ? { ...report, result: "unchanged", detail } : report });
    }
    this.seen = next;
  }

  /** Waits for the engine. What is lost for good gets an end. */
  private async comesBack(): Promise<boolean> {
    const { listener, stop, timeout = DEFAULT_TIMEOUT_MS, dockerWait = PATIENCE_MS } = this.request;
    const left = () => timeout - (now() - this.began);
    const patience = Math.max(0, Math.min(dockerWait, left()));
    const again = this.count < MOST_ROUNDS && !stop.stop.aborted;
    if (again) {
      listener.message(`Docker went away: waiting up to ${Math.ceil(patience / 1000)} s for it to come back`);
      if ((await this.life.back(patience, stop.stop)) === undefined) {
        listener.message("Docker is back: going on from what is there now");
        return true;
      }
    }
    if (stop.cause !== undefined && stop.cause !== "timeout") this.settle("cancelled", "interrupted");
    else {
      this.settle("blocked", "docker-unavailable");
      this.tellLoss(left() <= 0 || stop.cause === "timeout", again);
    }
    return false;
  }

  private lostSteps(): StepReport[] {
    return [...this.seen.values()].flatMap(({ report, loss }) => (loss ? [report] : []));
  }

  /** It cannot go on after an earlier round did something: that is told, and what was left fails of the problem. */
  private failLost(problem: HomelabError): void {
    for (const lost of this.lostSteps()) {
      const report: StepReport = { ...lost, ...problemOutcome(problem), action: lost.action };
      this.seen.set(lost.id, { report });
      const { id, kind, action, reason } = report;
      this.request.listener.finished({ id, kind, action, reason, effect: "read", needs: [] }, report);
    }
  }

  private settle(result: "cancelled" | "blocked", code: string): void {
    const text =
      result === "cancelled" ? "not finished: the run was stopped while Docker was away" : "Docker went away";
    for (const [id, { report, loss }] of this.seen) {
      if (loss) this.seen.set(id, { report: { ...report, result, reason: { code, text }, detail: text } });
    }
  }

  /** The engine fails once, and not once for each service. */
  private tellLoss(late: boolean, waited: boolean): void {
    const text = late
      ? "out of time while Docker was away"
      : waited
        ? "Docker went away and did not come back in time"
        : "Docker goes away again and again";
    const reason = { code: late ? "timeout" : "docker-unavailable", text };
    const step: Step = { id: ENGINE_STEP, kind: "task", action: "run", reason, effect: "read", needs: [] };
    const hint = "see `systemctl status docker` and `journalctl -u docker`, then run again";
    const { id, kind, action } = step;
    const result = late ? "timed-out" : "failed";
    const report: StepReport = { id, kind, action, result, reason, detail: text, hint, durationMs: 0 };
    this.seen = new Map([[id, { report }], ...this.seen]);
    this.request.listener.finished(step, report);
  }
}

async function outcomeOf(execute: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await execute();
  } catch (error) {
    if (!(error instanceof HomelabError)) throw error;
    return problemOutcome(error);
  }
}
