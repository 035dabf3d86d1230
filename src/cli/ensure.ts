import { now } from "../clock.ts";
import { type ErrorCode, EXIT_CODES, HomelabError } from "../errors.ts";
import type { RunReport } from "../plan/types.ts";
import { runDocument } from "../report/json.ts";
import { plainListener } from "../report/plain.ts";
import { symbolsFor } from "../report/symbols.ts";
import { terminalListener } from "../report/tree.ts";
import { writerWhileOpen } from "../report/write.ts";
import { ensure } from "../run/ensure.ts";
import type { RunListener } from "../run/events.ts";
import { describeHolder, takeLock } from "../run/lock.ts";
import { listenForSignals, StopSwitch } from "../run/stop.ts";
import { Store } from "../store/store.ts";
import { openBook, targetsOf } from "./book.ts";
import { makeCommand } from "./command.ts";
import { type Context, printJson } from "./context.ts";
import { connect, connectDocker } from "./engine.ts";
import { showPlan } from "./plan.ts";

/** The daemon does the work of a change; more at once than this only makes them wait for each other. */
const DEFAULT_JOBS = 4;

export default makeCommand({
  name: "ensure",
  description:
    "Brings the targets and all that they need to ready: up, healthy, and seen to stay up. What is ready already is left alone, so it is safe to repeat.",
  usage: "TARGET…",
  words: { min: 1, max: Number.POSITIVE_INFINITY, label: "a target: a service, family or group, or `all`" },
  args: {
    force: { type: "boolean", description: "make the targets' containers anew" },
    needs: { type: "boolean", default: true, negativeDescription: "only the targets, not what they need" },
  },
  examples: [
    ["homelab ensure sonarr-shows", "one service and all that it needs"],
    ["homelab ensure media", "a group"],
    ["homelab ensure sonarr anime", "an instance of a family"],
    ["homelab ensure all --dry-run", "what would be done"],
  ],
  async run(context, words, { force, needs }) {
    const request = { words, force: force === true, withNeeds: needs };
    if (context.options.dryRun) await showPlan(context, request, false);
    else await runEnsure(context, request);
  },
});

interface Request {
  readonly words: readonly string[];
  readonly force: boolean;
  readonly withNeeds: boolean;
}

async function runEnsure(context: Context, { words, force, withNeeds }: Request): Promise<void> {
  const { options, env } = context;
  const docker = connectDocker(context);
  // Asked about only once it is known whether it is needed at all.
  docker.catch(() => {});
  const book = await openBook(context);
  const targets = targetsOf(book, words);
  const listener = listenerFor(context);
  const stop = new StopSwitch();
  const disconnect = listenForSignals(stop, (effect) => listener.message(STOP_TEXT[effect]));
  try {
    const lock = await takeLock(book.root, {
      wait: options.lockWait ?? 0,
      signal: stop.stop,
      onWait: (holder) => listener.message(`waiting for ${describeHolder(holder)}`),
    });
    const store = Store.open(env, (text) => context.messages.warn(text));
    const engine = await connect(context, book, store, targets, docker);
    const report = await ensure({
      book,
      targets,
      drivers: engine.drivers,
      force,
      withNeeds,
      store,
      listener,
      stop,
      jobs: options.jobs ?? DEFAULT_JOBS,
      timeout: options.timeout,
      command: context.typed,
    });
    engine.close();
    // Closing writes the database through to the disk, which a run without changes is not worth.
    if (report.outcome !== "unchanged") store.close();
    lock.release();
    if (options.json) printJson(runDocument(report));
    context.exitCode = exitCode(report, stop);
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
  if (watched && !quiet) {
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
  const silent = json && !verbose;
  return { ...plainListener({ write: silent ? () => {} : write, verbose, quiet, style: err }), dispose() {} };
}
