import type { TaskRecipe } from "../book/types.ts";
import { now } from "../clock.ts";
import type { Plan, RunReport, Step, StepReport } from "../plan/types.ts";
import { lineName, outputTail, runLine } from "../process/line.ts";
import { maskPieces, redactor } from "../process/redact.ts";
import { insideOf, type ProcessResult, RUN_VARIABLE } from "../process/runner.ts";
import { insideOfTask, TASK_VARIABLE } from "../process/task-variable.ts";
import type { StepContext } from "../units/driver.ts";
import { type EnsureRequest, ensureSteps } from "./ensure.ts";
import { waitForLeftovers } from "./leftovers.ts";
import { isGood, type Outcome } from "./schedule.ts";
import { conclude, type RunOptions, runSteps } from "./steps.ts";

const LOG_LINES = 20;
/** What is left for the last lines of a task that was broken off. */
const FINALLY_MS = 60_000;

export interface TaskRequest extends RunOptions {
  readonly root: string;
  readonly task: TaskRecipe;
  /** By name; they reach the shell as its environment, and in no other way. */
  readonly values: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The task has the person's terminal. */
  readonly foreground: boolean;
  /** Gets what the task writes, line by line and masked, unless it has the terminal. */
  readonly tee: (stream: "stdout" | "stderr", text: string) => void;
  /** Masks what environment files keep secret: a task may read what it likes. */
  readonly secrets: (text: string) => string;
  /** What the task needs to be ready first; undefined when it needs nothing. */
  readonly needs: EnsureRequest | undefined;
}

/** Brings what a task needs to ready, and runs its lines. The caller holds the lock. */
export async function runTask(request: TaskRequest): Promise<RunReport> {
  const times = { at: Date.now(), began: now() };
  const { root, task } = request;
  await waitForLeftovers(request, root);
  const before = request.needs ? await ensureSteps(request.needs, times.began) : [];
  const bad = before.find((step) => !isGood(step.result));
  const steps = bad ? [blockedBy(task, bad)] : await runLines(request, times.began);
  return conclude(request, root, [...before, ...steps], times);
}

/** A task as a plan of one step. */
export function taskPlan(root: string, { name, description, needs }: TaskRecipe): Plan {
  const reason = { code: "called", text: description ?? "" };
  const ids = needs.map((need) => need.name);
  const step: Step = { id: name, kind: "task", action: "run", reason, effect: "write", needs: ids };
  return { root, targets: [name], steps: [step] };
}

function blockedBy({ name }: TaskRecipe, { id, result }: StepReport): StepReport {
  const text = `needs ${id}, which ${result === "held" ? "is held" : result === "blocked" ? "is blocked" : "failed"}`;
  const reason = { code: "need-failed", text };
  return { id: name, kind: "task", action: "run", result: "blocked", reason, detail: text, durationMs: 0 };
}

function runLines(request: TaskRequest, began: number): Promise<StepReport[]> {
  const { root, task } = request;
  return runSteps(request, {
    plan: taskPlan(root, task),
    needs: new Map(),
    began,
    execute: async (step, context) => {
      context.progress("changing", "running");
      const outcome = await untilOneFails(request, task.run, step, {
        deadline: context.remaining,
        // On a terminal its Ctrl-C reaches the task by itself.
        signal: request.foreground ? context.abort : context.stop,
      });
      // These run whatever happened, and also when the run is over its time.
      const last = await untilOneFails(request, task.finally, step, {
        deadline: () => Math.max(context.remaining(), FINALLY_MS),
        signal: undefined,
      });
      return isGood(outcome.result) ? last : outcome;
    },
  });
}

async function untilOneFails(
  request: TaskRequest,
  lines: readonly string[],
  { reason }: Step,
  limits: { readonly deadline: StepContext["remaining"]; readonly signal: AbortSignal | undefined },
): Promise<Outcome> {
  for (const line of lines) {
    const stopped = limits.signal !== undefined && request.stop.stop.aborted;
    if (stopped) return cancelled("not all of its lines were begun: the run was stopped");
    const own = { deadline: limits.deadline(), signal: limits.signal };
    const result = await runMasked(request, line, own);
    if (result.exitCode !== 0) return failure(request, line, result);
  }
  return { result: "changed", reason, detail: "ran to its end" };
}

async function runMasked(
  { root, task, env, values, foreground, tee, secrets }: TaskRequest,
  line: string,
  limits: { deadline: number; signal: AbortSignal | undefined },
): Promise<ProcessResult> {
  const streams = { stdout: pieces(secrets), stderr: pieces(secrets) };
  const own = redactor(Object.entries(values));
  const inside = {
    HOMELAB_ROOT: root,
    [RUN_VARIABLE]: insideOf(env[RUN_VARIABLE], process.pid),
    [TASK_VARIABLE]: insideOfTask(env[TASK_VARIABLE], task.name),
  };
  const write = (stream: "stdout" | "stderr", text: string) => {
    if (text !== "") tee(stream, text);
  };
  try {
    return await runLine(line, {
      ...limits,
      cwd: root,
      env: { ...env, ...values, ...inside },
      // What it was called with is shown to who called it, and not kept.
      redact: (text: string) => secrets(own(text)),
      foreground,
      leaveBehind: true,
      tee: (stream, piece) => write(stream, streams[stream].add(piece)),
    });
  } finally {
    for (const stream of ["stdout", "stderr"] as const) write(stream, streams[stream].end());
  }
}

/** Bytes that come in pieces, as masked text. */
function pieces(redact: (text: string) => string) {
  const decoder = new TextDecoder();
  const { add, end } = maskPieces(redact);
  return {
    add: (piece: Uint8Array) => add(decoder.decode(piece, { stream: true })),
    end: () => add(decoder.decode()) + end(),
  };
}

const cancelled = (text: string): Outcome => ({
  result: "cancelled",
  reason: { code: "interrupted", text },
  detail: text,
});

function failure({ stop, secrets }: TaskRequest, line: string, result: ProcessResult): Outcome {
  const { exitCode, signal, timedOut } = result;
  const which = lineName(secrets(line));
  if (timedOut || stop.cause === "timeout") {
    const text = `out of time during ${which}`;
    return { result: "timed-out", reason: { code: "timeout", text }, detail: text };
  }
  if (stop.cause !== undefined) return cancelled(`broken off during ${which}`);
  const text = `${which} ${exitCode === null ? `was ended by ${signal}` : `exited with code ${exitCode}`}`;
  return {
    result: "failed",
    reason: { code: "task-failed", text },
    detail: text,
    log: outputTail(result, LOG_LINES),
  };
}
