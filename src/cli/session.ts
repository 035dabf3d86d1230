import { now } from "../clock.ts";
import { type ErrorCode, EXIT_CODES, HomelabError } from "../errors.ts";
import type { RunReport } from "../plan/types.ts";
import { RUN_VARIABLE } from "../process/runner.ts";
import { isJournal, withPriority } from "../report/journal.ts";
import { runDocument } from "../report/json.ts";
import { plainListener } from "../report/plain.ts";
import { symbolsFor } from "../report/symbols.ts";
import { terminalListener } from "../report/tree.ts";
import { writerWhileOpen } from "../report/write.ts";
import type { RunListener } from "../run/events.ts";
import { describeHolder, takeLock } from "../run/lock.ts";
import { listenForSignals, StopSwitch } from "../run/stop.ts";
import { commandId, ENGINE_STEP, isAwaited } from "../store/notices.ts";
import type { RunOrigin } from "../store/runs.ts";
import { Store } from "../store/store.ts";
import type { Question } from "./ask.ts";
import { type Context, isTold, printJson } from "./context.ts";
import { dockerPatience } from "./options.ts";

/** The daemon does the work of a change; more at once than this only makes them wait for each other. */
const DEFAULT_JOBS = 4;

/** What a run has at hand while it holds the lock of its root. */
export interface Session {
  readonly store: Store;
  readonly listener: RunListener;
  readonly stop: StopSwitch;
  /** Changes at once. */
  readonly jobs: number;
  /** Milliseconds for the whole run. */
  readonly timeout: number | undefined;
  /** Milliseconds for which an engine that goes away is waited for. */
  readonly dockerWait: number | undefined;
  /** As typed, for the history. */
  readonly command: string;
  readonly caller: RunOrigin;
  /** Whether another run was waited for: what was read before it is not to be trusted. */
  readonly waited: boolean;
  /** Asks a person in the middle of the run: the terminal is given back for it, and Ctrl-C ends the program. */
  readonly ask: (question: Question) => Promise<void>;
}

/**
 * Does one run: takes the lock of the root, listens for signals, reports while it goes on, prints the document for
 * `--json` (or another one, by `document`) and sets the exit code. The lock and the terminal are given back however it ends.
 */
export async function runLocked(
  context: Context,
  root: string,
  body: (session: Session) => Promise<RunReport>,
  document: (report: RunReport) => unknown = runDocument,
): Promise<void> {
  const { options, env } = context;
  const listener = listenerFor(context);
  const stop = new StopSwitch();
  const listen = () => listenForSignals(stop, (effect) => listener.message(STOP_TEXT[effect]));
  let disconnect = listen();
  let waited = false;
  try {
    const lock = await takeLock(root, {
      wait: options.lockWait ?? 0,
      outer: env[RUN_VARIABLE],
      signal: stop.stop,
      onWait: (holder) => {
        waited = true;
        listener.message(`waiting for ${describeHolder(holder)}`);
      },
    });
    const store = Store.open(env, (text) => context.messages.warn(text));
    const report = await body({
      store,
      listener,
      stop,
      jobs: options.jobs ?? DEFAULT_JOBS,
      timeout: options.timeout,
      dockerWait: dockerPatience(options, env),
      command: context.typed,
      caller: callerOf(context),
      waited,
      ask: async (question) => {
        listener.dispose();
        disconnect();
        await (await import("./ask.ts")).confirm(context, question);
        disconnect = listen();
      },
    });
    lock.release();
    if (options.json) printJson(document(report));
    context.exitCode = exitCode(report, stop);
    if (isTold(context) && isNews(report, store, root, context.typed)) {
      // From here on a signal ends the sending, not the run.
      disconnect();
      await (await import("./tell.ts")).tellRun(context, root, report, store);
    }
    // Closing writes the database through to the disk, which a run without changes is not worth.
    if (report.outcome !== "unchanged") store.close();
  } catch (error) {
    if (stop.cause !== undefined && stop.cause !== "timeout" && error instanceof HomelabError) {
      throw new HomelabError(
        stop.cause === "SIGINT" ? "interrupted" : "terminated",
        "interrupted before anything was done",
      );
    }
    throw error;
  } finally {
    disconnect();
    listener.dispose();
  }
}

/** Whether a run may be worth a notification: decided here, because most runs are not, and have to be fast. */
function isNews(report: RunReport, store: Store, root: string, command: string): boolean {
  // Who interrupted it knows, and does not want to wait.
  if (report.outcome === "interrupted") return false;
  if (report.outcome !== "unchanged") return true;
  return isAwaited(
    store,
    root,
    new Set([commandId(command), ENGINE_STEP, ...report.steps.map(({ id }) => id)]),
  );
}

/** The person behind `sudo` rather than root, where there is one. */
function callerOf({ env, watched }: Context): RunOrigin {
  const uid = process.getuid?.();
  const user = env.SUDO_USER || env.LOGNAME || env.USER || (uid === 0 ? "root" : `user ${uid}`);
  return { user, unattended: !watched };
}

const STOP_TEXT = {
  stop: "stopping: changes in hand are finished, nothing new begins (once more breaks them off)",
  abort: "breaking off the changes in hand",
};

function exitCode(report: RunReport, stop: StopSwitch): number {
  if (report.outcome === "interrupted") return stop.cause === "SIGINT" ? 130 : 143;
  if (report.outcome !== "failed") return 0;
  if (report.steps.some((step) => step.result === "timed-out")) return EXIT_CODES.timeout;
  // A failure that has a code of its own keeps it when nothing else failed beside it.
  const codes = new Set(
    report.steps.filter((step) => step.result === "failed").map(({ reason }) => exitOf(reason.code)),
  );
  const [only = EXIT_CODES["step-failed"]] = codes;
  return codes.size === 1 ? only : EXIT_CODES["step-failed"];
}

/** `not-ready` is what `status` calls a state; at the end of a run it is a failed step. */
const exitOf = (code: string): number =>
  code !== "not-ready" && Object.hasOwn(EXIT_CODES, code)
    ? EXIT_CODES[code as ErrorCode]
    : EXIT_CODES["step-failed"];

function listenerFor(context: Context): RunListener & { dispose(): void } {
  const { options, err, env, watched } = context;
  const write = writerWhileOpen(2);
  const { quiet, verbose, json } = options;
  // A terminal that cannot move its cursor, and one that only a log file looks at, get lines.
  if (watched && !quiet && !context.plain && env.TERM !== "dumb" && !env.CI) {
    return terminalListener({
      write,
      columns: () => process.stderr.columns ?? 0,
      rows: () => process.stderr.rows ?? 0,
      style: err,
      symbols: symbolsFor(env),
      verbose,
      now,
    });
  }
  const journal = isJournal(2, env);
  const silent = json && !verbose;
  const plain = plainListener({
    write: (text, level) => {
      if (!silent) write(journal ? withPriority(text, level) : text);
    },
    verbose,
    quiet,
    style: err,
  });
  return { ...plain, dispose() {} };
}
