import { existsSync } from "node:fs";
import { now } from "../clock.ts";
import { HomelabError } from "../errors.ts";
import { headRevision } from "../git/head.ts";
import { differs, pullFastForward } from "../git/repository.ts";
import { isNixos, rebuild, rebuildCommand, rootPrefix, SYSTEM_PATHS } from "../nix/rebuild.ts";
import type { Plan, RunReport, Step, StepReport } from "../plan/types.ts";
import { recordSystem, systemRevision } from "../store/system.ts";
import type { StepContext } from "../units/driver.ts";
import { type EnsureRequest, ensure } from "./ensure.ts";
import { waitForLeftovers } from "./leftovers.ts";
import { isGood, type Outcome } from "./schedule.ts";
import { conclude, type RunOptions, runSteps } from "./steps.ts";

// With a space in them, so that no recipe can be called like that.
const PULL = "git pull";
const SYSTEM = "nixos-rebuild";

export interface DeployRequest extends RunOptions {
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Take what the repository's upstream has. */
  readonly pull: boolean;
  /** Switch the system: when its configuration changed since the last time (and this is NixOS), always, or not. */
  readonly system: "changed" | "always" | "skip";
  /** Reads the recipes, as they are by then, and what is to be brought up; undefined for nothing. */
  readonly open?: (() => Promise<Omit<EnsureRequest, keyof RunOptions>>) | undefined;
}

/**
 * Pulls the repository, switches the system where its configuration changed, and brings services up. What goes wrong
 * before the services leaves those as they are. The caller holds the lock.
 */
export async function deploy(request: DeployRequest): Promise<RunReport> {
  const times = { at: Date.now(), began: now() };
  await waitForLeftovers(request, request.root);
  const plan = prologuePlan(request);
  const prologue =
    plan.steps.length === 0
      ? []
      : await runSteps(request, {
          plan,
          needs: new Map([[SYSTEM, request.pull ? [{ name: PULL, when: "healthy" }] : []]]),
          began: times.began,
          execute: (step, context) =>
            step.id === PULL ? pull(request, context) : switchSystem(request, context),
        });
  if (!request.open || prologue.some((step) => !isGood(step.result))) {
    return conclude(request, request.root, prologue, times);
  }
  const { listener, stop, store, jobs, timeout, command, dockerWait } = request;
  return ensure({
    ...(await request.open()),
    ...{ listener, stop, store, jobs, timeout, command, dockerWait },
    fetchFirst: true,
    prologue: prologue.filter(isTold),
    times,
  });
}

/** What was not to be done at all is no part of the report. */
const isTold = ({ result, reason }: StepReport): boolean =>
  result !== "unchanged" || reason.code !== "not-here";

function prologuePlan({ root, pull, system }: DeployRequest): Plan {
  const steps: Step[] = [];
  if (pull) {
    const reason = { code: "asked", text: "what its upstream has" };
    steps.push({ id: PULL, kind: "task", action: "run", reason, effect: "write", needs: [] });
  }
  if (system === "always" || (system === "changed" && isNixos())) {
    const reason = { code: "asked", text: "the system's configuration" };
    const needs = pull ? [PULL] : [];
    steps.push({ id: SYSTEM, kind: "host", action: "activate", reason, effect: "write", needs });
  }
  return { root, targets: [], steps };
}

async function pull({ root, env }: DeployRequest, context: StepContext): Promise<Outcome> {
  context.progress("changing", "git fetch");
  const { commits, why, to } = await pullFastForward(root, { env, signal: context.abort });
  if (commits === 0) {
    const text = why === undefined ? "the repository is up to date" : `nothing to pull: ${why}`;
    return { result: "unchanged", reason: { code: why ? "not-here" : "up-to-date", text }, detail: text };
  }
  const text = `${commits} new ${commits === 1 ? "commit" : "commits"}, now at ${to?.slice(0, 10)}`;
  return { result: "changed", reason: { code: "pulled", text }, detail: text };
}

async function switchSystem(request: DeployRequest, context: StepContext): Promise<Outcome> {
  const { root, env, store, system } = request;
  if (!isNixos()) {
    throw new HomelabError(
      "unsupported",
      "this machine does not run NixOS, so there is no system to update",
      {
        hint: "`homelab update-services` deploys the services alone",
      },
    );
  }
  const head = headRevision(root);
  const last = systemRevision(store, root);
  if (system === "changed" && head && last && !(await differs(root, last, head, SYSTEM_PATHS, { env }))) {
    const text = "the system's configuration did not change";
    return { result: "unchanged", reason: { code: "up-to-date", text }, detail: text };
  }
  const prefix = await rootPrefix(process.getuid?.(), env);
  const argv = rebuildCommand({ root, exists: existsSync }, { rollback: false });
  context.progress("changing", argv.join(" "));
  const { ok, detail, log } = await rebuild([...prefix, ...argv], {
    env,
    deadline: context.remaining(),
    signal: context.abort,
  });
  if (ok && head) recordSystem(store, root, head, Date.now());
  const reason = { code: ok ? "switched" : "switch-failed", text: detail };
  if (ok) return { result: "changed", reason, detail };
  const hint = `try it by hand: \`${argv.join(" ")}\`; the services were left as they are`;
  return { result: "failed", reason, detail, log, hint };
}
