import { now } from "../clock.ts";
import { HomelabError, inOneLine, Problems } from "../errors.ts";
import { beforePull, pullFastForward } from "../git/repository.ts";
import type { RunReport, Step, StepReport } from "../plan/types.ts";
import { commandId } from "../store/notices.ts";
import type { StepContext } from "../units/driver.ts";
import type { Repository } from "../units/microvm/pull.ts";
import { type EnsureRequest, ensure } from "./ensure.ts";
import { waitForLeftovers } from "./leftovers.ts";
import { isGood, type Outcome } from "./schedule.ts";
import { conclude, problemOutcome, type RunOptions, runSteps } from "./steps.ts";
import { previewSystem, type SystemRequest, switchSystem, systemSteps } from "./system.ts";

// With a space in it, so that no recipe can be called like that.
const PULL = "git pull";

export interface DeployRequest extends RunOptions, SystemRequest {
  /** Take what the repository's upstream has. */
  readonly pull: boolean;
  /** Reads the recipes, as they are by then, and finds the targets among them; undefined for no services. */
  readonly open?: (() => Promise<Opened>) | undefined;
}

/** Recipes that were read. `connect` reaches for what the targets run on, which a new system may just have brought. */
export interface Opened {
  /** Whether something of the targets, or of what they need, runs on this machine. */
  readonly here: boolean;
  connect(): Promise<
    Omit<EnsureRequest, keyof RunOptions> & { readonly repositories?: OtherRepositories | undefined }
  >;
}

/** Repositories beside the homelab's own that something of the targets is built from. */
export interface OtherRepositories {
  list(): Promise<readonly Repository[]>;
  /** Told of one that could not be pulled. */
  refuse(repository: Repository, problem: HomelabError): void;
}

/**
 * Pulls the repository, switches the system where its configuration changed, and brings services up. What goes wrong
 * before the services leaves those as they are. The caller holds the lock.
 */
export async function deploy(request: DeployRequest): Promise<RunReport> {
  const times = { at: Date.now(), began: now() };
  await waitForLeftovers(request, request.root);
  const done: StepReport[] = [];
  try {
    return await inOrder(request, done, times);
  } catch (error) {
    if (!(error instanceof HomelabError) || done.every(({ result }) => result === "unchanged")) throw error;
    return giveUp(request, error, done, times);
  }
}

type Times = { readonly at: number; readonly began: number };

/** `done` is told what was done, as it goes. The recipes are read before the system is switched for them. */
async function inOrder(request: DeployRequest, done: StepReport[], times: Times): Promise<RunReport> {
  const { root, listener, stop, store, jobs, timeout, command, caller, dockerWait } = request;
  const go = async (
    steps: Step[],
    execute: (request: DeployRequest, context: StepContext) => Promise<Outcome>,
  ): Promise<boolean> => {
    const all = {
      plan: { root, targets: [], steps },
      needs: new Map(),
      began: times.began,
      execute: (_: Step, context: StepContext) => execute(request, context),
    };
    const reports = steps.length === 0 ? [] : await runSteps(request, all);
    done.push(...reports);
    return reports.every(({ result }) => isGood(result));
  };
  if (!(await go(pullSteps(request), pull))) return conclude(request, root, done, times);
  const opened = await request.open?.();
  const switched = await go(systemSteps(asFarAsHere(request, opened?.here)), switchSystem);
  if (!opened || !switched) return conclude(request, root, done, times);
  const { repositories, ...connected } = await opened.connect();
  if (request.pull && repositories) done.push(...(await pullOthers(request, repositories, times)));
  return ensure({
    ...connected,
    ...{ listener, stop, store, jobs, timeout, command, caller, dockerWait },
    fetchFirst: true,
    prologue: done.filter(isTold),
    times,
  });
}

/** What other machines alone run needs nothing of this system, which may be a laptop's. */
const asFarAsHere = <T extends Pick<SystemRequest, "system">>(request: T, here = true): T =>
  here || request.system === "always" ? request : { ...request, system: "skip" };

/** Pulls the repositories beside the homelab's own. One that cannot be keeps back only what is built from it. */
async function pullOthers(
  request: DeployRequest,
  { list, refuse }: OtherRepositories,
  { began }: Times,
): Promise<StepReport[]> {
  const { root } = request;
  const all = new Map((await list()).map((each) => [`${PULL} ${each.machine.name}:${each.path}`, each]));
  if (all.size === 0) return [];
  const { pullThere } = await import("../units/microvm/pull.ts");
  const steps = [...all].map(([id, { vms }]): Step => {
    const reason = { code: "asked", text: `what its upstream has, for ${vms.join(", ")}` };
    return { id, kind: "task", action: "run", reason, effect: "write", needs: [] };
  });
  const reports = await runSteps(request, {
    plan: { root, targets: [], steps },
    needs: new Map(),
    began,
    execute: async ({ id }, context) => {
      const repository = all.get(id) as Repository;
      context.progress("changing", "git pull");
      try {
        const options = { deadline: context.remaining(), signal: context.abort };
        const { changed, text } = await pullThere(repository, options);
        const reason = { code: changed ? "pulled" : "up-to-date", text };
        return { result: changed ? "changed" : "unchanged", reason, detail: text };
      } catch (error) {
        if (!(error instanceof HomelabError)) throw error;
        refuse(repository, error);
        return problemOutcome(error);
      }
    },
  });
  return reports;
}

/** Ends a run that cannot go on after it did something, so that there is a report of that. */
function giveUp(
  request: DeployRequest,
  error: HomelabError,
  done: readonly StepReport[],
  times: Times,
): RunReport {
  const id = commandId(request.command);
  const reason = { code: error.code, text: error.message };
  const step: Step = { id, kind: "task", action: "run", reason, effect: "read", needs: [] };
  const detail = inOneLine(error);
  const others = error instanceof Problems ? error.errors.slice(1).map(inOneLine) : [];
  const report: StepReport = {
    ...{ id, kind: step.kind, action: step.action, durationMs: 0 },
    ...{ result: "failed", reason, detail, hint: error.hint, log: others },
  };
  request.listener.finished(step, report);
  return conclude(request, request.root, [...done.filter(isTold), report], times);
}

/** What was not to be done at all is no part of the report. */
const isTold = ({ result, reason }: StepReport): boolean =>
  result !== "unchanged" || reason.code !== "not-here";

/** The steps before the services, as they would be done with the repository as it is. Asks no remote. */
export async function previewDeploy(
  request: Pick<DeployRequest, "root" | "env" | "store" | "pull" | "system"> & Partial<Pick<Opened, "here">>,
): Promise<Step[]> {
  return [...(await previewPull(request)), ...(await previewSystem(asFarAsHere(request, request.here)))];
}

async function previewPull(request: Pick<DeployRequest, "root" | "env" | "pull">): Promise<Step[]> {
  const steps = pullSteps(request);
  try {
    const { why } = steps.length > 0 ? await beforePull(request.root, request) : {};
    return why === undefined ? steps : [];
  } catch (error) {
    if (!(error instanceof HomelabError)) throw error;
    const reason = { code: error.code, text: error.message };
    return steps.map((step) => ({ ...step, action: "blocked", reason, effect: "read" }));
  }
}

function pullSteps({ pull }: Pick<DeployRequest, "pull">): Step[] {
  const reason = { code: "asked", text: "what its upstream has" };
  return pull ? [{ id: PULL, kind: "task", action: "run", reason, effect: "write", needs: [] }] : [];
}

/** The pull alone: for what is deployed in another way. Nothing where there is nothing to pull from. */
export async function pullFirst(
  request: RunOptions & Pick<DeployRequest, "root" | "env">,
  began: number,
): Promise<StepReport[]> {
  const plan = { root: request.root, targets: [], steps: pullSteps({ pull: true }) };
  const execute = (_: Step, context: StepContext) => pull(request, context);
  return (await runSteps(request, { plan, needs: new Map(), began, execute })).filter(isTold);
}

async function pull(
  { root, env }: Pick<DeployRequest, "root" | "env">,
  context: StepContext,
): Promise<Outcome> {
  context.progress("changing", "git fetch");
  const { commits, why, to } = await pullFastForward(root, { env, signal: context.abort });
  if (commits === 0) {
    const text = why === undefined ? "the repository is up to date" : `nothing to pull: ${why}`;
    return { result: "unchanged", reason: { code: why ? "not-here" : "up-to-date", text }, detail: text };
  }
  const text = `${commits} new ${commits === 1 ? "commit" : "commits"}, now at ${to?.slice(0, 10)}`;
  return { result: "changed", reason: { code: "pulled", text }, detail: text };
}
