import type { Docker } from "../../docker/client.ts";
import { type Compose, type OtherFiles, pullCommand, stopCommand, upCommand } from "../../docker/compose.ts";
import { type ProcessResult, startProcess } from "../../process/runner.ts";
import { clearIntent, recordIntent } from "../../store/intents.ts";
import type { Store } from "../../store/store.ts";
import type { Failure, StepContext } from "../driver.ts";
import type { Decision } from "./decide.ts";
import type { ServiceView } from "./facts.ts";
import { explainFailure, lastLines } from "./failure.ts";
import type { ContainerView } from "./observe.ts";
import type { Watched } from "./verify.ts";

const LOG_LINES = 20;

export interface ChangeRequest {
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
  view: Pick<ServiceView, "project" | "dir">,
  { only, anew, keep }: Pick<Decision, "only" | "anew" | "keep">,
  other?: OtherFiles,
): Promise<Failure | undefined> {
  const command = upCommand(request.compose, view.project, { recreate: anew === true, keep, other });
  const named = only ? ["--no-deps", ...only] : [];
  request.context.progress("changing", "docker compose up");
  const failed = outcome("up", await run(request, [...command, ...named], view.dir), request.redact);
  const { code } = failed?.reason ?? {};
  if (!keep || !failed || code === "interrupted" || code === "timeout") return failed;
  // They cannot go on as they are, as when their network was taken away: compose makes them anew.
  return up(request, view, { only, anew }, other);
}

/** `docker compose pull` of what is missing. */
export async function pull(request: ChangeRequest, view: ServiceView): Promise<Failure | undefined> {
  request.context.progress("changing", `images of ${request.name}`);
  const argv = pullCommand(request.compose, view.project);
  return outcome("pull", await run(request, argv, view.dir), request.redact);
}

/**
 * `docker compose stop` for containers that are up, project by project. From `/`, where compose finds no file: it
 * goes by the labels of the containers, which also holds for a file that is broken by now.
 */
export async function stop(
  request: ChangeRequest,
  containers: readonly ContainerView[],
): Promise<Failure | undefined> {
  for (const project of new Set(containers.map((container) => container.project))) {
    const services = containers.filter((each) => each.project === project).map((each) => each.service);
    request.context.progress("changing", "docker compose stop");
    const argv = stopCommand(request.compose, project, [...new Set(services)]);
    const failure = outcome("stop", await run(request, argv, "/"), request.redact);
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
  return result;
}

function outcome(
  verb: "up" | "stop" | "pull",
  { exitCode, timedOut, cancelled, stderr }: ProcessResult,
  redact: (text: string) => string,
): Failure | undefined {
  if (exitCode === 0) return undefined;
  if (timedOut) return failure("timeout", `docker compose ${verb} did not end in time`);
  if (cancelled) return failure("interrupted", `broken off during docker compose ${verb}`);
  const why = explainFailure(stderr);
  return {
    ...failure(why.reason, why.text, why.hint),
    log: lastLines(redact(stderr), LOG_LINES).filter((line) => !why.text.includes(line)),
  };
}

/** The failure of a watch, with the last lines of the container that it was about. */
export async function explainWatch(
  docker: Docker,
  view: ServiceView,
  { detail: seen, stopped, culprit }: Watched,
  changed: boolean,
): Promise<Failure> {
  const { secretsOf } = await import("./secrets.ts");
  const redact = secretsOf(view);
  const detail = redact(seen);
  if (stopped) return failure("interrupted", `not waited for any longer: ${detail}`);
  if (!culprit) return failure("not-ready", detail);
  const lines = await docker.logs(culprit.Id, LOG_LINES, culprit.Config.Tty);
  const name = culprit.Name.replace(/^\//, "");
  const remedy = changed ? "" : `; \`homelab ensure ${view.recipe.name} --force\` makes it anew`;
  return {
    ...failure("not-ready", detail, `\`docker logs ${name}\` shows all that it said${remedy}`),
    log: lines.map(redact),
  };
}

export const failure = (code: string, detail: string, hint?: string): Failure => ({
  ok: false,
  reason: { code, text: detail },
  detail,
  hint,
});
