import type { Docker } from "../../docker/client.ts";
import {
  type Compose,
  type OtherFiles,
  pullCommand,
  restartCommand,
  stopCommand,
  upCommand,
} from "../../docker/compose.ts";
import { type ProcessResult, startProcess } from "../../process/runner.ts";
import { clearIntent, recordIntent } from "../../store/intents.ts";
import type { Store } from "../../store/store.ts";
import type { Failure, StepContext } from "../driver.ts";
import type { Decision } from "./decide.ts";
import type { ServiceView } from "./facts.ts";
import { explainFailure, lastLines } from "./failure.ts";
import { type Grace, graceWords, longestGrace, withGrace } from "./grace.ts";
import type { ContainerView } from "./observe.ts";
import type { Watched } from "./verify.ts";

const LOG_LINES = 20;
/** Timers may be that early. */
const OVER_MS = 100;

export interface ChangeRequest {
  readonly docker: Docker;
  readonly compose: Compose;
  readonly store: Store;
  readonly root: string;
  /** The recipe. */
  readonly name: string;
  readonly action: string;
  /** Masks what compose says. */
  readonly redact: (text: string) => string;
  readonly context: StepContext;
}

/** `docker compose up` for what was decided. Resolves to nothing when it went well. */
export async function up(
  request: ChangeRequest,
  view: Pick<ServiceView, "project" | "dir" | "containers">,
  { only, anew, keep }: Pick<Decision, "only" | "anew" | "keep">,
  other?: OtherFiles,
): Promise<Failure | undefined> {
  const command = upCommand(request.compose, view.project, { recreate: anew === true, keep, other });
  const named = only ? ["--no-deps", ...only] : [];
  const grace = await longestGrace(request.docker, view.containers);
  request.context.progress("changing", withGrace("docker compose up", grace));
  const ended = await run(request, [...command, ...named], view.dir);
  const failed = outcome("up", ended, request.redact, grace);
  const { code } = failed?.reason ?? {};
  if (!keep || !failed || code === "interrupted" || code === "timeout") return failed;
  // They cannot go on as they are, as when their network was taken away: compose makes them anew.
  return up(request, view, { only, anew }, other);
}

/** Whether a change did anything to containers: made some, started some, took some away. */
export function changedBetween(before: readonly ContainerView[], after: readonly ContainerView[]): boolean {
  const states = new Map(before.map(({ id, state }) => [id, state]));
  return after.length !== before.length || after.some(({ id }) => states.get(id) !== "running");
}

/** `docker compose pull` of what is missing. */
export async function pull(request: ChangeRequest, view: ServiceView): Promise<Failure | undefined> {
  request.context.progress("changing", `images of ${request.name}`);
  const argv = pullCommand(request.compose, view.project);
  return outcome("pull", await run(request, argv, view.dir), request.redact);
}

/**
 * `docker compose stop` or `restart` for containers, project by project. From `/`, where compose finds no file: it
 * goes by the labels of the containers, which also holds for a file that is broken by now.
 */
export async function halt(
  verb: "stop" | "restart",
  request: ChangeRequest,
  containers: readonly ContainerView[],
): Promise<Failure | undefined> {
  const command = { stop: stopCommand, restart: restartCommand }[verb];
  for (const project of new Set(containers.map((container) => container.project))) {
    const own = containers.filter((each) => each.project === project);
    const grace = await longestGrace(request.docker, own);
    request.context.progress("changing", withGrace(`docker compose ${verb}`, grace));
    const argv = command(request.compose, project, [...new Set(own.map((each) => each.service))]);
    const failure = outcome(verb, await run(request, argv, "/"), request.redact, grace);
    if (failure) return failure;
  }
  return undefined;
}

/** Runs compose with a note on disk that it is at work, which whoever comes after a crash finds. */
async function run(request: ChangeRequest, argv: readonly string[], cwd: string): Promise<ProcessResult> {
  const { compose, store, root, name, action, redact, context } = request;
  const child = startProcess(argv, {
    cwd,
    env: { ...compose.env, PWD: cwd },
    deadline: context.remaining(),
    signal: context.abort,
    redact,
  });
  recordIntent(store, root, { name, pid: child.pid, action });
  const result = await child.result;
  clearIntent(store, root, name);
  // The run is broken off at the same moment at which the time of its programs is over.
  const late = result.cancelled && context.remaining() < OVER_MS;
  return late ? { ...result, timedOut: true } : result;
}

function outcome(
  verb: "up" | "stop" | "restart" | "pull",
  { exitCode, timedOut, cancelled, stderr }: ProcessResult,
  redact: (text: string) => string,
  grace?: Grace,
): Failure | undefined {
  if (exitCode === 0) return undefined;
  if (timedOut) {
    const why = grace ? `: ${graceWords(grace)}` : "";
    const hint = grace && "`--timeout` must be longer than that; without it a run has an hour";
    return failure("timeout", `docker compose ${verb} did not end in time${why}`, hint);
  }
  if (cancelled) return failure("interrupted", `broken off during docker compose ${verb}`);
  const why = explainFailure(stderr);
  return {
    ...failure(why.reason, why.text, why.hint),
    log: lastLines(redact(stderr), LOG_LINES).filter((line) => !why.text.includes(line)),
  };
}

/** The failure of a watch, with the last lines of the container that it was about. */
export async function explainWatch(
  { docker, redact, changed }: { docker: Docker; redact: ChangeRequest["redact"]; changed: boolean },
  view: ServiceView,
  { detail: seen, stopped, culprit }: Watched,
): Promise<Failure> {
  const detail = redact(seen);
  if (stopped) return failure("interrupted", `not waited for any longer: ${detail}`);
  if (!culprit) return failure("not-ready", detail);
  const lines = await docker.logs(culprit.Id, LOG_LINES, culprit.Config.Tty);
  const name = culprit.Name.replace(/^\//, "");
  const force = `\`homelab ensure ${view.recipe.name} --force\``;
  const anew = changed ? "" : `; ${force} makes it anew`;
  const remedy = view.pin ? `; it stays rolled back, and ${force} takes up what its files say` : anew;
  return {
    ...failure("not-ready", detail, `\`docker logs ${name}\` shows all that it said${remedy}`),
    log: lines.map(redact),
    wentDown: !changed && culprit.State.Status === "exited",
  };
}

export const failure = (code: string, detail: string, hint?: string): Failure => ({
  ok: false,
  reason: { code, text: detail },
  detail,
  hint,
});
