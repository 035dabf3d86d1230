import { hostname } from "node:os";
import { type ErrorCode, HomelabError, inOneLine } from "../errors.ts";
import { type Sight, sightOf, sightOfError } from "../notify/news.ts";
import { tell } from "../notify/tell.ts";
import type { RunReport } from "../plan/types.ts";
import { listenForSignals, StopSwitch } from "../run/stop.ts";
import { Store } from "../store/store.ts";
import type { Context } from "./context.ts";
import { findRoot } from "./root.ts";

/**
 * Somebody typed something wrong, stopped it, or is at work already: no failure of the homelab. A target that is
 * unknown is one, as nobody types at night: what cron's command names was renamed.
 */
const NOBODYS_CONCERN: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "usage",
  "no-root",
  "lock-held",
  "confirmation-needed",
  "interrupted",
  "terminated",
]);

/** Tells those who want to know of a run's end. Whatever happens here, the run ended as it did. */
export async function tellRun(
  context: Context,
  root: string,
  report: RunReport,
  store: Store,
): Promise<void> {
  const at = Date.now();
  await tellSight(context, root, sightOf(context.typed, report.run, report.steps, at), () => store);
}

/** Tells of a command that could not even begin: Docker is down, a recipe is broken. */
export async function tellError(context: Context, error: unknown): Promise<void> {
  if (error instanceof HomelabError && NOBODYS_CONCERN.has(error.code)) return;
  const root = rootIfAny(context);
  if (root === undefined) return;
  let store: Store | undefined;
  await tellSight(context, root, sightOfError(context.typed, summary(error), Date.now()), () => {
    store = Store.open(context.env, (text) => context.messages.warn(text));
    return store;
  });
  store?.close();
}

function summary(error: unknown): { code: string; message: string; hint?: string | undefined } {
  if (!(error instanceof HomelabError)) {
    return { code: "internal", message: "this should not have happened; its output says more" };
  }
  return { code: error.code, message: inOneLine(error), hint: error.hint };
}

async function tellSight(context: Context, root: string, sight: Sight, store: () => Store): Promise<void> {
  const { env, messages, typed } = context;
  const wish = env.HOMELAB_NOTIFY;
  if (wish && wish !== "always" && wish !== "never") {
    messages.warn("HOMELAB_NOTIFY takes `always` or `never`, and is ignored");
  }
  const stop = new StopSwitch();
  const disconnect = listenForSignals(stop, () => {});
  try {
    const origin = { host: hostname(), root, command: typed, run: sight.run, at: sight.at };
    await tell({ env, store, sight, origin, warn: (text) => messages.warn(text), signal: stop.stop });
  } finally {
    disconnect();
  }
}

function rootIfAny(context: Context): string | undefined {
  try {
    return findRoot(context);
  } catch (error) {
    if (error instanceof HomelabError) return undefined;
    throw error;
  }
}
